"""What is not sent, and says why: suspended, static, missing, going, a source that fails, a role that forbids."""

from pathlib import Path

from bot.demo.slack import world
from tests.real.api import REQUESTED, Api, Object, Ref, condition
from tests.real.bot import conversation
from tests.real.bot_rights import kubeconfig_without_patch
from tests.real.bot_scenes import application, brief
from tests.real.control_plane import ControlPlane
from tests.real.grounds import Grounds
from tests.real.objects import git_repository, helm_repository, kustomization
from tests.real.sources import Down, Sources


async def test_a_suspended_object_is_not_patched(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await application(api, namespace, sources)
    app = Ref("Kustomization", namespace, "app")
    await api.patch(app, {"spec": {"suspend": True}})

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app --with-source")

    assert end.lines[:2] == [
        f"⏸️ suspended real ks/{namespace}/app: nothing runs until it is resumed",
        f"Next: Resume it in Git, or with flux resume kustomization app -n {namespace}.",
    ]
    assert end.audit.partition(" <")[0] == (
        f"⏸️ #1 @sre asked to reconcile real ks/{namespace}/app with source in #platform · "
        "rule demo-platform · suspended"
    )
    assert _token(await api.get(app)) == ""


async def test_what_nobody_reconciles_is_left_alone(grounds: Grounds, api: Api, namespace: str) -> None:
    await api.create(helm_repository(namespace, "registry", "oci://127.0.0.1:1/charts", type="oci"))

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"helmrepository {namespace}/registry")

    assert end.lines[:2] == [
        f"❌ no reconciler real helmrepository/{namespace}/registry",
        "a HelmRepository of type oci has nothing to reconcile: charts read the registry themselves",
    ]
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

    assert missing.lines[:2] == [f"❌ not found real ks/{namespace}/apq", f"nearest: ks/{namespace}/app"]
    assert kind.lines[:2] == [
        f"❌ not sent real imagerepository/{namespace}/app: kind not served",
        "real has no ImageRepository (image.toolkit.fluxcd.io)",
    ]
    assert nowhere.lines[:2] == [
        "❌ not sent real ks/no-such-namespace/app: no such namespace",
        "there is no namespace no-such-namespace in real",
    ]
    assert typo.lines[:2] == ["❓ not understood: kustomisation is no kind of Flux", "nearest: kustomization"]
    assert typo.message.only_for == world.SRE


async def test_a_failing_source_blocks_a_fetch_and_offers_what_is_there(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    repo, first = await application(api, namespace, sources)
    repo.fault(Down())

    async with conversation(grounds.bot_kubeconfig) as talk:
        blocked = await talk.say(f"ks {namespace}/app --with-source")
        before = _token(await api.get(Ref("Kustomization", namespace, "app")))
        as_is = await talk.press(blocked, "as-is")
        repo.fault(None)
        retried = await talk.press(blocked, "retry")

    failed = f"GitOperationFailed of gitrepository/{namespace}/app"
    assert blocked.head == f"❌ not started real ks/{namespace}/app: {failed}"
    assert blocked.lines[2] == (
        "the object itself was not asked; its source still holds an older artifact · Flux retries by itself"
        f" · still running {brief(first)}"
    )
    assert (blocked.buttons, before) == (["retry", "as-is", "details"], "")
    assert as_is.head == f"⚠️ done with a warning real ks/{namespace}/app at {brief(first)}"
    assert as_is.lines[3] == (f"an old artifact was applied: gitrepository/{namespace}/app fails: GitOperationFailed")
    assert retried.head == f"🟰 unchanged real ks/{namespace}/app at {brief(first)}"


async def test_a_source_that_has_nothing_stops_a_plain_request(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    repo = await sources.git(f"{namespace}-app")
    repo.fault(Down())
    await api.create(git_repository(namespace, "app", repo.url))
    await api.create(kustomization(namespace, "app", "GitRepository/app"))
    await api.until(Ref("GitRepository", namespace, "app"), lambda obj: condition(obj).get("status") == "False")

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app")

    assert end.head == f"❌ not sent real ks/{namespace}/app: GitOperationFailed of gitrepository/{namespace}/app"
    assert end.lines[2] == "it holds no artifact yet, so there is nothing to apply"
    assert _token(await api.get(Ref("Kustomization", namespace, "app"))) == ""


async def test_an_object_that_is_being_deleted_is_left_to_go(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await application(api, namespace, sources)
    app = Ref("Kustomization", namespace, "app")
    await api.patch(app, {"metadata": {"finalizers": ["finalizers.fluxcd.io", "example.com/held"]}})
    await api.delete(app)
    await api.until(app, lambda obj: obj["metadata"]["finalizers"] == ["example.com/held"])
    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app")
        token = _token(await api.get(app))
    await api.patch(app, {"metadata": {"finalizers": []}})

    assert end.lines[:2] == [
        f"❌ being deleted real ks/{namespace}/app",
        "held by example.com/held",
    ]
    assert token == ""


async def test_a_role_that_forbids_the_patch_is_told_as_that(
    api: Api, namespace: str, sources: Sources, control_plane: ControlPlane, tmp_path: Path
) -> None:
    await application(api, namespace, sources)
    reader = await kubeconfig_without_patch(api, namespace, control_plane.bot_kubeconfig, tmp_path / "kubeconfig")

    async with conversation(reader) as talk:
        end = await talk.say(f"ks {namespace}/app")

    assert end.head == f"❌ not sent real ks/{namespace}/app: the bot's role forbids it"
    assert end.lines[1].endswith(
        ' cannot patch resource "kustomizations" in API group "kustomize.toolkit.fluxcd.io" in the namespace '
        f'"{namespace}"'
    )
    assert end.audit.partition(" <")[0] == (
        f"❌ #1 @sre asked to reconcile real ks/{namespace}/app in #platform · rule demo-platform · "
        "not carried out: the bot's role in the cluster does not allow it"
    )


def _token(obj: Object) -> str:
    return str(obj["metadata"].get("annotations", {}).get(REQUESTED, ""))
