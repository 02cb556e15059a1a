"""`flux-bot demo` as people start it first: no Slack, no cluster, a terminal or a pipe."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import sys
import termios
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.demo.kube.kubectl import Kubectl

ROOT = Path(__file__).parents[2]
LONG = 40.0


def environment(folder: Path, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith("FLUX_BOT_")}
    return {**clean, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), "HOME": str(folder), **more}


async def typed(folder: Path, *lines: str, arguments: Sequence[str] = (), **more: str) -> tuple[int, str, str]:
    """Pipes lines into the demo and answers exit code, output and errors."""
    folder.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(folder, **more),
    )
    try:
        async with asyncio.timeout(LONG):
            out, err = await process.communicate("".join(f"{line}\n" for line in lines).encode())
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, out.decode(errors="replace"), err.decode()


def answers(out: str, command: str) -> str:
    """What was printed between this line and the next one that was typed."""
    after = out.split(f"> {command}\n", 1)[1]
    return re.split(r"^@\w+ #[\w-]+> ", after, maxsplit=1, flags=re.MULTILINE)[0]


async def test_a_pipe_of_commands_is_answered_one_after_the_other(tmp_path: Path) -> None:
    code, out, err = await typed(
        tmp_path / "tmp",
        "ks my-app",
        "/flux-reconcile ks shop/shop-backend --with-source",
        "hr nginx --with-source",
        "edge ks monitoring",
        "ks payments-ui",
    )

    assert (code, err) == (0, "")
    assert "🟰 unchanged demo ks/flux-system/my-app" in answers(out, "ks my-app")
    assert re.search(
        r"✅ done demo ks/shop/shop-backend main@\w+ → main@\w+ in .*\n    1 created",
        answers(out, "/flux-reconcile ks shop/shop-backend --with-source"),
    )
    assert "✅ done demo hr/flux-system/nginx 1.0.0 → 1.1.0" in answers(out, "hr nginx --with-source")
    assert "⏸️ suspended edge ks/flux-system/monitoring" in answers(out, "edge ks monitoring")
    assert "❌ failed demo ks/flux-system/payments-ui: HealthCheckFailed of ks/flux-system/payments" in answers(
        out, "ks payments-ui"
    )
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_whoever_one_becomes_sees_and_may_do_what_that_person_would(tmp_path: Path) -> None:
    code, out, err = await typed(
        tmp_path,
        "/as dev",
        "ks my-app",
        "/in team-shop",
        "ks flux-system/my-app --with-source",
        "ks shop-frontend",
        "ks flux-system/infra",
        "edge ks shop/shop-frontend",
        "/in random",
        "ks my-app",
        "/as sre",
        "ks my-app",
    )

    assert (code, err) == (0, "")
    refused, done, own, others, elsewhere = (
        answers(out, each)
        for each in (
            "ks my-app",
            "ks flux-system/my-app --with-source",
            "ks shop-frontend",
            "ks flux-system/infra",
            "edge ks shop/shop-frontend",
        )
    )
    assert "⛔ refused here: ks my-app" in refused
    assert "🟰 unchanged demo ks/flux-system/my-app" in done
    assert "ks/shop/shop-frontend" in own
    assert "🟰 unchanged" in own
    assert "⛔ refused here" in others
    assert "edge is no cluster of this channel" in elsewhere
    assert "unchanged edge" not in out
    random = out.split("/in random\n", 1)[1]
    assert random.count("⛔ refused here: ks my-app") == 2, "neither dev nor sre may do anything there"
    assert "flux-audit" not in out.split("/in random\n", 1)[0], "dev does not see the audit channel"


async def test_buttons_are_pressed_by_name_and_slips_are_told(tmp_path: Path) -> None:
    code, out, err = await typed(
        tmp_path,
        "ks broken-build",
        "/press Retry",
        "/press [nothing]",
        "/in secrets",
        "/as nobody",
        "/in nowhere",
        "/frobnicate",
        "/look",
        "/who",
        "/help",
        "/quit",
        "ks never-typed",
    )

    assert (code, err) == (0, "")
    assert answers(out, "/press Retry").count("❌ failed demo ks/flux-system/broken-build") >= 1
    assert "@sre sees no button [nothing]" in out
    assert "nobody here is called 'nobody'" in out
    assert "no channel here is called 'nowhere'" in out
    assert "There is no /frobnicate" in out
    assert "❌ failed" in answers(out, "/look")
    assert "U0DEVPERSON  @dev" in answers(out, "/who")
    assert "/press Retry" in answers(out, "/help")
    assert "never-typed" not in out


async def test_a_terminal_of_another_character_set_gets_question_marks_and_no_traceback(tmp_path: Path) -> None:
    code, out, err = await typed(tmp_path, "ks my-app", LC_ALL="C", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")

    assert (code, err) == (0, "")
    assert "? unchanged demo ks/flux-system/my-app" in out


async def test_what_is_typed_may_be_anything(tmp_path: Path) -> None:
    hostile = (
        "ks \x00\x1b[2Jx",
        "x" * 40_000,
        "ks \u202egnp.exe",
        "<!channel> `````",
        "🟰🟰",
        "/as \x00",
        "ks a/b/c/d/e",
    )

    code, out, err = await typed(tmp_path, *hostile, "ks my-app")

    assert (code, err) == (0, "")
    assert "🟰 unchanged demo ks/flux-system/my-app" in out
    assert "Traceback" not in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--context", "demo"), "belong to a cluster of your own: add --kubeconfig FILE"),
        (("--allow-writes", "demo"), "belong to a cluster of your own: add --kubeconfig FILE"),
        (("--as", "nobody"), "nobody here is called 'nobody'"),
        (("--in", "nowhere"), "no channel here is called 'nowhere'"),
        (("--kubeconfig", "/no/such/file"), "does not exist"),
    ],
)
async def test_bad_usage_exits_with_two(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    code, out, err = await typed(tmp_path, arguments=arguments)

    assert (code, out) == (2, "")
    assert sentence in " ".join(err.split())
    assert "Traceback" not in err


@dataclass(slots=True)
class Seat:
    """Somebody at a real terminal. `screen` is all that was printed."""

    process: asyncio.subprocess.Process
    keys: int
    screen: bytearray = field(default_factory=bytearray)
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    def type(self, text: str) -> None:
        os.write(self.keys, text.encode())

    async def sees(self, text: str) -> str:
        async with asyncio.timeout(LONG):
            while text.encode() not in self.screen:
                self.grown.clear()
                await self.grown.wait()
        return self.screen.decode()

    def look(self) -> None:
        try:
            data = os.read(self.keys, 65_536)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.keys)
        self.screen += data
        self.grown.set()


@asynccontextmanager
async def seated(folder: Path) -> AsyncIterator[Seat]:
    ours, theirs = pty.openpty()
    attributes = termios.tcgetattr(theirs)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo"), stdin=theirs, stdout=theirs, stderr=theirs, env=environment(folder)
    )
    os.close(theirs)
    seat, loop = Seat(process, ours), asyncio.get_running_loop()
    loop.add_reader(ours, seat.look)
    try:
        yield seat
    finally:
        loop.remove_reader(ours)
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_at_a_terminal_answers_come_by_themselves_until_ctrl_c(tmp_path: Path, number: signal.Signals) -> None:
    async with seated(tmp_path) as seat:
        await seat.sees("@sre #platform> ")
        seat.type("ks my-app\n")
        seat.type("ks monitoring\n")
        await seat.sees("unchanged demo ks/flux-system/my-app")
        await seat.sees("suspended demo ks/flux-system/monitoring")
        seat.process.send_signal(number)
        async with asyncio.timeout(LONG):
            code = await seat.process.wait()

    assert (code, list(tmp_path.iterdir())) == (0, [])
    assert "Traceback" not in seat.screen.decode()


async def test_the_end_of_the_input_ends_it(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.sees("@sre #platform> ")
        seat.type("\x04")
        async with asyncio.timeout(LONG):
            assert await seat.process.wait() == 0


async def test_kubectl_works_on_the_clusters_that_it_names(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        screen = await seat.sees("@sre #platform> ")
        found = re.search(r"export KUBECONFIG=(\S+)", screen)
        assert found is not None

        kubectl = Kubectl(Path(found[1]), tmp_path / "home")
        listed = (await kubectl.ok("get", "ks")).out
        assert re.search(r"^my-app +\S+ +True +Applied revision: main@sha1:", listed, re.MULTILINE)
        assert "redis" in (await kubectl.ok("--context", "edge", "get", "hr", "-n", "shop", "-o", "name")).out
        await kubectl.ok("annotate", "--overwrite", "ks/my-app", "reconcile.fluxcd.io/requestedAt=by-hand")
        handled = "--for=jsonpath={.status.lastHandledReconcileAt}=by-hand"
        await kubectl.ok("wait", "ks/my-app", handled, "--timeout=20s")
        seat.type("/quit\n")
        async with asyncio.timeout(LONG):
            assert await seat.process.wait() == 0
