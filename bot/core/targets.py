"""Reading which objects a command names.

Where a text can be read in two ways, these rules decide, in this order (docs/commands.md tells them to people):

1. A word in quotes is a name: never a kind, an option, a cluster or a word of ours.
2. `on X` names a cluster, for what stands before it; for what follows when nothing does.
3. What stands right after a kind is a name, or a namespace and a name, even if it is a kind's word: `ks git/gitea`.
4. The first word of the text, of a line or after a comma is a cluster if an object with its kind follows at once.
   The same holds right after `K/NS/N`, so that pasted lines which ran together read as they were printed.
5. A word of a kind begins that kind, and holds until the next one: `ks apps frontend hr nginx`.
6. `a/b` is a kind and a name if `a` is a kind's word, else a namespace and a name.
7. Two clusters, or one that holds for a part of the objects only, are a contradiction: nobody's cluster is guessed.

A name may be a glob; a bare `all` in a name's place is the glob `*`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.core.commands import Target, Trouble, Unparsed
from bot.core.kinds import Kind, kind_called
from bot.core.switches import Switches
from bot.core.vocabulary import (
    EVERYTHING,
    GROUPS,
    ON,
    cli_kind,
    glob_in,
    is_cluster,
    looks_like_kind,
    name_in,
    namespace_in,
    stands_before,
    unknown_kind,
    unknown_pair,
)
from bot.core.words import Word, unparsed


@dataclass(slots=True)
class _Reader:
    """Where the reading of one command's objects stands."""

    words: tuple[Word, ...]
    fixed: Kind | None = None
    """The kind that `--resource` gave: no other may follow."""
    at: int = 0
    kind: Kind | None = None
    owed: Word | None = None
    """A kind's word that has no name yet."""
    after_path: bool = False
    cluster: str | None = None
    idle: bool = False
    """The cluster was named and no object has followed yet."""
    spread: bool = False
    """The cluster was said with `on`, so it holds for everything if it is the only one."""
    placed: int = 0
    """How many objects stood before the last `on`."""
    found: list[Target] = field(default_factory=list)

    def read(self) -> Unparsed | None:
        """Reads all words; what is still owed then is the caller's to ask."""
        while self.at < len(self.words):
            trouble = self._step()
            if trouble is not None:
                return trouble
        return None

    def _step(self) -> Unparsed | None:
        word, following = self.words[self.at], self._following(1)
        self.at += 1
        if word.says(ON) and following is not None:
            self.at += 1
            return self._on(following.text)
        if self.owed is not None:
            return self._after_kind(word, self.owed.text)
        if self._is_cluster(word, following):
            return self._before(word.text)
        return self._kind_or_object(word, following)

    def _following(self, ahead: int) -> Word | None:
        """The word that many further on in the same part."""
        at = self.at + ahead
        if at >= len(self.words) or any(word.opens for word in self.words[self.at + 1 : at + 1]):
            return None
        return self.words[at]

    # --- Clusters -----------------------------------------------------------------------------------------------

    def _is_cluster(self, word: Word, following: Word | None) -> bool:
        first = word.opens or (self.after_path and self.kind is None)
        if not first or word.quoted or following is None or following.quoted or not stands_before(word.text):
            return False
        if kind_called(following.text.partition("/")[0]) is not None or following.says(*EVERYTHING):
            return True
        second = self._following(1)
        return second is not None and cli_kind(following.text, second.text.partition("/")[0]) is not None

    def _before(self, cluster: str) -> Unparsed | None:
        if self.idle and cluster != self.cluster:
            return unparsed(Trouble.CONTRADICTION, cluster)
        self.cluster, self.idle = cluster, True
        return None

    def _on(self, cluster: str) -> Unparsed | None:
        if not is_cluster(cluster):
            return unparsed(Trouble.BAD_NAME, cluster)
        self.spread = True
        before = self.found[self.placed :]
        if not before:
            return self._before(cluster)
        if any(target.cluster not in (None, cluster) for target in before):
            return unparsed(Trouble.CONTRADICTION, cluster)
        self.found[self.placed :] = [replace(target, cluster=cluster) for target in before]
        self.placed = len(self.found)
        return None

    # --- Kinds and objects --------------------------------------------------------------------------------------

    def _kind_or_object(self, word: Word, following: Word | None) -> Unparsed | None:
        if word.says(*GROUPS) and following is not None:
            second, slash, rest = following.text.partition("/")
            kind = cli_kind(word.text, second)
            if kind is not None:
                self.at += 1
                return self._path(kind, rest.split("/")) if slash else self._begin(kind, following)
            if self.kind is None:
                return unknown_pair(word.text, following.text)
        kind = None if word.quoted else kind_called(word.text)
        if kind is not None:
            return self._begin(kind, word)
        first_of_several = self.kind is None and word.opens and following is not None and not following.says(ON)
        if first_of_several and not word.quoted and looks_like_kind(word.text):
            return unknown_kind(word.text)
        return self._object(word)

    def _begin(self, kind: Kind, word: Word) -> Unparsed | None:
        if self.fixed not in (None, kind):
            return unparsed(Trouble.CONTRADICTION, word.text)
        self.kind, self.owed, self.after_path = kind, word, False
        return None

    def _after_kind(self, word: Word, said: str) -> Unparsed | None:
        """A name, or a namespace and a name, of the kind that was `said` just before."""
        self.owed = None
        if word.says(*EVERYTHING):
            return self._path(self.kind, ["*"])
        head, *rest = word.text.split("/")
        kind = kind_called(head) if rest else None
        if kind is None or (len(rest) == 1 and "." not in head):
            return self._path(self.kind, [head, *rest])
        return self._path(kind, rest) if kind == self.kind else unparsed(Trouble.CONTRADICTION, said)

    def _object(self, word: Word) -> Unparsed | None:
        self.after_path = False
        if word.says(*EVERYTHING):
            return self._path(self.kind, ["*"])
        head, slash, rest = word.text.partition("/")
        pieces = rest.split("/")
        if not slash:
            return self._path(self.kind, [head])
        kind = kind_called(head)
        if kind is not None and self.fixed not in (None, kind):
            return unparsed(Trouble.CONTRADICTION, head)
        if kind is not None:
            self.after_path = True
            return self._path(kind, pieces)
        if len(pieces) == 2 and not head:
            return self._path(None, pieces)
        if len(pieces) == 1 and "." not in head and (self.kind is not None or not looks_like_kind(head)):
            return self._path(self.kind, [head, rest])
        return unknown_kind(head) if head else unparsed(Trouble.BAD_NAME, word.text)

    def _path(self, kind: Kind | None, pieces: list[str]) -> Unparsed | None:
        """One object, or glob, of `[name]` or `[namespace, name]`."""
        shown = "/".join(pieces)
        if not pieces[-1]:
            return unparsed(Trouble.NO_NAME, kind.short if kind else shown)
        name = name_in(pieces[-1]) or glob_in(pieces[-1])
        namespace = namespace_in(pieces[0]) if len(pieces) > 1 else None
        if name is None or len(pieces) > 2 or (len(pieces) == 2 and namespace is None):
            return unparsed(Trouble.BAD_NAME, shown)
        self.found.append(Target(name, kind, namespace, self.cluster))
        self.idle = False
        return None

    def add_names(self, words: tuple[Word, ...]) -> Unparsed | None:
        """The objects that `--name` named; a kind's word needs no other name then."""
        for word in words:
            trouble = self._after_kind(word, word.text) if self.kind is not None else self._object(word)
            if trouble is not None:
                return trouble
        return None


