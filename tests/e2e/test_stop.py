"""How it stops: nothing new, what runs is told, and the exit code is 0."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.demo.slack import world
from bot.demo.slack.workspace import Workspace
from tests.cluster.shapes import eventually
from tests.e2e.played import Played
from tests.e2e.stage import CLUSTER, CLUSTER_TOKEN, LONG, SECRETS, is_top, staged
from tests.fakes.api_server import ApiServer, kubeconfig

ROOT = Path(__file__).parents[2]
ASK = "ks ks-unchanged/app"
STOPPED = "the bot was stopped while it followed this; Flux goes on by itself"
ALLOWLIST = f"""
defaults:
  audit_channel: {world.FLUX_AUDIT}
channels:
  {world.PLATFORM}:
    name: platform
    private: true
    shared: false
    clusters: ["{CLUSTER}"]
    rules:
      - name: sre
        who: {{users: ["{world.SRE}"]}}
        verbs: [reconcile]
        kinds: ["*"]
        namespaces: ["*"]
        names: ["*"]
"""


async def test_a_request_that_runs_is_told_that_the_bot_was_stopped(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        stage.cluster.held = True
        await stage.type(ASK)
        root = await stage.runs()
        await stage.logged("patched")
        assert await stage.finish() == 0
        end = await stage.end()
        assert end.key == root.key
        assert STOPPED in end.text
        (line,) = await stage.audited()
        assert STOPPED in line
        assert stage.workspace.links.open == []
        after = await stage.workspace.command("sre", "platform", "help")
        assert after.error == "dispatch_failed"


async def test_a_request_that_ends_in_time_is_told_as_it_ended(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        stage.cluster.held = True
        await stage.type(ASK)
        await stage.logged("patched")
        stage.stop.set()
        await stage.logged("stopping")
        stage.cluster.release()
        assert await stage.bot == 0
        assert (await stage.end()).text.startswith("🟰 ")
        assert len(await stage.audited()) == 1


@asynccontextmanager
async def process(workspace: Workspace, server: ApiServer, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m bot run`, with everything from the environment."""
    config = kubeconfig(folder / "kubeconfig", server.url, {"token": CLUSTER_TOKEN}, context=CLUSTER)
    (folder / "allowlist.yaml").write_text(ALLOWLIST, "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("FLUX_BOT_")}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "FLUX_BOT_SLACK_BOT_TOKEN": world.BOT_TOKEN,
        "FLUX_BOT_SLACK_APP_TOKEN": world.APP_TOKEN,
        "FLUX_BOT_SLACK_API_URL": workspace.api_url,
        "FLUX_BOT_ALLOWLIST_FILE": str(folder / "allowlist.yaml"),
        "FLUX_BOT_CLUSTERS": f"{CLUSTER}={config}",
        "FLUX_BOT_LISTEN_PORT": "0",
        "FLUX_BOT_DRAIN": "0s",
        "FLUX_BOT_LOG_LEVEL": "debug",
    }
    with (folder / "log").open("wb") as log:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=folder, env=environment, stderr=log
        )
        try:
            yield started
        finally:
            if started.returncode is None:
                started.kill()
            await started.wait()


async def test_sigterm_ends_the_process_in_good_order(tmp_path: Path) -> None:
    server = ApiServer()
    async with server.running(), Workspace() as workspace:
        cluster = Played(server, "ks-unchanged")
        cluster.held = True
        async with process(workspace, server, tmp_path) as bot:
            await workspace.connected(timeout=LONG)
            await workspace.command("sre", "platform", ASK)
            await eventually(lambda: cluster.waiting() > 0, LONG)
            bot.terminate()
            assert await asyncio.wait_for(bot.wait(), LONG) == 0
        (root,) = [message for message in workspace.messages("platform") if is_top(message)]
        assert STOPPED in root.text
        (line,) = workspace.messages("flux-audit")
        assert STOPPED in line.text
    log = (tmp_path / "log").read_text("utf-8")
    assert [secret for secret in SECRETS if secret in log] == []
    assert "Traceback" not in log
    assert '"event":"stopped"' in log
