"""``python -m tests.real.transcript``: plays stories on real Flux and writes what people saw to docs/transcript.md.

Each story is one function that arranges a small world, types and presses; every message state that Slack showed
meanwhile goes into the document, in order. Texts are as they were: only Slack's markup for dates, links and people
reads as a client shows it, and the folders of this run's processes read as a pod's.
"""

import asyncio
import platform
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot import __version__
from tests.real import build
from tests.real.api import Api
from tests.real.bot import conversation
from tests.real.control_plane import ControlPlane
from tests.real.grounds import prepared
from tests.real.sources import Sources
from tests.real.stories import STORIES, Scene, Story

TARGET = Path(__file__).parents[2] / "docs" / "transcript.md"


def main() -> int:
    """Writes the document; what the real suite cannot run without, this cannot either."""
    if unable := build.probe(build.TOOLS):
        print(f"NO TRANSCRIPT: {unable.why}")
        return 0
    build.build_all(build.TOOLS)
    with prepared() as grounds:
        if grounds.plane is None or grounds.sources is None:
            print("the transcript is made on a control plane of its own", file=sys.stderr)
            return 2
        text = asyncio.run(_document(grounds.plane, grounds.sources))
    TARGET.write_text(text, "utf-8")
    print(f"wrote {TARGET.name}: {len(text.splitlines())} lines")
    return 0


async def _document(plane: ControlPlane, sources: Sources) -> str:
    parts = [_opening(plane.versions)]
    for story in STORIES:
        async with _staged(story, plane, sources) as scene:
            await story.play(scene)
            parts.append(f"## {story.title}\n\n{scene.finished()}")
        print(f"played: {story.title}", flush=True)
    return _as_in_a_pod("\n".join(parts), plane)


@asynccontextmanager
async def _staged(story: Story, plane: ControlPlane, sources: Sources) -> AsyncIterator[Scene]:
    async with Api(plane.admin) as api, conversation(plane.bot_kubeconfig, **story.settings) as talk:
        await api.create({"kind": "Namespace", "metadata": {"name": story.namespace}})
        yield Scene(story.namespace, api, plane, sources, talk)


def _opening(versions: Mapping[str, str]) -> str:
    parts = ", ".join(f"{name} {version}" for name, version in versions.items())
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return (
        "# What people see\n\n"
        f"Made on {today} by `python -m tests.real.transcript`: the bot {__version__} on Python "
        f"{platform.python_version()} in the simulated workspace, against {parts}. Ids, dates and ports are those of "
        "the run. Slack's markup for dates, links and people reads as a client shows it, and temporary folders read "
        "as in a pod; nothing else was touched.\n\n"
        "Each block is one state of one message, in the order in which Slack showed them; `edited` replaces what "
        "stood there. Buttons are in brackets. The texts are those of notifications and screen readers, which say "
        "all that the blocks say.\n"
    )


def _as_in_a_pod(text: str, plane: ControlPlane) -> str:
    for name in plane.versions:
        text = text.replace(str(plane.folder / name / "tmp"), "/tmp")
    return text.replace(str(plane.folder), "/data")


if __name__ == "__main__":
    sys.exit(main())
