"""The answer to `check`: a line for each finding, and for each that is not well what mends it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from bot.core.channels import ANY
from bot.core.health import OLDEST_KUBERNETES, Finding, Level, Topic, Unreadable
from bot.core.policy import Grant
from bot.core.resources import Controller, Snapshot
from bot.core.standing import Checked
from bot.wording.document import Code, Document, Line, Part, Piece, Spans, Strong, joined, line, note, spans
from bot.wording.figures import counted, duration, listed
from bot.wording.foreign import ELLIPSIS, quote
from bot.wording.scene import NEXT
from bot.wording.standing import asked

SIGNS: Final = {Level.BAD: "❌", Level.ODD: "⚠️", Level.GOOD: "✅", Level.UNKNOWN: "❔"}
_NAMES: Final = 5
_MOST: Final = 36
"""Findings that are told: with first line, rules and small print they fit into one message."""
_RULES: Final = 6

Told = tuple[Spans, Spans]
"""What was found, and what mends it."""


def checked(notice: Checked) -> Document:
    """Red lines first, then yellow ones, then what is well, then what could not be read."""
    told = [_line(each) for each in notice.findings[:_MOST]]
    rest = len(notice.findings) - len(told)
    parts: list[Part] = [*told, *([line(f"{ELLIPSIS} and {rest} more findings")] if rest > 0 else [])]
    parts += [*_place(notice), *_rules(notice)]
    if notice.hidden:
        parts.append(note(f"{notice.hidden:,} objects that you may not see here were not looked at"))
    return Document(_head(notice), (*parts, asked(notice.typed, notice.at, notice.shared)), notice.buttons)


def _head(notice: Checked) -> Line:
    levels = Counter(each.level for each in notice.findings)
    bad, odd = levels[Level.BAD], levels[Level.ODD]
    sign = SIGNS[Level.BAD if bad else Level.ODD if odd else Level.GOOD]
    rows = ((bad, "broken"), (odd, "weak"), (levels[Level.GOOD], "well"), (levels[Level.UNKNOWN], "unknown"))
    sums = " · ".join(f"{number} {each}" for number, each in rows if number)
    return line(Strong(f"{sign} check"), " ", Code(quote(notice.cluster, 80)), f": {sums}")


def _line(finding: Finding) -> Line:
    if finding.unreadable is not None:
        return line(f"{SIGNS[Level.UNKNOWN]} ", *_unreadable(finding, finding.unreadable))
    found, mend = _WORDS[finding.topic](finding)
    hint = spans(f". {NEXT}", *mend) if mend else ()
    return line(f"{SIGNS[finding.level]} ", *found, *hint)


def _unreadable(finding: Finding, why: Unreadable) -> tuple[Piece, ...]:
    what = {
        Topic.KUBERNETES: "the version of Kubernetes",
        Topic.CONTROLLERS: "Flux's controllers",
        Topic.SERVED: "the kinds that are served",
        Topic.RIGHTS: "what the bot's role allows",
    }.get(finding.topic, "")
    name = what or listed([kind.plural for kind in finding.kinds], _NAMES)
    if why.needs:
        return (f"{name} cannot be read: needs ", Code(quote(why.needs, 80)))
    return (f"{name} cannot be read: {quote(why.why, 200) or 'no reason was given'}",)


# --- One finding --------------------------------------------------------------------------------------------------


def _kubernetes(finding: Finding) -> Told:
    return spans("Kubernetes ", Code(quote(finding.values[0], 40) or "unknown")), ()


def _kubernetes_old(finding: Finding) -> Told:
    oldest = ".".join(map(str, OLDEST_KUBERNETES))
    found = spans("Kubernetes ", Code(quote(finding.values[0], 40)), f" is older than {oldest}, which Flux 2.9 needs")
    return found, spans("upgrade Kubernetes before Flux.")


def _controllers(finding: Finding) -> Told:
    flux = f"Flux {listed([quote(each, 40) for each in finding.values], 3)}: " if finding.values else "Flux: "
    return spans(flux, *joined((_controller(each) for each in finding.controllers[:12]), ", ")), ()


def _controller(each: Controller) -> Spans:
    version = quote(each.image.rpartition("/")[2].partition("@")[0].rpartition(":")[2], 40)
    return spans(quote(each.name, 60), f" {version}" if version else "")


def _no_flux(finding: Finding) -> Told:
    place = Code(quote(finding.values[0], 80))
    found = spans("no controller of Flux in ", place)
    return found, spans("set ", Code("FLUX_BOT_FLUX_NAMESPACE"), " to where Flux is, or install it.")


def _down(finding: Finding) -> Told:
    (each,) = finding.controllers
    place = Code(quote(f"{each.namespace}/{each.name}", 120))
    if each.replicas == 0:
        scale = f"kubectl -n {each.namespace} scale deployment {each.name} --replicas=1"
        return spans(place, " is scaled to 0: requests are never answered"), spans(Code(quote(scale, 200)), ".")
    look = f"kubectl -n {each.namespace} describe deployment {each.name}"
    return spans(place, f" has 0 of {each.replicas} replicas available"), spans(Code(quote(look, 200)), ".")


def _weak(finding: Finding) -> Told:
    (each,) = finding.controllers
    place = Code(quote(f"{each.namespace}/{each.name}", 120))
    look = f"kubectl -n {each.namespace} describe deployment {each.name}"
    return spans(place, f" has {each.available} of {each.replicas} replicas available"), spans(
        Code(quote(look, 200)), "."
    )


def _absent(finding: Finding) -> Told:
    kinds = listed([kind.plural for kind in finding.kinds], _NAMES)
    name = quote(finding.values[0], 60)
    found = spans(f"{kinds} are there, but ", Code(name), " is not: nothing reconciles them")
    return found, spans("install it as a component of Flux: ", Code(f"flux install --components-extra={name}"), ".")


def _mixed(finding: Finding) -> Told:
    versions = listed([quote(each, 40) for each in finding.values], 4)
    return spans(f"controllers of different versions of Flux: {versions}"), spans(
        "upgrade all of them with one ", Code("flux install"), "."
    )


def _served(finding: Finding) -> Told:
    versions: dict[str, list[str]] = defaultdict(list)
    for kind, version in zip(finding.kinds, finding.values, strict=True):
        versions[quote(version, 20)].append(kind.short)
    rows = "; ".join(f"{version}: {listed(kinds, 20)}" for version, kinds in versions.items())
    return spans(f"{counted(len(finding.kinds), 'kind')} served in {rows}"), ()


def _not_served(finding: Finding) -> Told:
    kinds = listed([kind.plural for kind in finding.kinds], _NAMES)
    return spans(f"{kinds} are not served"), spans("install Flux's CRDs: ", Code("flux install"), ".")


def _rights(_: Finding) -> Told:
    return spans("the bot's role allows all that the bot needs"), ()


def _lacks(finding: Finding) -> Told:
    found = spans("the bot's role lacks ", *joined((spans(Code(str(each))) for each in finding.rights[:8]), ", "))
    rest = f" {ELLIPSIS} {len(finding.rights) - 8} more" if len(finding.rights) > 8 else ""
    return (*found, *spans(rest)), spans("add it to the bot's ClusterRole.")


def _optional(finding: Finding) -> Told:
    rights = joined((spans(Code(str(each))) for each in finding.rights), ", ")
    return spans("some things cannot be read: needs ", *rights), ()


def _blind(finding: Finding) -> Told:
    found = spans("a watch of the bot does not work: ", quote(finding.values[0], 240), "; ends there are told late")
    return found, spans("let the bot's role ", Code("list"), " and ", Code("watch"), " it, or mend what it says.")


def _no_receiver(finding: Finding) -> Told:
    names = _named(finding.objects, lambda each: f" every {duration(each.interval)}" if each.interval else "")
    found = spans("rarely look upstream and have no Receiver: ", *names)
    return found, spans(
        "shorten ", Code("spec.interval"), " or add a Receiver with a webhook: until then a push waits that long."
    )


def _no_remediation(finding: Finding) -> Told:
    found = spans("stall after one failed upgrade: ", *_named(finding.objects))
    return found, spans(
        "set ", Code("spec.upgrade.remediation.retries"), " or the strategy ", Code("RetryOnFailure"), "."
    )


def _no_health_check(finding: Finding) -> Told:
    found = spans("ready as soon as applied, whatever their workloads do: ", *_named(finding.objects))
    return found, spans("set ", Code("spec.wait: true"), " or ", Code("spec.healthChecks"), ".")


def _well_made(_: Finding) -> Told:
    return spans("sources, releases and Kustomizations have Receivers, retries and health checks"), ()


def _unread(finding: Finding) -> Told:
    return spans(f"{listed([kind.plural for kind in finding.kinds], _NAMES)} could not be read"), ()


def _named(objects: Sequence[Snapshot], tail: Callable[[Snapshot], str] = lambda _: "") -> Spans:
    told = joined(((*spans(Code(each.ref.short)), *spans(tail(each))) for each in objects[:_NAMES]), ", ")
    rest = f" {ELLIPSIS} {len(objects) - _NAMES} more" if len(objects) > _NAMES else ""
    return (*told, *spans(rest))


_WORDS: Final[dict[Topic, Callable[[Finding], Told]]] = {
    Topic.KUBERNETES: _kubernetes,
    Topic.KUBERNETES_OLD: _kubernetes_old,
    Topic.CONTROLLERS: _controllers,
    Topic.NO_FLUX: _no_flux,
    Topic.CONTROLLER_ABSENT: _absent,
    Topic.CONTROLLER_DOWN: _down,
    Topic.CONTROLLER_WEAK: _weak,
    Topic.FLUX_MIXED: _mixed,
    Topic.SERVED: _served,
    Topic.NOT_SERVED: _not_served,
    Topic.RIGHTS: _rights,
    Topic.RIGHT_LACKS: _lacks,
    Topic.RIGHT_OPTIONAL: _optional,
    Topic.BLIND: _blind,
    Topic.NO_RECEIVER: _no_receiver,
    Topic.NO_REMEDIATION: _no_remediation,
    Topic.NO_HEALTH_CHECK: _no_health_check,
    Topic.UNREAD: _unread,
    Topic.WELL_MADE: _well_made,
}


# --- This channel -------------------------------------------------------------------------------------------------


def _place(notice: Checked) -> list[Part]:
    where = f"#{quote(notice.channel, 80)}" if notice.channel else "this channel"
    own = f"{counted(notice.rules, 'rule')}, {len(notice.here)} for {_who(notice)} in this cluster"
    parts: list[Part] = [
        line(f"{where} may speak of ", Code(quote(listed(list(notice.clusters), 8), 200) or "nothing"), f" · {own}"),
        line(
            "namespaces: Flux in ",
            Code(quote(notice.flux_namespace, 80)),
            f"; a reconcile in {where} that names none means ",
            Code(quote(notice.default_namespace, 80)),
        ),
    ]
    if notice.read_only:
        parts.append(line(f"the bot writes nothing there: {quote(notice.read_only, 120)}"))
    return parts


def _rules(notice: Checked) -> list[Part]:
    if not notice.here:
        return []
    rows: list[Part] = [line("• ", *_grant(each)) for each in notice.here[:_RULES]]
    rest = len(notice.here) - _RULES
    more: list[Part] = [line(f"{ELLIPSIS} and {counted(rest, 'more rule')}")] if rest > 0 else []
    return [line(Strong(f"What {_who(notice)} may do here")), *rows, *more]


def _who(notice: Checked) -> str:
    return f"@{quote(notice.name, 60)}" if notice.name else "you"


def _grant(each: Grant) -> Spans:
    names = "" if ANY in each.names else f" named {_some(each.names, '')}"
    words = ((each.all, "all"), (each.force, "force"), (each.reset, "reset"))
    extras = ", ".join(word for has, word in words if has)
    where = f"{_some(each.kinds, 'any kind')} in {_some(each.namespaces, 'any namespace')}"
    what = f"{_some(each.verbs, 'anything')}: {where}"
    return joined(
        (spans(f"{what}{names}"), spans(f"also {extras}" if extras else ""), spans(f"rule {quote(each.rule, 60)}"))
    )


def _some(values: Sequence[str], every: str) -> str:
    return every if ANY in values else quote(listed(list(values), 8), 200) or "nothing"
