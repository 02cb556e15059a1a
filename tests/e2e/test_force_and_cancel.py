"""Force and cancel through the whole bot, on simulated clusters whose Flux writes down what it really did."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot import app
from bot.config.channels_file import parse_allowlist
from bot.config.clusters import ClusterSetting
from bot.demo.allowlists import WORLD_ALLOWLIST, loaded
from bot.demo.clusters import Cluster, simulated_clusters
from bot.demo.conversation import Conversation, fine
from bot.demo.flux.shapes import Json
from bot.demo.keyboard import Keyboard
from bot.demo.slack import world
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace
from bot.demo.terminal import Terminal
from tests.e2e.stage import LONG, buttons, is_top, settings_for
from tests.slack.rig import FastClock

PODINFO, WEB = "HelmRelease/shop/podinfo", "Kustomization/flux-system/my-app"
FORCED = "reconcile.fluxcd.io/forceAt"
REQUESTED = "reconcile.fluxcd.io/requestedAt"


@dataclass(frozen=True, slots=True)
class Demo:
    """The bot between the workspace and the clusters, of which `cluster` is the one that is meant by default."""

    workspace: Workspace
    cluster: Cluster
    bot: asyncio.Future[int]

    def object(self, ref: str) -> Json:
        found = self.cluster.server.find(*ref.split("/"))
        assert found is not None
        return found

    def note(self, ref: str, name: str) -> str:
        found: str = self.object(ref)["metadata"].get("annotations", {}).get(name, "")
        return found

    def releases(self, ref: str) -> list[int]:
        """Helm's revisions of it, newest first."""
        return [row["version"] for row in self.object(ref)["status"]["history"]]

    async def type(self, text: str, who: str = "sre", where: str = "platform") -> int:
        """Where in the history the answer begins."""
        seen = len(self.workspace.history)
        delivery = await self.workspace.command(who, where, text)
        assert delivery.error is None, delivery.error
        return seen

    async def press(self, message: MessageState, button: str, who: str = "sre") -> int:
        seen = len(self.workspace.history)
        delivery = await self.workspace.press(who, message, f"offer:{button}")
        assert delivery.error is None, delivery.error
        return seen

    async def sees(self, begins: str, since: int = 0) -> MessageState:
        """The first state of a message outside of threads that begins so."""

        def found() -> MessageState | None:
            states = (each for each in self.workspace.history[since:] if is_top(each))
            return next((each for each in states if each.text.startswith(begins)), None)

        try:
            state = await self.workspace.wait_for(found, LONG)
        except TimeoutError:
            said = "\n---\n".join(each.text for each in self.workspace.history[since:])
            raise AssertionError(f"nobody saw {begins!r}, but:\n{said}") from None
        assert state is not None
        return state


async def until(holds: Callable[[], bool]) -> None:
    """Waits for something in the cluster."""
    async with asyncio.timeout(LONG):
        while not holds():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[Demo]:
    async with Workspace() as workspace, simulated_clusters(folder) as simulation:
        config = simulation.kubeconfigs.bot
        clusters = tuple(ClusterSetting(each.name, config, each.name) for each in simulation.clusters)
        allowlist = loaded(parse_allowlist(WORLD_ALLOWLIST.encode()), "the demo's allowlist")
        stop = asyncio.Event()
        bot = asyncio.ensure_future(
            app.serve(settings_for(workspace.api_url, config, clusters=clusters), allowlist, stop)
        )
        try:
            await workspace.connected(timeout=LONG)
            yield Demo(workspace, simulation.clusters[0], bot)
        finally:
            stop.set()
            assert await bot == 0


# --- Force --------------------------------------------------------------------------------------------------------


async def test_without_the_second_press_nothing_is_sent_and_with_it_helm_makes_a_release(tmp_path: Path) -> None:
    async with demo(tmp_path) as stage:
        before = stage.releases(PODINFO)
        await stage.type("hr shop/podinfo --force")
        question = await stage.sees("⚠️ not sent yet: force runs one install or upgrade of demo hr/shop/podinfo")
        assert question.only_for == world.SRE
        assert re.search(rf"now: podinfo 6\.9\.2\S*, release {before[0]}, deployed", question.text)
        assert buttons(question) == ["force"]
        assert not fine(question), "who only says it has not got what they asked for"
        assert (stage.note(PODINFO, REQUESTED), stage.note(PODINFO, FORCED)) == ("", "")
        assert not any(run.forced for run in stage.cluster.flux.journal.of(PODINFO))

        since = await stage.press(question, "force")
        root = await stage.sees("⏳ reconciling demo hr/shop/podinfo with force", since)
        assert root.only_for is None
        await stage.sees("✅ done demo hr/shop/podinfo", since)
        assert stage.note(PODINFO, FORCED) == stage.note(PODINFO, REQUESTED) != ""
        assert stage.releases(PODINFO)[0] == before[0] + 1
        assert [run.token for run in stage.cluster.flux.journal.of(PODINFO) if run.forced] == [
            stage.note(PODINFO, REQUESTED)
        ]

        since = await stage.press(question, "force")
        await stage.sees("⛔ refused here: hr shop/podinfo --force\nthis button was pressed before", since)
        assert stage.releases(PODINFO)[0] == before[0] + 1


