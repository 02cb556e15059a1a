"""Plays the scenarios on one control plane and writes their recordings.

Those that disturb controllers play alone, first; the others three at a time, so that two processor cores keep up and
a health check of one does not hold all of a controller's workers.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tests.real import scenarios
from tests.real.api import Api
from tests.real.control_plane import ControlPlane
from tests.real.grounds import Grounds, prepared
from tests.real.recorder import Tape
from tests.real.scenarios.scenario import Scenario
from tests.real.stage import Stage

FOLDER = Path(__file__).parents[1] / "data" / "recordings"
_AT_ONCE = 3
_LONGEST = 150.0


def record(names: Sequence[str]) -> int:
    """Writes the named recordings, or all; 0 if every one was written."""
    known = {each.name: each for each in scenarios.ALL}
    if strange := [name for name in names if name not in known]:
        print(f"no such scenario: {', '.join(strange)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    began = time.monotonic()
    with prepared() as grounds:
        lost = asyncio.run(_all(grounds, [known[name] for name in names or known]))
        if lost and grounds.plane is not None:
            print(grounds.plane.logs(), file=sys.stderr)
    for name, why in lost.items():
        print(f"NOT RECORDED {name}: {why}", file=sys.stderr)
    print(f"{len(names or known) - len(lost)} recordings in {time.monotonic() - began:.0f} s")
    return 1 if lost else 0


async def _all(grounds: Grounds, wanted: Sequence[Scenario]) -> Mapping[str, str]:
    """What could not be recorded, and why."""
    lost: dict[str, str] = {}
    async with Api(grounds.admin) as api:

        async def one(scenario: Scenario) -> None:
            try:
                await _one(grounds, api, scenario)
            except Exception as error:  # noqa: BLE001  one failed scenario must not keep the others from being recorded
                lost[scenario.name] = f"{type(error).__name__}: {error}"

        for scenario in wanted:
            if scenario.alone:
                await one(scenario)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def in_turn(scenario: Scenario) -> None:
            async with gate:
                await one(scenario)

        await asyncio.gather(*(in_turn(each) for each in wanted if not each.alone))
    return lost


async def _one(grounds: Grounds, api: Api, scenario: Scenario) -> None:
    assert grounds.plane is not None, "recordings are made on a control plane of our own"
    assert grounds.sources is not None
    namespace = f"{scenario.name}-{secrets.token_hex(2)}"
    await api.create({"kind": "Namespace", "metadata": {"name": namespace}})
    tape = Tape(_places(grounds.plane, namespace, scenario.name))
    async with asyncio.timeout(_LONGEST), AsyncExitStack() as exits:
        await scenario.play(Stage(namespace, api, grounds.plane, grounds.sources, tape, exits))
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / f"{scenario.name}.jsonl"
    size = tape.write(target, scenario=scenario.name, note=scenario.note, versions=grounds.plane.versions)
    print(f"recorded {scenario.name}: {len(tape.rows)} events, {size // 1000} kB", flush=True)


def _places(plane: ControlPlane, namespace: str, scenario: str) -> Mapping[str, str]:
    """Temporary folders read as a pod's; the namespace loses the tail that made it new."""
    folders = {str(plane.folder / name / "tmp"): "/tmp" for name in plane.versions}
    return {**folders, str(plane.folder): "/data", namespace: scenario}
