"""From a text to a command. Total: every text gives a command or says why it is none.

The text is what a person meant to type: what their client did to it was undone before, in bot/slack/typed.py. The
grammar with examples is docs/commands.md; which of two readings wins is told in bot/core/targets.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.core import printing
from bot.core.commands import MAX_TARGETS, Command, Help, Selection, Target, Trouble, Unparsed
from bot.core.kinds import HELM_RELEASE
from bot.core.switches import Switches, is_option, read_switches
from bot.core.targets import read_targets
from bot.core.vocabulary import (
    CANCEL,
    CHECK,
    DEFAULT_COMMAND,
    HISTORY,
    LEADING,
    ON,
    OTHER_VERBS,
    STATUS,
    VERBS,
    WATCH,
    is_cluster,
    is_glob,
    nearest_verb,
)
from bot.core.words import Word, cut, unparsed

MAX_TEXT: Final = 20_000
"""Characters: room for twenty objects with the longest names there are."""
WATCHED_FOR: Final = timedelta(minutes=15)
"""How long `watch` looks where `--for` says nothing."""
LOOKED_BACK: Final = timedelta(days=7)
"""How far `history` looks back where `--since` says nothing."""
_REQUEST: Final = re.compile(r"[a-z0-9]{4,16}")


def parse(text: str, command: str = DEFAULT_COMMAND) -> Command | Unparsed:
    """The command that a text asks for; a leading `command`, the slash command's own name, is dropped."""
    if len(text) > MAX_TEXT:
        return unparsed(Trouble.TOO_LONG, text)
    words = cut(text)
    if isinstance(words, Unparsed):
        return words
    words = _without_leading(words, frozenset({f"/{command.lower().lstrip('/')}", DEFAULT_COMMAND}))
    if not words or words[0].says("help", "?") or any(word.says("--help", "-help", "-h") for word in words):
        return Help()
    return _other_verb(words) or _reconcile(words)


def _without_leading(words: tuple[Word, ...], commands: frozenset[str]) -> tuple[Word, ...]:
    """Drops the slash command's name, `flux` and `reconcile` where the text or one of its lines begins with them.

    Not before a comma, and not a lone `flux` on a later line: there they are names among others.
    """
    kept: list[Word] = []
    at = 0
    while at < len(words):
        begin = at
        while at < len(words) and words[at].says(*commands, *LEADING) and (at == begin or not words[at].opens):
            at += 1
        dropped = words[begin:at]
        if at < len(words) and words[at].opens and not words[at].first_of_line:
            dropped = dropped[:-1]
        if begin > 0 and [word.lowered for word in dropped] == ["flux"]:
            dropped = ()
        line = [*words[begin + len(dropped) : at]]
        while at < len(words) and (at == begin or not words[at].first_of_line):
            line.append(words[at])
            at += 1
        if line and dropped:
            line[0] = replace(line[0], opens=True, first_of_line=True)
        kept.extend(line)
    return tuple(kept)


def _other_verb(words: tuple[Word, ...]) -> Command | Unparsed | None:
    """What the first word asks for, if it is the word of another command or nearly one."""
    first = words[0]
    rest = (replace(words[1], opens=True, first_of_line=True), *words[2:]) if len(words) > 1 else ()
    if first.says(*STATUS):
        return _read(rest, first.lowered, lambda what, _: printing.status(what))
    if first.says(*WATCH):
        return _read(rest, first.lowered, lambda what, length: printing.watch(what, length or WATCHED_FOR))
    if first.says(*HISTORY):
        return _history(rest)
    if first.says(*CHECK):
        return _check(rest)
    if first.says(*CANCEL):
        return _cancel(rest)
    if first.says(*OTHER_VERBS):
        return unparsed(Trouble.UNKNOWN_VERB, first.text, valid=VERBS)
    near = () if first.quoted or len(words) == 1 else nearest_verb(first.text)
    return unparsed(Trouble.UNKNOWN_VERB, first.text, near, VERBS) if near else None


def _reconcile(words: tuple[Word, ...]) -> Command | Unparsed:
    switches = read_switches(words)
    if isinstance(switches, Unparsed):
        return switches
    wrong = _foreign(switches, ())
    if wrong is not None:
        return unparsed(Trouble.NOT_THIS_VERB, wrong)
    found = _what(words, switches, reading=False)
    if isinstance(found, Unparsed):
        return found
    trouble = _grave(found, switches)
    if trouble is not None:
        return trouble
    if isinstance(found, Selection):
        return printing.reconcile_all(found, switches.options)
    return printing.reconcile(found, switches.options)


def _grave(found: tuple[Target, ...] | Selection, switches: Switches) -> Unparsed | None:
    """Force and reset are for releases that are named one by one."""
    grave = (("--force", switches.options.force), ("--reset", switches.options.reset))
    flag = next((name for name, on in grave if on), None)
    if flag is None:
        return None
    if isinstance(found, Selection):
        return unparsed(Trouble.NOT_FOR_MANY, flag)
    if any(target.kind not in (None, HELM_RELEASE) for target in found):
        return unparsed(Trouble.NOT_THIS_KIND, flag, valid=(HELM_RELEASE.short,))
    return None


