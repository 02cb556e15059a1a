"""Images, generators and flux-operator's kinds: when and how a token is handled (docs/flux.md, Kinds)."""

import asyncio
from random import Random
from typing import Any

import pytest

from bot.demo.flux import kinds
from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.kinds import Kind
from bot.demo.flux.knobs import EXTRA
from bot.demo.flux.origins import Origins
from bot.demo.flux.others import MANNERS
from bot.demo.flux.shapes import FORCED, REQUESTED, Json
from bot.demo.kube.apiserver import ApiServer
from tests.demo.flux.inside import Inside, admit
from tests.demo.flux.play import recorded_knobs
from tests.fakes.virtual_loop import now, virtually
from tests.real.api import condition, handled

DISABLED = {
    kinds.GENERATOR: "source.extensions.fluxcd.io/reconcile",
    kinds.INSTANCE: "fluxcd.controlplane.io/reconcile",
    kinds.RESOURCE_SET: "fluxcd.controlplane.io/reconcile",
    kinds.INPUT_PROVIDER: "fluxcd.controlplane.io/reconcile",
}


def asked(kind: Kind, spec: Json, *requests: Json, off: bool = False) -> tuple[Json, list[Json]]:
    """The object after it was made, left alone for a while, and then asked with these annotations, one after the
    other; and the events that were told."""

    async def main() -> tuple[Json, list[Json]]:
        server = admit(ApiServer(now, Random(1)))
        client = Inside(server, 0.003)
        flux = Flux(client, Origins(), recorded_knobs(), now, Random(1), Journal(now), which=EXTRA)
        place = ("default", "it")
        server.place(
            {
                "apiVersion": kind.api_version,
                "kind": kind.name,
                "metadata": {"name": "it", "namespace": "default"},
                "spec": spec,
            }
        )
        async with flux:
            await asyncio.sleep(5)
            if off and kind in DISABLED:
                await client.patch(kind.path(place), {"metadata": {"annotations": {DISABLED[kind]: "disabled"}}})
            elif off:
                await client.patch(kind.path(place), {"spec": {"suspend": True}})
            for request in requests:
                await client.patch(kind.path(place), {"metadata": {"annotations": request}})
                await asyncio.sleep(2)
        events, _ = await client.list(kinds.EVENT.collection("default"))
        return await client.get(kind.path(place)), events

    return virtually(main())


def spec_of(kind: Kind) -> Json:
    """As much of a spec as the server insists on."""
    wanted: dict[Kind, Json] = {kinds.INPUT_PROVIDER: {"type": "Static"}}
    return wanted.get(kind, {"interval": "1h"})


@pytest.fixture(params=[each.kind for each in MANNERS], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_request_is_handled_and_ends_well(kind: Kind) -> None:
    found, _ = asked(kind, spec_of(kind), {REQUESTED: "token"})

    assert (handled(found), condition(found)["status"], condition(found, "Reconciling")) == ("token", "True", {})
    assert condition(found)["observedGeneration"] == found["metadata"]["generation"]


def test_only_an_image_automation_leaves_a_token_alone_while_it_is_off(kind: Kind) -> None:
    found, _ = asked(kind, spec_of(kind), {REQUESTED: "token"}, off=True)

    assert handled(found) == ("" if kind is kinds.IMAGE_AUTOMATION else "token")


def test_a_provider_outside_its_schedule_skips_and_a_forced_request_does_not() -> None:
    spec = {**spec_of(kinds.INPUT_PROVIDER), "schedule": [{"cron": "0 0 1 1 *"}]}

    skipped, events = asked(kinds.INPUT_PROVIDER, spec, {REQUESTED: "one"})
    forced, _ = asked(kinds.INPUT_PROVIDER, spec, {REQUESTED: "one"}, {REQUESTED: "two", FORCED: "two"})

    assert handled(skipped) == "one"
    assert "SkippedDueToSchedule" in {each["reason"] for each in events}
    assert (handled(forced), forced["status"]["lastHandledForceAt"]) == ("two", "two")
