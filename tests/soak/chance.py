"""What happens in a schedule, by chance: most of it soon after something else, and to the same objects."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.soak.acts import (
    Act,
    Ask,
    AskAll,
    Create,
    Credentials,
    CutBot,
    CutControllers,
    Delete,
    Edit,
    Fail,
    Forget,
    Freeze,
    News,
    Overwrite,
    Press,
    Push,
    Restart,
)
from tests.soak.evidence import Json
from tests.soak.troubles import Break, Which
from tests.soak.world import World

CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller")
DROPS = ("RESET", "CUT", "CLOSE")
BROKEN_CHECK: Json = {"apiVersion": "v1", "kind": "ConfigMap", "current": "this is no expression ("}
STEPS = (0.0, 0.02, 0.15, 0.5)
"""About how long after another act one happens, in the steps of a run."""
PAUSES = (2.0, 10.0, 35.0)
"""The same in seconds."""


@dataclass(slots=True)
class Chance:
    """Draws the acts of one schedule."""

    random: Random
    world: World
    hot: list[str] = field(default_factory=list)
    """The objects that were asked for: things happen to them."""

    def acts(self) -> tuple[Act, ...]:
        """In order of time; the first one is a request."""
        found: list[Act] = list(self._ask(self._moment()))
        for _ in range(self.random.randint(2, 9)):
            near = self.random.choice(found).at + self._after() if self.random.random() < 0.7 else self._moment()
            makers, weights = zip(*self._makers(), strict=True)
            found += self.random.choices(makers, weights)[0](near)
        return tuple(sorted(found, key=lambda act: act.at))

    def _makers(self) -> tuple[tuple[Callable[[float], Iterator[Act]], int], ...]:
        return (
            (self._ask, 22),
            (self._ask_all, 4),
            (self._press, 6),
            (self._push, 18),
            (self._credentials, 5),
            (self._edit, 12),
            (self._suspend, 8),
            (self._delete, 4),
            (self._overwrite, 12),
            (self._restart, 4),
            (self._freeze, 3),
            (self._cut_bot, 5),
            (self._cut_controllers, 3),
            (self._forget, 2),
            (self._fail, 5),
        )

    # --- where and when -------------------------------------------------------------------------------------------

    def _moment(self) -> float:
        return self.random.uniform(0, self.random.choice((5, 30, 90)))

    def _after(self) -> float:
        if self.random.random() < 0.7:
            return self.random.choice(STEPS) * self.world.pace.stretch * self.random.uniform(0, 2)
        return self.random.choice(PAUSES) * self.random.random()

    def _key(self) -> str:
        if self.hot and self.random.random() < 0.65:
            return self.random.choice(self.hot)
        return self.random.choice(self.world.appliers if self.random.random() < 0.75 else list(self.world.objects))

    def _source(self) -> str:
        fed = [source for source in self.world.sources if set(self.world.feeds(source)) & set(self.hot)]
        return self.random.choice(fed if fed and self.random.random() < 0.8 else self.world.sources)

    # --- people ---------------------------------------------------------------------------------------------------

    def _ask(self, at: float) -> Iterator[Act]:
        count = 1 if self.random.random() < 0.8 else self.random.randint(2, 3)
        targets = tuple(dict.fromkeys(self._key() for _ in range(count)))
        self.hot += targets
        if self.random.random() < 0.5:
            yield from self._push(max(0.0, at - self.random.choice((-1.0, 0.05, 0.5, 3.0)) * self.random.random()))
        helm = all(each.startswith("HelmRelease") for each in targets)
        yield Ask(
            at,
            targets,
            with_source=self.random.random() < 0.5,
            force=helm and self.random.random() < 0.2,
            reset=helm and self.random.random() < 0.2,
            timeout=self.random.choice(("", "", "1m", "20s")),
        )

    def _ask_all(self, at: float) -> Iterator[Act]:
        self.hot += self.world.appliers
        yield AskAll(at, self.random.choice(("all", "all", "all --failing", "ks all", "hr all", "all --timeout 1m")))

    def _press(self, at: float) -> Iterator[Act]:
        button = self.random.choice(("retry", "retry", "with source", "reconcile what is there", "cancel", "cancel"))
        later = self.random.choice((0.1, 1.0, 5.0) if button == "cancel" else (2.0, 20.0, 80.0))
        yield Press(at + later * (self.random.random() if button == "cancel" else 1.0), button)

    def _push(self, at: float) -> Iterator[Act]:
        news = News.GOOD if self.random.random() < 0.6 else self.random.choice(list(News))
        yield Push(at, self._source(), news)

    def _credentials(self, at: float) -> Iterator[Act]:
        source = self._source()
        yield Credentials(at, source, work=False)
        if self.random.random() < 0.6:
            yield Credentials(at + self.random.uniform(0, 60), source, work=True)

    def _edit(self, at: float) -> Iterator[Act]:
        key = self._key()
        changes: list[Json] = [{"interval": "3m"}, {"interval": "7m"}, {"timeout": "15s"}, {"timeout": "50s"}]
        if not key.startswith(("Git", "OCI", "HelmRepo")):
            changes += [{"healthCheckExprs": [BROKEN_CHECK]}, {"healthCheckExprs": None}, {"dependsOn": None}]
            changes.append({"dependsOn": [{"name": self.random.choice(self.world.appliers).split("/")[2]}]})
        yield Edit(at, key, {"spec": self.random.choice(changes)})

    def _suspend(self, at: float) -> Iterator[Act]:
        key = self._key()
        yield Edit(at, key, {"spec": {"suspend": self.random.random() < 0.8}})
        if self.random.random() < 0.6:
            yield Edit(at + self._after(), key, {"spec": {"suspend": False}})

    def _delete(self, at: float) -> Iterator[Act]:
        key = self._key()
        yield Delete(at, key)
        if self.random.random() < 0.6:
            yield Create(at + 0.5 + self._after(), key)

    def _overwrite(self, at: float) -> Iterator[Act]:
        yield Overwrite(at, self._key(), as_receiver=self.random.random() < 0.5)

    # --- bad luck -------------------------------------------------------------------------------------------------

    def _restart(self, at: float) -> Iterator[Act]:
        yield Restart(at, self.random.choice(CONTROLLERS), self.random.choice((0.0, 1.0, 20.0)))

    def _freeze(self, at: float) -> Iterator[Act]:
        yield Freeze(at, self.random.choice(CONTROLLERS), self.random.choice((1.0, 10.0, 60.0, 200.0)))

    def _cut_bot(self, at: float) -> Iterator[Act]:
        yield CutBot(at, self.random.choice(DROPS))

    def _cut_controllers(self, at: float) -> Iterator[Act]:
        yield CutControllers(at, self.random.choice(DROPS))

    def _forget(self, at: float) -> Iterator[Act]:
        yield Forget(at)

    def _fail(self, at: float) -> Iterator[Act]:
        which, what = self.random.choice(list(Which)), self.random.choice(list(Break))
        yield Fail(at, which, what, self.random.choice((1.0, 10.0, 40.0)), self.random.choice((1, 2, 5, 1000)))