async def test_a_force_that_a_run_swallowed_is_told_with_its_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.SystemClock", FastClock)
    async with demo(tmp_path) as stage:
        waits = stage.object(PODINFO)
        spec = {**waits["spec"], "dependsOn": [{"name": "loki", "namespace": "observability"}]}
        stage.cluster.server.place({**waits, "spec": spec})
        await stage.type("hr shop/podinfo --force --timeout 1h")
        since = await stage.press(await stage.sees("⚠️ not sent yet"), "force")
        end = await stage.sees("❌ failed demo hr/shop/podinfo", since)
        assert "the force was lost: the run that took it ended early; ask again" in end.text
        assert not any(run.forced for run in stage.cluster.flux.journal.of(PODINFO))


async def test_a_reset_goes_out_with_its_request_and_is_not_asked_about(tmp_path: Path) -> None:
    async with demo(tmp_path) as stage:
        loki = "HelmRelease/observability/loki"
        since = await stage.type("hr observability/loki --reset --timeout 30s")
        await stage.sees("⏳ reconciling demo hr/observability/loki with reset", since)
        await until(lambda: "lastHandledResetAt" in stage.object(loki)["status"])
        assert stage.object(loki)["status"]["lastHandledResetAt"] == stage.note(loki, REQUESTED)
        assert stage.note(loki, FORCED) == ""


# --- Cancel -------------------------------------------------------------------------------------------------------


async def test_a_running_request_is_cancelled_by_its_button_and_flux_goes_on(tmp_path: Path) -> None:
    async with demo(tmp_path) as stage:
        stage.cluster.flux.pause("kustomize-controller")
        await stage.type("ks my-app")
        root = await stage.sees("⏳ reconciling demo ks/flux-system/my-app")
        assert buttons(root) == ["cancel"]
        await until(lambda: stage.note(WEB, REQUESTED) != "")
        since = await stage.press(root, "cancel")
        end = await stage.sees("⏹️ cancelled demo ks/flux-system/my-app", since)
        assert (end.key, "Flux goes on by itself" in end.text) == (root.key, True)
        assert "cancelled by @sre" in end.text
        line = await stage.workspace.wait_for(lambda: stage.workspace.messages("flux-audit"), LONG)
        assert "cancelled: by @sre; already asked" in line[-1].text

        stage.cluster.flux.resume("kustomize-controller")
        token = stage.note(WEB, REQUESTED)
        await until(lambda: stage.object(WEB)["status"].get("lastHandledReconcileAt") == token)
        assert f"<@{world.SRE}>" not in "".join(each.text for each in stage.workspace.messages("platform"))


async def test_who_has_no_rule_for_it_is_refused_and_its_asker_needs_none(tmp_path: Path) -> None:
    async with demo(tmp_path) as stage:
        stage.cluster.flux.pause("kustomize-controller")
        await stage.type("ks shop-backend", "dev", "team-shop")
        root = await stage.sees("⏳ reconciling demo ks/shop/shop-backend")
        since = await stage.press(root, "cancel", "sre")
        refused = await stage.sees("⛔ refused here: cancel ", since)
        assert refused.only_for == world.SRE
        assert refused.text.splitlines()[0].split()[-1] in root.text
        since = await stage.press(root, "cancel", "dev")
        await stage.sees("⏹️ cancelled demo ks/shop/shop-backend", since)
        since = await stage.type("cancel", "dev", "team-shop")
        nothing = await stage.sees("🟰 nothing to cancel", since)
        assert nothing.only_for == world.DEV


class Hands(Keyboard):
    """Somebody who types into a pipe as into a terminal: the next line need not wait for the last one's end."""

    @property
    def by_hand(self) -> bool:
        return True


async def test_it_can_be_cancelled_from_the_terminal_too(tmp_path: Path) -> None:
    async with demo(tmp_path) as stage:
        stage.cluster.flux.pause("kustomize-controller")
        reads, types = os.pipe()
        printed: list[str] = []
        talk = Conversation(stage.workspace, stage.bot)
        terminal = asyncio.ensure_future(Terminal(talk, Hands(reads), printed.append, "sre", "platform", "").run())
        os.write(types, b"ks my-app\n")
        await stage.sees("⏳ reconciling demo ks/flux-system/my-app")
        os.write(types, b"/press Cancel\n")
        await stage.sees("⏹️ cancelled demo ks/flux-system/my-app")
        os.write(types, b"cancel\n/quit\n")
        await stage.sees("🟰 nothing to cancel")
        os.close(types)
        await terminal
        os.close(reads)
        assert "⏹️ cancelled demo ks/flux-system/my-app" in "".join(printed)
