"""The simulated controllers on the real API server: real ones stand aside, and the recordings come out the same.

So the simulator leans on nothing that only the simulated server would do.
"""

import asyncio
import json
import secrets
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from bot.demo.flux.api import HttpApi
from bot.demo.flux.flux import Flux
from bot.demo.flux.journal import Journal
from bot.demo.flux.origins import Origins
from tests.demo.flux.play import Sourced, recorded_knobs
from tests.demo.flux.sequences import asked, sequences
from tests.real import scenarios
from tests.real.api import Api
from tests.real.build import CONTROLLERS
from tests.real.control_plane import ControlPlane
from tests.real.recorder import Tape
from tests.real.scenarios.scenario import Scenario
from tests.real.sources import Sources
from tests.real.stage import Stage

RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"
PLAYED = (
    "git-new-revision",
    "git-unauthorized",
    "helmrepo-new-revision",
    "oci-new-revision",
    "receiver-request",
    "ks-unchanged",
    "ks-path-not-found",
    "ks-health-failed-early",
    "ks-health-check-passes",
    "ks-suspended-during-failing-run",
    "hr-unchanged",
    "hr-force",
    "hr-stalled-then-forced",
)
"""Scenarios in which nothing races: each change waits for the one before."""

Json = dict[str, Any]


@pytest.fixture
async def alone(control_plane: ControlPlane) -> ControlPlane:
    """No real controller runs; the fixture of the control plane starts them again afterwards."""
    for name in CONTROLLERS:
        await asyncio.to_thread(control_plane.stop, name)
    return control_plane


@pytest.mark.timeout(240)
async def test_simulated_controllers_write_the_same_to_a_real_server(alone: ControlPlane, api: Api) -> None:
    known = {each.name: each for each in scenarios.ALL}

    for name in PLAYED:
        header, *rows = map(json.loads, (RECORDINGS / f"{name}.jsonl").read_text().splitlines())
        requests, seen = await _play(known[name], alone, api)
        assert (name, asked(seen, requests)) == (name, asked(rows, header["requests"]))
        assert (name, sequences(seen, requests)) == (name, sequences(rows, header["requests"]))


async def _play(scenario: Scenario, plane: ControlPlane, api: Api) -> tuple[list[Json], list[Json]]:
    """Plays one scenario in a namespace of its own, which then reads as in the recording."""
    namespace = f"{scenario.name}-{secrets.token_hex(2)}"
    await api.create({"kind": "Namespace", "metadata": {"name": namespace}})
    origins, tape = Origins(), Tape({})
    async with HttpApi(plane.server, str(plane.admin.token), plane.admin.tls) as client:
        knobs = recorded_knobs()
        knobs.namespace = namespace
        flux = Flux(client, origins, knobs, _now, Random(7), Journal(_now))
        async with flux, AsyncExitStack() as exits:
            await scenario.play(Stage(namespace, api, plane, cast("Sources", Sourced(origins)), tape, exits))
    requests = [{"ref": each.ref, "token": each.token} for each in tape.requests]
    text = json.dumps([requests, tape.rows]).replace(namespace, scenario.name)
    requests, rows = json.loads(text)
    return requests, rows


def _now() -> datetime:
    return datetime.now(UTC)
