"""What one person reads who asked for something that is no request, or not yet one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from bot.core.commands import MAX_TARGETS, Trouble, Unparsed
from bot.core.notices import (
    Ambiguous,
    Apology,
    ClusterAsked,
    ClusterUnknown,
    Helped,
    Joined,
    May,
    NotUnderstood,
    Unrecorded,
)
from bot.core.resources import Ref
from bot.wording import status as is_
from bot.wording.asking import ask
from bot.wording.document import (
    Code,
    Document,
    Line,
    Link,
    Part,
    Piece,
    Run,
    Spans,
    Strong,
    joined,
    line,
    note,
    spans,
)
from bot.wording.figures import listed
from bot.wording.foreign import TYPED, one_line, quote
from bot.wording.status import Status

_SHOWN: Final = 5
_WORDS: Final = 24


def not_understood(notice: NotUnderstood) -> Document:
    """Why a text is no command, what was probably meant, what may stand there."""
    found = notice.unparsed
    head = _head(is_.UNCLEAR, *_trouble(found))
    parts: list[Part] = []
    if found.nearest:
        parts.append(line("nearest: ", *_codes(found.nearest)))
    if found.valid:
        parts.append(line("valid: ", *_codes(found.valid, _WORDS)))
    parts += [line("for example: ", Run(f"{notice.command} {_EXAMPLE}")), _typed(notice.typed)]
    return Document(head, tuple(parts))


_EXAMPLE: Final = "ks my-app --with-source"


def _trouble(found: Unparsed) -> tuple[Piece, ...]:
    word = Code(quote(found.word, 100) or "(nothing)")
    match found.trouble:
        case Trouble.UNKNOWN_KIND:
            return (word, " is no kind of Flux")
        case Trouble.NO_NAME:
            return (word, " needs a name behind it") if found.word else ("a name is missing",)
        case Trouble.UNKNOWN_OPTION:
            return (word, " is no option")
        case Trouble.NO_VALUE:
            return (word, " needs a value")
        case Trouble.BAD_VALUE:
            return (word, " is not a value that fits there")
        case Trouble.CONTRADICTION:
            return (word, " says two different things at once")
        case Trouble.UNKNOWN_VERB:
            return (word, " is nothing this bot does")
        case _:
            return _shape(found, word)


def _shape(found: Unparsed, word: Code) -> tuple[Piece, ...]:
    match found.trouble:
        case Trouble.BAD_NAME:
            return (word, " is not a name that Kubernetes allows")
        case Trouble.TOO_MANY:
            return (f"more than {MAX_TARGETS} objects in one command",)
        case Trouble.TOO_LONG:
            return ("the text is longer than any command",)
        case Trouble.OPEN_QUOTE:
            return ("the quote at ", word, " is never closed")
        case Trouble.NOT_THIS_KIND:
            return (word, " is no option of this kind")
        case Trouble.NOT_FOR_MANY:
            return (word, " needs one release by its name")
        case Trouble.NOT_THIS_VERB:
            return (word, " does not go with this command")
        case _:
            return (found.trouble.value,)


def ambiguous(notice: Ambiguous, command: str) -> Document:
    """A bare name: the objects it may mean, as commands to copy."""
    name = Code(quote(notice.name, 120))
    if notice.refs:
        head = _head(Status("❓", "which one"), name, f" is the name of {len(notice.refs)} objects here")
        parts = _commands(notice.refs, command)
    else:
        head = _head(is_.NOT_FOUND, name, " is nothing that you may see here")
        parts = [line("nearest:"), *_commands(notice.nearest, command)] if notice.nearest else []
    return Document(head, (*parts, _typed(notice.typed)))


def _commands(refs: Sequence[Ref], command: str) -> list[Part]:
    rows: list[Part] = [line(ask(command, ref)) for ref in refs[:_SHOWN]]
    return [*rows, line(f"… and {len(refs) - _SHOWN} more")] if len(refs) > _SHOWN else rows


def cluster_unknown(notice: ClusterUnknown) -> Document:
    """No such cluster here, or one that does not answer."""
    name = Code(quote(notice.name, 100))
    if notice.error:
        parts = [line(quote(notice.error, 300))]
        return Document(
            _head(Status("❌", "unreachable", bad=True), "cluster ", name, " does not answer"), tuple(parts)
        )
    known = line("clusters here: ", *_codes(notice.known)) if notice.known else line("this channel has no cluster")
    return Document(_head(is_.UNCLEAR, name, " is no cluster of this channel"), (known,))


def cluster_asked(notice: ClusterAsked) -> Document:
    """Several clusters and no default: one button each."""
    names = [quote(cluster, 80) for cluster in notice.clusters]
    parts = (line("clusters here: ", *_codes(names, 25)), line("or add ", Code("--cluster NAME"), " to the command"))
    return Document(
        _head(is_.ASKING, "several are here, and none is the default"), (*parts, _typed(notice.typed)), notice.buttons
    )


def helped(notice: Helped) -> Document:
    """Commands that work here first, then what this person may do here, then the grammar in small print."""
    channel = quote(notice.channel, 80)
    where = f" in #{channel}" if channel else " here"
    head = (
        _head(is_.HELP, "commands that work for you", where)
        if notice.examples
        else _head(is_.HELP, *_no_example(notice))
    )
    parts: list[Part] = [line(Run(each)) for each in notice.examples[:3]]
    parts += _may(notice)
    parts += [line("cluster ", Code(each), " does not answer at the moment") for each in notice.unreachable[:3]]
    return Document(head, (*parts, *_grammar(notice)))


def _no_example(notice: Helped) -> tuple[Piece, ...]:
    if not notice.may:
        return ("no rule of this channel names you",)
    return ("no object that you may reconcile was found here",)


def _may(notice: Helped) -> list[Part]:
    if not notice.may:
        return []
    rows = [Line(spans("• ", *_grant(may))) for may in notice.may[:10]]
    rest = len(notice.may) - len(rows)
    return [line(Strong("You may here")), *rows, *([line(f"… and {rest} more rules")] if rest else [])]


def _grant(may: May) -> Spans:
    what = spans(f"{_some(may.verbs, 'do anything with')} {_some(may.kinds, 'any kind')}")
    where = spans(
        f"in {_some(may.namespaces, 'any namespace')} of {_some(may.clusters, 'any cluster')}",
        "" if "*" in may.names else f", named {_some(may.names, '')}",
    )
    extra = [word for chosen, word in ((may.force, "force"), (may.reset, "reset")) if chosen]
    if may.sources and may.sources != "none":
        extra.append(f"sources: {may.sources}")
    told = spans(*what, " ", *where)
    return joined((told, spans(", ".join(extra)), spans(f"rule {quote(may.rule, 60)}")))


def _some(values: Sequence[str], every: str) -> str:
    return every if "*" in values else quote(listed(list(values), 8), 200) or "nothing"


def _grammar(notice: Helped) -> tuple[Part, ...]:
    default = f", cluster {quote(notice.default_cluster, 80)}" if notice.default_cluster else ""
    kinds = quote(listed(list(notice.kinds), 30), 400)
    return (
        note(
            "an object: ",
            Code("KIND NAME"),
            ", ",
            Code("KIND/NAMESPACE/NAME"),
            " or just its name; several with commas · options: ",
            Code("--with-source"),
            ", ",
            Code("-n NAMESPACE"),
            ", ",
            Code("--cluster NAME"),
            ", ",
            Code("--timeout 5m"),
        ),
        *_looking(notice),
        note(
            f"without: namespace {quote(notice.default_namespace, 80)}{default}",
            f" · kinds: {kinds}" if kinds else "",
        ),
    )


def _looking(notice: Helped) -> tuple[Part, ...]:
    """The other commands, as far as some rule gives them to this person."""
    verbs = {verb for may in notice.may for verb in may.verbs}
    if not verbs:
        return ()
    checks: tuple[Piece, ...] = (", ", Code("check")) if verbs & {"*", "check"} else ()
    return (
        note(
            "to look: ",
            Code("status"),
            ", ",
            Code("watch KIND NAME"),
            ", ",
            Code("history"),
            *checks,
            " · to stop: ",
            Code("cancel"),
        ),
    )


def joined_request(notice: Joined) -> Document:
    """A double send: one thread answers both."""
    where: tuple[Piece, ...] = (Link("↗ its thread", notice.link),) if notice.link else ()
    head = _head(is_.JOINED, "the same a moment ago; one request answers both ", *where)
    return Document(head, (note(notice.request),))


def unrecorded(notice: Unrecorded) -> Document:
    """No action without an entry: without a place to write, nothing is done."""
    return Document(
        _head(is_.NOT_SENT, "this could not be recorded, so nothing will be done"),
        (line(quote(notice.why, 300)), line("Ask again once whoever runs the bot has looked at its database.")),
    )


def apology(notice: Apology) -> Document:
    """We broke."""
    what = quote(notice.what, 300)
    parts = ([line(what)] if what else []) + [
        line("the log of the bot knows more under ", Code(quote(notice.reference, 80)))
    ]
    return Document(_head(is_.SORRY, "the bot itself failed here, not Flux"), tuple(parts))


def _head(status: Status, *pieces: Piece) -> Line:
    return line(Strong(str(status)), ": ", *pieces)


def _codes(words: Sequence[str], most: int = _SHOWN) -> Spans:
    told = joined((spans(Code(quote(each, 100))) for each in words[:most]), ", ")
    rest = len(words) - most
    return (*told, *spans(f" … and {rest} more")) if rest > 0 else told


def _typed(typed: str) -> Part:
    return note("you typed: ", Code(one_line(typed, TYPED) or "(nothing)"))


def whispered(
    notice: NotUnderstood | Ambiguous | ClusterUnknown | ClusterAsked | Helped | Joined | Unrecorded | Apology,
    command: str,
) -> Document:
    """The answer to one person."""
    match notice:
        case NotUnderstood():
            return not_understood(notice)
        case Ambiguous():
            return ambiguous(notice, command)
        case ClusterUnknown():
            return cluster_unknown(notice)
        case ClusterAsked():
            return cluster_asked(notice)
        case Helped():
            return helped(notice)
        case Joined():
            return joined_request(notice)
        case Unrecorded():
            return unrecorded(notice)
        case Apology():
            return apology(notice)
        case _:
            assert_never(notice)