def _read(
    words: tuple[Word, ...], verb: str, command: Callable[[tuple[Target, ...] | Selection, timedelta | None], Command]
) -> Command | Unparsed:
    """A command that only looks: a kind alone means all of it, and nothing at all means everything."""
    switches = read_switches(words)
    if isinstance(switches, Unparsed):
        return switches
    wrong = _acting(switches) or _foreign(switches, ("--for",) if verb in WATCH else ())
    if wrong is not None:
        return unparsed(Trouble.NOT_THIS_VERB, wrong)
    found = _what(words, switches, reading=True)
    return found if isinstance(found, Unparsed) else command(found, switches.length)


def _acting(switches: Switches) -> str | None:
    """The first option that says how to reconcile."""
    options = switches.options
    given = (
        ("--with-source", options.with_source),
        ("--force", options.force),
        ("--reset", options.reset),
        ("--timeout", options.timeout is not None),
    )
    return next((name for name, on in given if on), None)


def _foreign(switches: Switches, own: tuple[str, ...]) -> str | None:
    """The first option that belongs to another verb that only looks."""
    given = (
        ("--for", switches.length is not None),
        ("--since", switches.since is not None),
        ("--by", bool(switches.by)),
    )
    return next((name for name, on in given if on and name not in own), None)


def _history(words: tuple[Word, ...]) -> Command | Unparsed:
    """What was asked for about these objects; how they stand now, and their labels, say nothing about that."""
    switches = read_switches(words)
    if isinstance(switches, Unparsed):
        return switches
    wrong = _acting(switches) or _foreign(switches, ("--since", "--by"))
    wrong = wrong or ("-l" if switches.labels else "--failing" if switches.failing else None)
    if wrong is not None:
        return unparsed(Trouble.NOT_THIS_VERB, wrong)
    found = _what(words, switches, reading=True)
    if isinstance(found, Unparsed):
        return found
    what = found.patterns if isinstance(found, Selection) else found
    return printing.history(what, switches.by, switches.since or LOOKED_BACK)


def _what(words: tuple[Word, ...], switches: Switches, *, reading: bool) -> tuple[Target, ...] | Selection | Unparsed:
    """The objects by name, or a selection where there is a glob, `all`, or an option that selects."""
    selects = switches.everything or switches.everywhere or bool(switches.labels) or switches.failing
    led = bool(switches.rest) and switches.rest[0].text == words[0].text
    targets = read_targets(switches, led=led, kinds_alone=selects or reading)
    if isinstance(targets, Unparsed):
        return targets
    targets = tuple(dict.fromkeys(targets))
    if not targets and not selects and not reading:
        return unparsed(Trouble.NO_NAME, switches.kind.short if switches.kind else "")
    if len(targets) > MAX_TARGETS:
        return unparsed(Trouble.TOO_MANY, str(len(targets)))
    if targets and not selects and not any(is_glob(target.name) for target in targets):
        return targets
    return _selection(targets, switches)


def _selection(targets: tuple[Target, ...], switches: Switches) -> Selection | Unparsed:
    alone = Target("*", None, switches.namespace, switches.cluster)
    patterns = targets or (alone,)
    if switches.everywhere and any(target.namespace for target in patterns):
        return unparsed(Trouble.CONTRADICTION, "-A")
    clusters = {target.cluster for target in patterns}
    if len(clusters) > 1:
        return unparsed(Trouble.CONTRADICTION, next(str(each) for each in sorted(map(str, clusters))))
    named = any(not is_glob(target.name) for target in targets)
    if switches.everything and named:
        return unparsed(Trouble.CONTRADICTION, "all")
    whole = Target("*", None, None, None)
    if len(patterns) > 1 and any(replace(each, cluster=None) == whole for each in patterns):
        return unparsed(Trouble.CONTRADICTION, "all")
    return Selection(patterns, switches.everywhere, switches.labels, switches.failing)


def _check(words: tuple[Word, ...]) -> Command | Unparsed:
    switches = read_switches(words)
    if isinstance(switches, Unparsed):
        return switches
    cluster, rest = switches.cluster, [word for word in switches.rest if not word.says(ON)]
    if replace(switches, cluster=None, rest=()) != Switches():
        return unparsed(Trouble.NOT_THIS_VERB, next((word.text for word in words if is_option(word)), "check"))
    if len(rest) > 1 or (rest and cluster is not None):
        return unparsed(Trouble.CONTRADICTION, rest[-1].text)
    if rest and not is_cluster(rest[0].text):
        return unparsed(Trouble.BAD_NAME, rest[0].text)
    return printing.check(rest[0].text if rest else cluster)


def _cancel(words: tuple[Word, ...]) -> Command | Unparsed:
    if len(words) > 1:
        return unparsed(Trouble.NOT_THIS_VERB, words[1].text)
    request = words[0].lowered if words else ""
    if request and not _REQUEST.fullmatch(request):
        return unparsed(Trouble.BAD_VALUE, words[0].text, valid=("the eight characters behind the command",))
    return printing.cancel(request)
