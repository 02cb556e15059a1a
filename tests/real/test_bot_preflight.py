"""What is not sent, and says why: suspended, static, missing, going, a source that fails, a role that forbids."""

from contextlib import asynccontextmanager
from collections.abc import AsyncIterator

import pytest

from tests.real.access import CONTEXT, write_kubeconfig
from tests.real.api import REQUESTED, Api, Object, Ref
from tests.real.bot import Talk, conversation
from tests.real.bot_scenes import application, brief
from tests.real.control_plane import ControlPlane
from tests.real.grounds import Grounds
from tests.real.objects import git_repository, helm_repository, kustomization, watched_health
from tests.real.sources import Down, Sources
from tests.real.stage import at_rest


async def test_a_suspended_object_is_not_patched(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await application(api, namespace, sources)
    app = Ref("Kustomization", namespace, "app")
    await api.patch(app, {"spec": {"suspend": True}})

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app --with-source")

    assert end.lines[:2] == []
    assert end.audit.split(" <")[0] == ""
    assert _token(await api.get(app)) == ""


async def test_what_nobody_reconciles_is_left_alone(grounds: Grounds, api: Api, namespace: str) -> None:
    await api.create(helm_repository(namespace, "registry", "oci://127.0.0.1:1/charts", type="oci"))

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"helmrepository {namespace}/registry")

    assert end.lines[:2] == []
    assert _token(await api.get(Ref("HelmRepository", namespace, "registry"))) == ""


async def test_what_is_not_there_is_answered_with_what_is(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await application(api, namespace, sources)

    async with conversation(grounds.bot_kubeconfig) as talk:
        missing = await talk.say(f"ks {namespace}/apq")
        kind = await talk.say(f"imagerepository {namespace}/app")
        nowhere = await talk.say("ks no-such-namespace/app")
        typo = await talk.say(f"kustomisation {namespace}/app")

    print(missing.message.text, kind.message.text, nowhere.message.text, typo.message.text, sep="\n\n")
    assert False


async def test_a_failing_source_blocks_a_fetch_and_offers_what_is_there(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    repo, first = await application(api, namespace, sources)
    repo.fault(Down())

    async with conversation(grounds.bot_kubeconfig) as talk:
        blocked = await talk.say(f"ks {namespace}/app --with-source")
        before = _token(await api.get(Ref("Kustomization", namespace, "app")))
        as_is = await talk.press(blocked, "as-is")
        retried = await talk.press(blocked, "retry")

    print(blocked.message.text, blocked.audit, as_is.message.text, retried.message.text, sep="\n\n")
    assert False


async def test_a_source_that_has_nothing_stops_a_plain_request(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    repo = await sources.git(f"{namespace}-app")
    repo.fault(Down())
    await api.create(git_repository(namespace, "app", repo.url))
    await api.create(kustomization(namespace, "app", "GitRepository/app"))
    await api.until(Ref("GitRepository", namespace, "app"), lambda obj: "FetchFailed" in str(obj.get("status")))

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app")

    assert end.lines[:3] == []
    assert _token(await api.get(Ref("Kustomization", namespace, "app"))) == ""


async def test_an_object_that_is_being_deleted_is_left_to_go(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await application(api, namespace, sources)
    app = Ref("Kustomization", namespace, "app")
    await api.patch(app, {"metadata": {"finalizers": ["finalizers.fluxcd.io", "example.com/held"]}})
    await api.delete(app)
    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app")
        token = _token(await api.get(app))
    await api.patch(app, {"metadata": {"finalizers": []}})

    assert end.lines[:2] == []
    assert token == ""


async def test_a_role_that_forbids_the_patch_is_told_as_that(
    grounds: Grounds, api: Api, namespace: str, sources: Sources, control_plane: ControlPlane
) -> None:
    await application(api, namespace, sources)
    reader = await _reader(api, control_plane, namespace)

    async with conversation(reader) as talk:
        end = await talk.say(f"ks {namespace}/app")

    assert end.lines == []
    assert end.audit.split(" <")[0] == ""


def _token(obj: Object) -> str:
    return str(obj["metadata"].get("annotations", {}).get(REQUESTED, ""))
