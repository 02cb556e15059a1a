"""The options of a command, taken out of its words; what is left names objects.

An option may stand anywhere, with one dash or two, in any case, its value after a blank or `=`. `with source`,
`with-source` and `in NAMESPACE` are options without dashes, since that is how people say it and messages print it. A
blank that a phone put behind the dashes belongs to the option.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from bot.core.commands import Trouble, Unparsed
from bot.core.durations import duration, span
from bot.core.kinds import Kind, kind_called
from bot.core.requests import Options
from bot.core.vocabulary import (
    DASHLESS,
    EVERYTHING,
    IN,
    NAMESPACE,
    SOURCE,
    WITH,
    cli_kind,
    is_cluster,
    label_in,
    namespace_in,
    person_in,
    unknown_kind,
)
from bot.core.words import Word, unparsed

SHORTEST: Final = timedelta(seconds=10)
LONGEST: Final = timedelta(hours=1)
"""The bounds of `--timeout`, both allowed."""
SHORTEST_WATCH: Final = timedelta(minutes=1)
"""The least that `--for` may say; the most is the same."""
LEAST_PAST: Final = timedelta(minutes=1)
MOST_PAST: Final = timedelta(days=3650)
"""The bounds of `--since`, both allowed."""

_VALUED: Final[dict[str, str]] = {
    "resource": "resource",
    "kind": "resource",
    "name": "name",
    "namespace": "namespace",
    "n": "namespace",
    "cluster": "cluster",
    "context": "cluster",
    "c": "cluster",
    "timeout": "timeout",
    "for": "for",
    "since": "since",
    "by": "by",
    "selector": "label",
    "label": "label",
    "l": "label",
}
_FLAGS: Final = ("with-source", "force", "reset", "failing")
_EVERYTHING: Final = ("all",)
_EVERYWHERE: Final = ("all-namespaces", "a")
LONG_OPTIONS: Final = frozenset(
    name for name in (*_VALUED, *_FLAGS, *_EVERYTHING, *_EVERYWHERE, "help") if len(name) > 1
)
"""Every option longer than a letter, without dashes."""
_ADVISED: Final = (
    *("resource", "name", "namespace", "cluster", "with-source", "timeout", "force", "reset"),
    *("all-namespaces", "selector", "failing"),
)
_SHOWN: Final = tuple(f"--{name}" for name in _ADVISED)


@dataclass(frozen=True, slots=True)
class Switches:
    """What the options of a command say."""

    options: Options = Options()
    kind: Kind | None = None
    names: tuple[Word, ...] = ()
    namespace: str | None = None
    cluster: str | None = None
    everything: bool = False
    """`--resource all`, `--all`."""
    everywhere: bool = False
    """`-A`."""
    labels: tuple[tuple[str, str], ...] = ()
    failing: bool = False
    length: timedelta | None = None
    """`--for`."""
    since: timedelta | None = None
    """`--since`."""
    by: str = ""
    """`--by`: Slack's id of a person, or `me`."""
    rest: tuple[Word, ...] = ()
    """The words that are no options."""


