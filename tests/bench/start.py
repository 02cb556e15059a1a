"""From the start of the process to the last cache filled, and how long the event loop stands still meanwhile."""

from __future__ import annotations

from tests.bench.figures import Report, Row, median, ms
from tests.bench.ground import cluster, folder, ready_bot, workspace
from tests.bench.objects import many
from tests.bench.options import Options


async def measure(options: Options) -> Report:
    count, repeats = options.size(5000, 20), options.size(5, 1)
    imports: list[float] = []
    synced: list[float] = []
    walls: list[float] = []
    computed: list[float] = []
    with folder() as place:
        async with cluster(place, many(count)) as simulated:
            for number in range(2 * repeats):
                ticking = number % 2 == 1
                async with workspace() as slack, ready_bot(place, slack, [simulated.where], ticking=ticking) as bot:
                    began, full = bot.began, await bot.told(f"synced {simulated.where.name}")
                    imported = await bot.told("imported")
                    if ticking:
                        late = [each for each in (await bot.ask("stalls"))["late"] if each[0] <= full["at"]]
                        walls.append(max((wall for _, wall, _ in late), default=0.0))
                        computed.append(max((cpu for _, _, cpu in late), default=0.0))
                    else:
                        imports.append(imported["at"] - began)
                        synced.append(full["at"] - began)
    rows = (
        Row(
            f"start to all caches synced, {count:,} objects",
            "≤ 4 s",
            f"median {median(synced):.1f} s, worst {max(synced):.1f} s (imports {median(imports):.1f} s of it)",
            max(synced) <= 4,
        ),
        Row(
            f"worst event-loop stall while {count:,} objects are listed",
            "≤ 30 ms",
            f"median {ms(median(walls))}, worst {ms(max(walls))} of {len(walls)} starts "
            f"(computing alone: {ms(max(computed))})",
            median(walls) <= 0.03,
        ),
    )
    samples = {"imports": imports, "synced": synced, "worst stall": walls, "worst stall, computing alone": computed}
    return Report("start", rows, samples)
