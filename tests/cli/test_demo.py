"""`flux-bot demo` as a process against a canned cluster: what it prints and how it exits."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.config.channels_file import Loaded, load_allowlist
from bot.config.settings import Settings, variable
from bot.demo.allowlists import DEFAULT_ALLOWLIST, default_allowlist
from bot.demo.slack import world
from tests.e2e.played import Played
from tests.fakes.api_server import ApiServer, Asked, kubeconfig

ROOT = Path(__file__).parents[2]
UNCHANGED = "ks ks-unchanged/app"


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Demo:
    """A cluster, and the command to be run against it."""

    cluster: Played
    config: Path
    scratch: Path
    """Where it may leave nothing behind."""

    async def run(self, *arguments: str, **environment: str) -> Done:
        clean = {name: value for name, value in os.environ.items() if not name.upper().startswith("FLUX_BOT_")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "demo", "--kubeconfig", str(self.config), *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.config.parent,
            env={**clean, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.scratch), **environment},
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), 40)
        finally:
            if process.returncode is None:
                process.kill()
        return Done(process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def demo(folder: Path, recording: str = "ks-unchanged", since: int = 0) -> AsyncIterator[Demo]:
    server, scratch = ApiServer(), folder / "scratch"
    scratch.mkdir()
    async with server.running():
        config = kubeconfig(folder / "config", server.url, {"token": "t"})
        yield Demo(Played(server, recording, since), config, scratch)


async def test_help_is_answered_and_printed_to_whom_it_was_said(tmp_path: Path) -> None:
    async with demo(tmp_path) as at:
        done = await at.run("--say", "help")
    assert (done.code, done.err) == (0, "")
    head, first, *_ = done.out.splitlines()
    assert head.startswith("#platform @flux-reconciler (only @sre sees this)")
    assert first == "    💡 help: commands that work for you in #platform"


async def test_without_leave_to_write_it_only_reads(tmp_path: Path) -> None:
    async with demo(tmp_path) as at:
        done = await at.run("--say", UNCHANGED)
        assert at.cluster.patches == []
    assert (done.code, done.err) == (1, "")
    assert "⛔ this demo only reads" in done.out


async def test_with_leave_to_write_unchanged_is_fine_and_json_tells_every_state(tmp_path: Path) -> None:
    async with demo(tmp_path) as at:
        done = await at.run("--say", f"/flux-reconcile {UNCHANGED}", "--allow-writes", "main", "--json")
        assert len(at.cluster.patches) == 1
    assert (done.code, done.err) == (0, "")
    states = [json.loads(line) for line in done.out.splitlines()]
    keys = {"channel", "only_for", "ts", "thread_ts", "edited", "text", "blocks"}
    assert [set(state) for state in states] == [keys] * len(states)
    roots = [(state["edited"], state["text"][:1]) for state in states if state["channel"] == "platform"]
    assert roots[:2] == [(False, "⏳"), (True, "🟰")]
    audit = [state for state in states if state["channel"] == "flux-audit"]
    assert len(audit) == 1


async def test_texts_read_as_a_person_sees_them_and_json_stays_raw(tmp_path: Path) -> None:
    async with demo(tmp_path) as at:
        text = await at.run("--say", UNCHANGED, "--allow-writes", "main")
        raw = await at.run("--say", UNCHANGED, "--allow-writes", "main", "--json")
    assert [mark for mark in ("<!date^", "<http", "&gt;", "&amp;") if mark in text.out] == []
    assert re.search(r"asked by @sre \d{4}-\d\d-\d\d \d\d:\d\d UTC · ks ks-unchanged/app", text.out)
    (audit,) = [line for line in text.out.splitlines() if "rule demo-platform" in line]
    assert audit.endswith(" ↗ thread")
    assert "<!date^" in raw.out
    assert "|↗ thread>" in raw.out


NONSENSE = {variable(field): "abc" for field in Settings.model_fields}


@pytest.mark.parametrize(
    "environment",
    [
        {"FLUX_BOT_DRAIN": "abc"},
        {"flux_bot_drain": "abc"},
        NONSENSE,
        {"FLUX_BOT_WATCH_NAMESPACES": "elsewhere"},
        {"FLUX_BOT_LOG_LEVEL": "debug", "FLUX_BOT_NO_SUCH": "1"},
    ],
    ids=["a wrong one", "in small letters", "all wrong", "one that would hide the object", "right and unknown ones"],
)
async def test_the_settings_of_the_shell_are_none_of_its_own(tmp_path: Path, environment: dict[str, str]) -> None:
    async with demo(tmp_path) as at:
        done = await at.run("--say", UNCHANGED, "--allow-writes", "main", **environment)
    assert (done.code, done.err) == (0, "")


async def test_its_own_allowlist_is_a_file_that_passes_the_check_and_is_gone_at_the_end(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(DEFAULT_ALLOWLIST, "utf-8")
    loaded = load_allowlist(own)
    assert isinstance(loaded, Loaded)
    assert (loaded.allowlist, loaded.warnings) == (default_allowlist(), ())
    during: list[str] = []
    async with demo(tmp_path) as at:

        def look(_: Asked) -> None:
            during.extend(file.read_text("utf-8") for file in at.scratch.rglob("allowlist.yaml"))

        at.cluster.refuse = look
        fine = await at.run("--say", UNCHANGED, "--allow-writes", "main")
        broken = await at.run("--say", "help", "--as", "nobody")
        assert list(at.scratch.iterdir()) == []
    assert (fine.code, broken.code, during) == (0, 2, [DEFAULT_ALLOWLIST])


async def test_a_named_allowlist_is_the_one_that_counts(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(DEFAULT_ALLOWLIST.replace(world.SRE, world.DEV), "utf-8")
    async with demo(tmp_path) as at:
        sre = await at.run("--policy", str(own), "--say", UNCHANGED, "--allow-writes", "main")
        dev = await at.run("--policy", str(own), "--say", UNCHANGED, "--allow-writes", "main", "--as", "dev")
    assert (sre.code, dev.code) == (1, 0)
    assert own.exists()


async def test_a_failure_exits_with_one(tmp_path: Path) -> None:
    async with demo(tmp_path, "ks-build-failure", since=1) as at:
        done = await at.run("--say", "ks ks-build-failure/app", "--allow-writes", "main")
    assert (done.code, done.err) == (1, "")
    assert "❌ failed main ks/ks-build-failure/app: BuildFailed" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--say", "help", "--say", UNCHANGED, "--as", "dev"),
        ("--say", "frobnicate the cluster"),
        ("--say", "ks ks-unchanged/no-such"),
        ("--say", UNCHANGED, "--in", "random"),
    ],
    ids=["refused by rules", "not understood", "not found", "not on the allowlist"],
)
async def test_every_other_end_exits_with_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    async with demo(tmp_path) as at:
        done = await at.run(*arguments, "--allow-writes", "main")
        assert at.cluster.patches == []
    assert done.code == 1
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--as", "outsider"), "Slack tells @outsider: outsider is of another organisation"),
        (("--as", "former"), "Slack tells @former: former is deactivated"),
        (("--as", "guest", "--in", "random"), "Slack tells @guest: guest is not in random"),
        (("--in", "old-project"), "Slack tells @sre: old-project is archived"),
    ],
)
async def test_what_slack_itself_would_not_let_them_do_exits_with_one(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    async with demo(tmp_path) as at:
        done = await at.run("--say", "help", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(sentence)
    assert len(done.err.splitlines()) == 1


async def test_each_text_is_judged_by_its_own_end(tmp_path: Path) -> None:
    async with demo(tmp_path) as at:
        done = await at.run("--say", UNCHANGED, "--say", "help", "--say", "pod x", "--allow-writes", "main", "--json")
    assert done.code == 1
    states = [json.loads(line) for line in done.out.splitlines()]
    signs = [state["text"].split()[0] for state in states if state["thread_ts"] is None and not state["edited"]]
    assert [sign for sign in signs if sign in {"⏳", "💡", "❓"}] == ["⏳", "💡", "❓"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--context", "nope", "--say", "help"), "has no context nope; it has: main"),
        (("--allow-writes", "other", "--say", "help"), "--allow-writes names other"),
        (("--as", "nobody", "--say", "help"), "nobody here is called 'nobody'"),
        (("--in", "nowhere", "--say", "help"), "no channel here is called 'nowhere'"),
        (("--policy", "broken.yaml", "--say", "help"), "broken.yaml is no allowlist"),
    ],
)
async def test_bad_usage_exits_with_two_and_says_why(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "broken.yaml").write_text("chanels: {}\n", "utf-8")
    async with demo(tmp_path) as at:
        done = await at.run(*arguments)
    assert done.code == 2, done
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_nothing_of_the_demo_imports_inside_a_function() -> None:
    lazy = [
        f"{module.relative_to(ROOT)}:{node.lineno} {function.name}"
        for module in sorted((ROOT / "bot" / "demo").rglob("*.py"))
        for function in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert lazy == []


async def test_its_help_prints_the_ids_of_the_workspace(tmp_path: Path) -> None:
    async with demo(tmp_path) as at:
        done = await at.run("--help")
    assert done.code == 0
    lines = [line.strip() for line in done.out.splitlines()]
    wanted = [f"{world.SRE}  @sre", f"{world.PLATFORM}  #platform (private)", f"{world.SHOP_TEAM}  @shop-team"]
    assert [line for line in wanted if line not in lines] == []
