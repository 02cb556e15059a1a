"""Typed commands: from what Slack delivers to a command or a reason, and to what is told of it."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final, assert_never

from bot.core.commands import (
    MAX_TARGETS,
    Cancel,
    Check,
    Command,
    Help,
    History,
    Reconcile,
    ReconcileAll,
    Status,
    Unparsed,
    Watch,
)
from bot.core.kinds import KINDS
from bot.core.notices import (
    Asked,
    ClusterUnknown,
    NothingToCancel,
    Notice,
    NotUnderstood,
    Refusal,
    Refused,
    Running,
    Track,
)
from bot.core.parsing import parse
from bot.core.printing import printed
from bot.core.resources import Ref
from bot.slack.typed import plain
from tests.soak import fuzz_mutations as mutate
from tests.soak.fuzz_looks import ugly

COMMAND: Final = "/flux-reconcile"
PAGE: Final = Path(__file__).parents[2] / "docs" / "commands.md"
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
CLUSTER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=~-]{0,252}")
PIECES: Final = (
    *(
        "ks",
        "hr ",
        "source git ",
        " on prod",
        " in shop",
        " --with-source",
        " --force",
        "--timeout 5m",
        "all",
        "*",
        "?",
    ),
    *("ks/shop/app", "kustomizations.kustomize.toolkit.fluxcd.io/app", ", ", ";", "\n", "\n- ", '"', "'", "=", "/"),
    *("—with-source", "“app”", "<https://apps.shop|apps.shop>", "<#C0|x>", "<!subteam^S0|@x>", "&lt;", "&amp;amp;"),
    *("--", "-", "—", "help", "flux reconcile ", f"{COMMAND} ", "İ", "\u212a", *mutate.PLANTED),
)
HERE: Final = Ref("prod", KINDS[0], "flux-system", "apps")
NOW: Final = datetime(2026, 8, 20, 9, 14, tzinfo=UTC)


class Commands:
    """`parse` of what `plain` makes of a text, and of the text itself."""

    def __init__(self) -> None:
        page = PAGE.read_text("utf-8")
        spans = re.findall(r"(?m)^    (.+)$|`([^`\n]+)`", page)
        self._samples = sorted({block or span for block, span in spans})

    def input(self, random: Random) -> str:
        sample = " ".join(random.choices(self._samples, k=random.choice((1, 1, 1, 2, 8))))
        if random.random() < 0.005:
            sample = (sample + random.choice(mutate.HOSTILE)) * random.choice((20, 400, 2_000))
        return mutate.text(random, sample[:50_000], PIECES)

    def wrong(self, given: object) -> Iterator[str]:
        assert isinstance(given, str)
        cleaned = plain(given, COMMAND)
        if hidden := [char for char in cleaned if char != "\n" and unicodedata.category(char)[0] == "C"]:
            yield f"{hidden!r} came through the cleaning"
        # The cleaning may also put a secret together that was in pieces, with no shape around it.
        shaped = not mutate.loose(given) and cleaned.count(mutate.SECRET) == given.count(mutate.SECRET)
        for text in dict.fromkeys((cleaned, given)):
            found = parse(text, COMMAND)
            yield from self._stable(found)
            yield from ugly(_told(text, found), secretive=shaped)

    def _stable(self, found: Command | Unparsed) -> Iterator[str]:
        if isinstance(found, Unparsed):
            return
        if isinstance(found, Reconcile):
            yield from self._sound(found)
        again = parse(printed(found), COMMAND)
        if again != found:
            yield f"printed as {printed(found)!r} it is {again}"

    def _sound(self, found: Reconcile) -> Iterator[str]:
        if not 1 <= len(found.targets) <= MAX_TARGETS:
            yield f"{len(found.targets)} targets"
        if len({target.cluster is None for target in found.targets}) > 1:
            yield "a cluster for some of the targets only"
        for target in found.targets:
            if not NAME.fullmatch(target.name):
                yield f"the name {target.name!r}"
            if target.namespace is not None and not NAMESPACE.fullmatch(target.namespace):
                yield f"the namespace {target.namespace!r}"
            if target.cluster is not None and not CLUSTER.fullmatch(target.cluster):
                yield f"the cluster {target.cluster!r}"


def _told(text: str, found: Command | Unparsed) -> Notice:
    """What would be said of it, in this or that channel."""
    match found:
        case Unparsed() if len(text) % 2:
            return NotUnderstood(text, found, COMMAND)
        case Unparsed() | Help():
            return Refused(Refusal.CHANNEL_UNLISTED, text, detail=text)
        case Reconcile():
            asked = Asked("ab12cd34", "U0DEV", text[:100], text, NOW, found.options)
            return Running(asked, (Track(HERE),), NOW)
        case Cancel(request=request):
            return NothingToCancel(request)
        case ReconcileAll(typed=typed) | Status(typed=typed) | Watch(typed=typed) | History(typed=typed):
            return Refused(Refusal.RULES, typed)
        case Check(cluster=cluster):
            return ClusterUnknown(cluster or "", ())
        case _ as never:
            assert_never(never)
