"""The demo says what real Flux makes the bot say: one script, typed into both, ends in the same messages."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.demo.allowlists import WORLD_ALLOWLIST
from tests.real import world
from tests.real.access import CONTEXT
from tests.real.api import Api
from tests.real.grounds import Grounds
from tests.real.parity import masked
from tests.real.sources import Sources

SCRIPT = (
    "ks my-app --with-source",
    "ks infra-config, ks infra",
    "ks monitoring",
    "ks broken-build",
    "ks payments",
    "ks payments-ui",
    "source git legacy",
    "ks shop/shop-backend",
    "ks shop/shop-backend --with-source",
    "hr nginx",
    "hr nginx --with-source",
    "hr shop/podinfo --with-source",
    "helmrepo shop/oci-charts",
    "hr observability/loki",
    "hr observability/loki --reset",
    "ks monitoring, ks no-such",
    "ks my-app --frobnicate",
    "ks infra*",
    "ks payments*",
    "all -n shop",
    "hr no-such-*",
    "cancel",
)
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def real_world(grounds: Grounds, api: Api, sources: Sources) -> AsyncIterator[Grounds]:
    await world.build(api, sources)
    yield grounds
    await world.clear(api)


@pytest.mark.timeout(150)
async def test_the_same_script_ends_in_the_same_messages(real_world: Grounds, tmp_path: Path) -> None:
    policy = tmp_path / "allowlist.yaml"
    policy.write_text(WORLD_ALLOWLIST.replace('clusters: ["*"]', "clusters: [demo]"), "utf-8")
    config = tmp_path / "config"
    config.write_text(real_world.bot_kubeconfig.read_text("utf-8").replace(CONTEXT, "demo"), "utf-8")

    real, simulated = await asyncio.gather(
        _said(policy, "--kubeconfig", str(config), "--allow-writes", "demo"), _said(policy)
    )

    assert simulated == real


async def _said(policy: Path, *arguments: str) -> Sequence[str]:
    """The last state of each message, sorted: when a thread gets its details depends on what else is said."""
    says = [part for text in SCRIPT for part in ("--say", text)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--json", "--policy", str(policy), *says, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        async with asyncio.timeout(120):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert err == b""
    last: dict[tuple[str, str], str] = {}
    for line in out.splitlines():
        state = json.loads(line)
        place = f"#{state['channel']}{' (thread)' if state['thread_ts'] else ''}"
        last[state["channel"], state["ts"]] = f"{place}\n{masked(state['text'])}"
    return sorted(last.values())
