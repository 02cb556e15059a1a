"""The question before a force: what would happen, to what, and what if it goes wrong."""

from __future__ import annotations

from typing import Final

from bot.core.notices import Forceable, ForceAsked
from bot.core.resources import Snapshot
from bot.wording import status as is_
from bot.wording.document import Code, Document, Line, Part, Spans, Strong, When, joined, line, note, spans
from bot.wording.figures import counted
from bot.wording.foreign import TYPED, one_line, quote
from bot.wording.names import fitted, word

_ROOM: Final = 64
_SHOWN: Final = 20


def force_asked(notice: ForceAsked) -> Document:
    """Nothing was sent: what each release is now, what force does to it, and for how long the button works."""
    releases = notice.releases
    parts: list[Part] = [
        line("it runs now, even if nothing changed: a new release in Helm, and pods may restart"),
        *_besides(notice),
    ]
    if len(releases) == 1:
        parts += [Line(fact) for fact in (_stands(releases[0]), _if_it_fails(releases[0])) if fact]
    else:
        parts += [_row(each) for each in releases[:_SHOWN]]
    within = counted(int(notice.within.total_seconds() // 60), "minute")
    parts.append(note(f"only you can press it, within {within} · you typed: ", Code(one_line(notice.typed, TYPED))))
    return Document(_head(releases), tuple(parts), notice.buttons)


def _head(releases: tuple[Forceable, ...]) -> Line:
    begin = (Strong(str(is_.SURE)), ": force runs one install or upgrade of ")
    if len(releases) == 1:
        return line(*begin, Code(fitted(releases[0].ref, _ROOM)))
    return line(*begin, f"each of {counted(len(releases), 'release')}")


def _besides(notice: ForceAsked) -> list[Part]:
    source = "its sources are asked first" if len(notice.releases) == 1 else "their sources are asked first"
    rows = ((notice.options.with_source, source), (notice.options.reset, "counted failures are forgotten first"))
    told = joined(spans(text) for chosen, text in rows if chosen)
    return [Line(told)] if told else []


def _row(release: Forceable) -> Line:
    return Line((*spans("• ", Code(str(release.ref)), ": "), *joined((_stands(release), _if_it_fails(release)))))


def _stands(release: Forceable) -> Spans:
    """What Helm holds of it now, and whether Flux is content with that."""
    now = release.now
    if now is None:
        return spans("there is no such release, so nothing would be sent")
    if release.hindered:
        return spans("as it stands nothing would be sent: ", _hindrance(now))
    last = now.helm[0] if now.helm else None
    if last is None:
        return joined((spans("now: not installed yet"), _failing(now)))
    chart = Code(quote(f"{last.chart} {last.chart_version}", 80))
    moment = (" ", When(last.deployed_at)) if last.deployed_at else ()
    held = spans("now: ", chart, f", release {last.version}, {quote(last.status, 20)}", *moment)
    return joined((held, _failing(now)))


def _hindrance(now: Snapshot) -> str:
    if now.suspended:
        return "it is suspended"
    return "it is being deleted" if now.deleting else "something stands in its way"


def _failing(now: Snapshot) -> Spans:
    ready = now.ready
    if ready is None or ready.status != "False":
        return ()
    return spans("not ready: ", Code(word(ready.reason)))


def _if_it_fails(release: Forceable) -> Spans:
    """What `spec.install` and `spec.upgrade` say about a failure; nothing where there is nothing to be forced."""
    now = release.now
    if now is None or release.hindered:
        return ()
    remediation = now.remediation
    if remediation.retry_on_failure:
        return spans("if it fails, Flux tries again and undoes nothing")
    upgrade = bool(now.helm)
    retries = remediation.upgrade_retries if upgrade else remediation.install_retries
    field = Code(f"spec.{'upgrade' if upgrade else 'install'}.remediation")
    if retries == 0:
        return spans("if it fails, it stays as the failure leaves it: ", field, " sets no retries")
    often = "again and again" if retries < 0 else f"again, up to {counted(retries, 'time')}"
    return spans(f"if it fails, Flux undoes it and tries {often}")