@dataclass(slots=True)
class _Sorter:
    """Sorts words into options and the rest."""

    words: tuple[Word, ...]
    at: int = 0
    kind: Kind | None = None
    names: list[Word] = field(default_factory=list)
    namespace: str | None = None
    cluster: str | None = None
    timeout: timedelta | None = None
    flags: dict[str, bool] = field(default_factory=dict)
    everything: bool = False
    everywhere: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    length: timedelta | None = None
    since: timedelta | None = None
    by: str = ""
    rest: list[Word] = field(default_factory=list)
    opens: bool = False
    new_line: bool = False

    def sort(self) -> Unparsed | None:
        while self.at < len(self.words):
            word = self._glued(self._take())
            trouble: Unparsed | None = None
            if is_option(word):
                trouble = self._option(word)
            elif word.says(*DASHLESS):
                trouble = self._set_flag("with-source", value=True)
            elif word.says(WITH) and self._next_says(SOURCE):
                self._take()
                trouble = self._set_flag("with-source", value=True)
            elif word.says(IN) and self._has_next() and not is_option(self.words[self.at]):
                trouble = self._set_namespace(self._take().text)
                if self._next_says(NAMESPACE):
                    self._take()
            else:
                self._keep(word)
            if trouble is not None:
                return trouble
        return None

    def _take(self) -> Word:
        word = self.words[self.at]
        self.at += 1
        self.opens |= word.opens
        self.new_line |= word.first_of_line
        return word

    def _keep(self, word: Word) -> None:
        # An option in front must not hide that this is where a line or a part begins.
        self.rest.append(replace(word, opens=self.opens, first_of_line=self.new_line))
        self.opens = self.new_line = False

    def _has_next(self) -> bool:
        return self.at < len(self.words) and not self.words[self.at].opens

    def _next_says(self, *words: str) -> bool:
        return self._has_next() and self.words[self.at].says(*words)

    def _glued(self, word: Word) -> Word:
        """`-- with-source` and `--with source` are one option each."""
        if word.quoted or not word.text.startswith("-"):
            return word
        if not word.text.strip("-") and self._has_next() and not self.words[self.at].quoted:
            following = self.words[self.at].text
            if following.partition("=")[0].lower() in (*LONG_OPTIONS, WITH):
                word = replace(self._take(), text=f"--{following}")
        if word.text.lstrip("-").lower() == WITH and self._next_says(SOURCE):
            self._take()
            return replace(word, text="--with-source")
        return word

    def _option(self, word: Word) -> Unparsed | None:
        name, equals, value = word.text.lstrip("-").partition("=")
        lowered = name.lower()
        if lowered in _FLAGS:
            return self._flag(word, lowered, value if equals else None)
        if lowered in (*_EVERYTHING, *_EVERYWHERE):
            self.everything |= lowered in _EVERYTHING
            self.everywhere |= lowered in _EVERYWHERE
            return None
        if lowered not in _VALUED:
            near = get_close_matches(lowered[:60], (*_ADVISED, "kind", "context"), cutoff=0.75)
            return unparsed(Trouble.UNKNOWN_OPTION, word.text, tuple(f"--{each}" for each in near), _SHOWN)
        if not equals:
            if self.at >= len(self.words) or is_option(self.words[self.at]):
                return unparsed(Trouble.NO_VALUE, word.text)
            value = self._take().text
        return self._set(_VALUED[lowered], value) if value else unparsed(Trouble.NO_VALUE, word.text)

    def _flag(self, word: Word, name: str, value: str | None) -> Unparsed | None:
        if value is None:
            value = self._take().text if self._next_says("true", "false") else "true"
        if value.lower() not in {"true", "false"}:
            return unparsed(Trouble.BAD_VALUE, word.text, valid=("true", "false"))
        return self._set_flag(name, value=value.lower() == "true")

    def _set(self, name: str, value: str) -> Unparsed | None:
        match name:
            case "resource":
                return self._set_kind(value)
            case "namespace":
                return self._set_namespace(value)
            case "cluster":
                return self._set_cluster(value)
            case "timeout":
                return self._set_timeout(value)
            case "for":
                return self._set_length(value)
            case "since":
                return self._set_since(value)
            case "by":
                return self._set_by(value)
            case "label":
                return self._set_labels(value)
            case _:
                self.names.append(Word(value, quoted=True))
                return None

    def _set_flag(self, name: str, *, value: bool) -> Unparsed | None:
        if self.flags.setdefault(name, value) != value:
            return unparsed(Trouble.CONTRADICTION, f"--{name}")
        return None

    def _set_kind(self, value: str) -> Unparsed | None:
        if value.lower() in EVERYTHING:
            self.everything = True
            return None
        if "/" in value and kind_called(value.partition("/")[0]) is not None:
            self._keep(Word(value))
            return None
        pieces = value.split()
        kind = cli_kind(pieces[0], pieces[1]) if len(pieces) == 2 else kind_called(value)
        if kind is None:
            return unknown_kind(value)
        if self.kind not in (None, kind):
            return unparsed(Trouble.CONTRADICTION, f"--resource {value}")
        self.kind = kind
        return None

    def _set_namespace(self, value: str) -> Unparsed | None:
        namespace = namespace_in(value)
        if namespace is None:
            return unparsed(Trouble.BAD_NAME, value)
        if self.namespace not in (None, namespace):
            return unparsed(Trouble.CONTRADICTION, f"--namespace {value}")
        self.namespace = namespace
        return None

    def _set_cluster(self, value: str) -> Unparsed | None:
        if not is_cluster(value):
            return unparsed(Trouble.BAD_NAME, value)
        if self.cluster not in (None, value):
            return unparsed(Trouble.CONTRADICTION, f"--cluster {value}")
        self.cluster = value
        return None

    def _set_timeout(self, value: str) -> Unparsed | None:
        timeout = duration(value)
        if timeout is None or not SHORTEST <= timeout <= LONGEST:
            return unparsed(Trouble.BAD_VALUE, f"--timeout {value}", valid=("10s to 1h",))
        if self.timeout not in (None, timeout):
            return unparsed(Trouble.CONTRADICTION, f"--timeout {value}")
        self.timeout = timeout
        return None

    def _set_length(self, value: str) -> Unparsed | None:
        length = duration(value)
        if length is None or not SHORTEST_WATCH <= length <= LONGEST:
            return unparsed(Trouble.BAD_VALUE, f"--for {value}", valid=("1m to 1h",))
        if self.length not in (None, length):
            return unparsed(Trouble.CONTRADICTION, f"--for {value}")
        self.length = length
        return None

    def _set_since(self, value: str) -> Unparsed | None:
        since = span(value)
        if since is None or not LEAST_PAST <= since <= MOST_PAST:
            return unparsed(Trouble.BAD_VALUE, f"--since {value}", valid=("12h", "7d", "2w", "1m to 3650d"))
        if self.since not in (None, since):
            return unparsed(Trouble.CONTRADICTION, f"--since {value}")
        self.since = since
        return None

    def _set_by(self, value: str) -> Unparsed | None:
        person = person_in(value)
        if person is None:
            how = ("@ and the person from Slack's own list", "an id such as U012AB3CD", "me")
            return unparsed(Trouble.BAD_VALUE, f"--by {value}", valid=how)
        if self.by not in ("", person):
            return unparsed(Trouble.CONTRADICTION, f"--by {value}")
        self.by = person
        return None

    def _set_labels(self, value: str) -> Unparsed | None:
        """`a=b`, and what follows after commas as kubectl takes it."""
        given = [value]
        while self.at < len(self.words) and self._is_label(self.words[self.at]):
            given.append(self._take().text)
        for text in given:
            label = label_in(text)
            if label is None:
                return unparsed(Trouble.BAD_VALUE, f"-l {text}", valid=("key=value",))
            if self.labels.setdefault(label[0], label[1]) != label[1]:
                return unparsed(Trouble.CONTRADICTION, f"-l {text}")
        return None

    def _is_label(self, word: Word) -> bool:
        return word.opens and not word.first_of_line and not is_option(word) and "=" in word.text


def is_option(word: Word) -> bool:
    """It begins with a dash and not with a quote; a dash alone is none."""
    return not word.quoted and word.text.startswith("-") and len(word.text) > 1


def read_switches(words: tuple[Word, ...]) -> Switches | Unparsed:
    """The options among these words, or the first one that is unknown, has no good value or contradicts another."""
    sorter = _Sorter(words)
    trouble = sorter.sort()
    if trouble is not None:
        return trouble
    on = {name for name, value in sorter.flags.items() if value}
    options = Options("with-source" in on, "force" in on, "reset" in on, sorter.timeout)
    return Switches(
        options=options,
        kind=sorter.kind,
        names=tuple(sorter.names),
        namespace=sorter.namespace,
        cluster=sorter.cluster,
        everything=sorter.everything,
        everywhere=sorter.everywhere,
        labels=tuple(sorted(sorter.labels.items())),
        failing="failing" in on,
        length=sorter.length,
        since=sorter.since,
        by=sorter.by,
        rest=tuple(sorter.rest),
    )