def read_targets(switches: Switches, *, led: bool, kinds_alone: bool = False) -> tuple[Target, ...] | Unparsed:
    """The objects of a command, in the order in which they were named; empty when there is no name at all.

    `led` says that the text began with a word that is no option: `prod --resource ks --name apps` names a cluster.
    With `kinds_alone` a kind without a name means all of that kind.
    """
    cluster, rest = _leading_cluster(switches) if led else (None, switches.rest)
    reader = _Reader(rest, switches.kind, kind=switches.kind, cluster=cluster, idle=cluster is not None)
    if switches.kind is None:
        trouble = reader.read() or reader.add_names(switches.names)
    else:
        trouble = reader.add_names(switches.names) or reader.read()
    if trouble is not None:
        return trouble
    if reader.owed is not None and not kinds_alone:
        return unparsed(Trouble.NO_NAME, reader.owed.text)
    alone = kinds_alone and not reader.found and (switches.kind is not None or reader.cluster is not None)
    if reader.owed is not None or alone:
        reader.found.append(Target("*", reader.kind, None, reader.cluster))
    return _in_namespace(_on_cluster(reader, switches.cluster), switches.namespace)


def _leading_cluster(switches: Switches) -> tuple[str | None, tuple[Word, ...]]:
    first = switches.rest[0]
    alone = len(switches.rest) == 1 or switches.rest[1].opens or switches.rest[1].says(ON)
    if switches.kind and switches.names and alone and not first.quoted and stands_before(first.text):
        return first.text, switches.rest[1:]
    return None, switches.rest


def _on_cluster(reader: _Reader, given: str | None) -> tuple[Target, ...] | Unparsed:
    named = {target.cluster for target in reader.found} - {None}
    if reader.idle and reader.cluster is not None:
        named.add(reader.cluster)
    if given is not None:
        named.add(given)
    missing = any(target.cluster is None for target in reader.found)
    whole = given is not None or reader.spread
    if (given is not None or missing) and len(named) > 1:
        return unparsed(Trouble.CONTRADICTION, next(name for name in sorted(filter(None, named)) if name != given))
    if missing and named and not whole:
        return unparsed(Trouble.CONTRADICTION, str(next(iter(named))))
    if missing and named:
        return tuple(replace(target, cluster=next(iter(named))) for target in reader.found)
    return tuple(reader.found)


def _in_namespace(targets: tuple[Target, ...] | Unparsed, given: str | None) -> tuple[Target, ...] | Unparsed:
    if isinstance(targets, Unparsed) or given is None:
        return targets
    own = {target.namespace for target in targets}
    if targets and None not in own and own != {given}:
        return unparsed(Trouble.CONTRADICTION, f"--namespace {given}")
    return tuple(replace(target, namespace=target.namespace or given) for target in targets)
