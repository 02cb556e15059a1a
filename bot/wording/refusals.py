"""A no to one person: what, which rule came nearest and what of it did not fit, who may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.core.channels import ANY, Rule
from bot.core.notices import Refusal, Refused
from bot.core.policy import Denied, Misfit
from bot.wording import status as is_
from bot.wording.document import Code, Document, Line, Piece, Strong, joined, line, spans
from bot.wording.figures import listed
from bot.wording.foreign import quote

_MANY: Final = 6

_SENTENCES: Final[dict[Refusal, str]] = {
    Refusal.CHANNEL_UNLISTED: "this channel is not on the allowlist; whoever keeps that can add it",
    Refusal.CHANNEL_OFF: "this channel is not what its entry in the allowlist says, so it is off",
    Refusal.CHANNEL_UNKNOWN: "Slack does not tell what this channel is, so nothing is allowed here",
    Refusal.DIRECT_MESSAGE: "commands work in channels of the allowlist, not in direct messages",
    Refusal.GUEST: "the allowlist lets no guests in",
    Refusal.DEACTIVATED: "Slack says that this account is deactivated",
    Refusal.BOT: "the allowlist lets no bots in",
    Refusal.FOREIGN: "the allowlist lets nobody of another workspace in",
    Refusal.PERSON_UNKNOWN: "Slack does not tell who asks, so nothing is allowed",
    Refusal.RULES: "no rule of this channel allows it",
    Refusal.OFFER_SPENT: "this button was pressed before, and each one works once",
    Refusal.OFFER_GONE: "this button is too old, or none of ours: type the command instead",
    Refusal.NOT_ASKER: "this button belongs to a message in another channel",
    Refusal.NOT_YOURS: "this button is for whoever was asked, and for nobody else: type the command yourself",
    Refusal.NOT_MEMBER: "the bot is not in this channel: /invite it, then ask again",
    Refusal.UNPOSTABLE: "Slack does not let the bot post here, so the result could not be shown",
    Refusal.SHUTTING_DOWN: "the bot is being restarted: ask again in a minute",
}
_SLACKS_WORDS: Final = {"missing_scope": "missing_scope: the bot's token lacks the scope chat:write"}
"""What Slack calls it says nothing to somebody who did not set the app up."""


def refused(notice: Refused) -> Document:
    """Blames a rule, not a person."""
    what = quote(notice.what, 200)
    head = line(Strong(f"{is_.REFUSED} here"), *((": ", Code(what)) if what else ()))
    parts: list[Line] = []
    if notice.refusal is Refusal.RULES:
        parts += _rules(notice.denied or Denied())
    else:
        detail = quote(_SLACKS_WORDS.get(notice.detail, notice.detail), 200)
        parts.append(line(_SENTENCES[notice.refusal], f" ({detail})" if detail else ""))
    if notice.who_may or notice.denied:
        parts.append(_who_may(notice))
    return Document(head, tuple(parts), notice.buttons)


def _rules(denied: Denied) -> list[Line]:
    if denied.nearest is None:
        return [line("this channel has no rule that comes near it")]
    rule = denied.nearest
    misfits = joined((spans(*_misfit(each, rule)) for each in denied.misfits), "; ")
    return [line("nearest rule: ", Code(quote(rule.name, 80)), ", but ", *misfits)]


def _misfit(misfit: Misfit, rule: Rule) -> tuple[Piece, ...]:
    match misfit:
        case Misfit.WHO:
            return ("you are not named in it",)
        case Misfit.FORCE | Misfit.RESET:
            return (f"it does not allow {misfit.value}",)
        case Misfit.ALL:
            return ("it does not allow ", Code("all"), ", globs or selectors")
        case Misfit.SOURCES:
            return ("its sources are ", Code(rule.sources.value))
        case _:
            title, values = _covers(misfit, rule)
            return (f"{title} ", *_values(values))


def _covers(misfit: Misfit, rule: Rule) -> tuple[str, Sequence[str]]:
    rows: dict[Misfit, tuple[str, Sequence[str]]] = {
        Misfit.VERB: ("it allows", sorted(rule.verbs)),
        Misfit.CLUSTER: ("it covers cluster", rule.clusters),
        Misfit.KIND: ("it covers kind", sorted(rule.kinds)),
        Misfit.NAMESPACE: ("it covers namespace", rule.namespaces),
        Misfit.NAME: ("it covers name", rule.names),
    }
    return rows[misfit]


def _values(values: Sequence[str]) -> tuple[Piece, ...]:
    if not values:
        return ("none",)
    if ANY in values:
        return ("of any name",)
    return (Code(quote(listed(list(values), _MANY), 200)),)


def _who_may(notice: Refused) -> Line:
    rules = [quote(rule.name, 60) for rule in notice.denied.may] if notice.denied else []
    by = f" (rule {listed(rules, 3)})" if rules else ""
    if notice.who_may:
        return line(f"who may here: {listed([quote(each, 60) for each in notice.who_may], _MANY)}{by}")
    return line(f"who may here: every member of the workspace{by}" if rules else "who may here: nobody")
