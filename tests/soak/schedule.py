"""A schedule: a world and what happens in it, all of it from one seed."""

from dataclasses import dataclass
from random import Random

from tests.soak.acts import Act
from tests.soak.chance import Chance
from tests.soak.world import World, random_world


@dataclass(frozen=True, slots=True)
class Schedule:
    """`acts` in order of time."""

    seed: int
    world: World
    acts: tuple[Act, ...]

    def told(self) -> str:
        """For people who replay it."""
        lines = [f"schedule of seed {self.seed}", f"  {self.world.pace}"]
        for key, obj in self.world.objects.items():
            lines.append(f"  {key} {self.world.first.get(key, '')} {obj['spec']}")
        return "\n".join([*lines, *(f"  {act.at:8.3f} {act}" for act in self.acts)])


def schedule_of(seed: int) -> Schedule:
    """The same for the same seed, on every machine."""
    random = Random(seed)
    world = random_world(random)
    return Schedule(seed, world, Chance(random, world).acts())
