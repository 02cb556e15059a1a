"""From a text to a command. Total: every text gives a command or says why it is none.

The text is what a person meant to type: what their client did to it was undone before, in bot/slack/typed.py. The
grammar with examples is docs/commands.md; which of two readings wins is told in bot/core/targets.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.core.commands import MAX_TARGETS, Command, Help, Trouble, Unparsed
from bot.core.kinds import HELM_RELEASE
from bot.core.printing import reconcile
from bot.core.switches import read_switches
from bot.core.targets import read_targets
from bot.core.vocabulary import DEFAULT_COMMAND, EVERYTHING, LEADING, OTHER_VERBS, VERBS, nearest_verb
from bot.core.words import Word, cut, unparsed

MAX_TEXT: Final = 20_000
"""Characters: room for twenty objects with the longest names there are."""


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


def _other_verb(words: tuple[Word, ...]) -> Unparsed | None:
    first = words[0]
    if first.says(*OTHER_VERBS):
        return unparsed(Trouble.UNKNOWN_VERB, first.text, valid=VERBS)
    near = () if first.quoted or len(words) == 1 else nearest_verb(first.text)
    return unparsed(Trouble.UNKNOWN_VERB, first.text, near, VERBS) if near else None


def _reconcile(words: tuple[Word, ...]) -> Command | Unparsed:
    switches = read_switches(words)
    if isinstance(switches, Unparsed):
        return switches
    if switches.everything or any(word.says(*EVERYTHING) for word in switches.rest):
        return unparsed(Trouble.LATER_ALL, "all")
    led = bool(switches.rest) and switches.rest[0].text == words[0].text
    targets = read_targets(switches, led=led)
    if isinstance(targets, Unparsed):
        return targets
    targets = tuple(dict.fromkeys(targets))
    if not targets:
        return unparsed(Trouble.NO_NAME, switches.kind.short if switches.kind else "")
    if len(targets) > MAX_TARGETS:
        return unparsed(Trouble.TOO_MANY, str(len(targets)))
    others = [target.kind for target in targets if target.kind not in (None, HELM_RELEASE)]
    for flag, on in (("--force", switches.options.force), ("--reset", switches.options.reset)):
        if on and others:
            return unparsed(Trouble.NOT_THIS_KIND, flag, valid=(HELM_RELEASE.short,))
    return reconcile(targets, switches.options)
