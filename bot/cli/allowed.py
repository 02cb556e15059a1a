"""An allowlist in words, for a terminal: one paragraph per channel, one line per rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.core.channels import ANY, Allowlist, Channel, Rule


def sentences(allowlist: Allowlist) -> Iterator[str]:
    """What it allows, in the order of the file; last a line of counts."""
    for channel in allowlist.channels:
        yield from _channel(allowlist, channel)
        yield ""
    rules = sum(len(channel.rules) for channel in allowlist.channels)
    yield f"{_counted(len(allowlist.channels), 'channel')}, {_counted(rules, 'rule')}, no problems"


def _channel(allowlist: Allowlist, channel: Channel) -> Iterator[str]:
    kind = f"{'private' if channel.private else 'public'}, {'shared' if channel.shared else 'not shared'}"
    yield f"#{channel.name} ({channel.id}), {kind}"
    yield f"  clusters: {_words(channel.clusters)} · unless named: {channel.default_cluster or 'asks if several'}"
    yield f"  namespace, unless named: {channel.default_namespace or 'flux-system'}"
    yield f"  audit: {_words(allowlist.audit_channels(channel))} · ping: {allowlist.ping_in(channel).value}"
    for rule in channel.rules:
        yield f"  {rule.name}: {_rule(rule)}"


def _rule(rule: Rule) -> str:
    people = ["everybody"] if ANY in rule.who.users else [*sorted(rule.who.groups), *sorted(rule.who.users)]
    verbs = "do everything" if ANY in rule.verbs else _words(sorted(rule.verbs), "do nothing")
    extras = [word for word, on in (("all", rule.all), ("force", rule.force), ("reset", rule.reset)) if on]
    return " · ".join(
        (
            f"{_words(people, 'nobody')} may {verbs}",
            f"kinds: {_words(sorted(rule.kinds))}",
            f"namespaces: {_words(rule.namespaces)}",
            f"names: {_words(rule.names)}",
            f"clusters: {_words(rule.clusters)}",
            f"sources: {rule.sources.value}",
            *([f"also: {_words(extras)}"] if extras else []),
        )
    )


def _words(words: Iterable[str], none: str = "none") -> str:
    return ", ".join("any" if word == ANY else word for word in words) or none


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
