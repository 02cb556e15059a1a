"""Controllers and API servers that stop, stand still or restart while somebody waits for an answer."""

import asyncio
from datetime import timedelta

import pytest

from tests.real.api import REQUESTED, Api, Ref
from tests.real.bot import conversation, timeless
from tests.real.bot_scenes import application, brief
from tests.real.control_plane import ControlPlane
from tests.real.grounds import Grounds
from tests.real.objects import config_map
from tests.real.sources import Sources


async def test_a_controller_that_is_scaled_to_nothing_is_told_before_anything_is_sent(
    grounds: Grounds, api: Api, namespace: str, sources: Sources, control_plane: ControlPlane
) -> None:
    await application(api, namespace, sources)
    await asyncio.to_thread(control_plane.stop, "kustomize-controller")

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app")
        asked = (await api.get(Ref("Kustomization", namespace, "app")))["metadata"].get("annotations", {})
        await asyncio.to_thread(control_plane.start, "kustomize-controller")
        retried = await talk.press(end, "retry")

    assert end.lines[:2] == [
        f"❌ not sent real ks/{namespace}/app: controller scaled to 0",
        "kustomize-controller has 0 replicas, so nothing would answer",
    ]
    assert REQUESTED not in asked
    assert retried.head.startswith(f"🟰 unchanged real ks/{namespace}/app")


async def test_a_controller_that_stands_still_is_named_and_the_request_ends_when_it_goes_on(
    grounds: Grounds, api: Api, namespace: str, sources: Sources, control_plane: ControlPlane
) -> None:
    await application(api, namespace, sources)

    async with conversation(grounds.bot_kubeconfig, controller_patience=timedelta(seconds=5)) as talk:
        with control_plane.paused("kustomize-controller"):
            started = await talk.start(f"ks {namespace}/app")
            named = await started.says("has not answered")
        end = await started.end()

    assert named.text.splitlines()[1:3] == [
        "⏳ object running: the controller has not picked it up yet",
        "flux-system/kustomize-controller has not answered: 1 of 1 replicas available",
    ]
    assert end.head.startswith(f"🟰 unchanged real ks/{namespace}/app")


@pytest.mark.timeout(120)
async def test_a_restart_of_the_api_server_loses_no_wait(
    grounds: Grounds, api: Api, namespace: str, sources: Sources, control_plane: ControlPlane
) -> None:
    repo, first = await application(api, namespace, sources)
    second = await repo.commit({"settings.yaml": config_map(colour="green")})

    async with conversation(grounds.bot_kubeconfig) as talk:
        with control_plane.paused("kustomize-controller"):
            started = await talk.start(f"ks {namespace}/app --with-source")
            await started.says("✅ source done")
            await asyncio.to_thread(control_plane.restart_api)
        end = await started.end(seconds=90)
        again = await talk.say(f"ks {namespace}/app")

    assert timeless([end.head]) == [f"✅ applied real ks/{namespace}/app {brief(first)} → {brief(second)}"]
    assert again.head == f"🟰 unchanged real ks/{namespace}/app at {brief(second)}"
