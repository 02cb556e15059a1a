"""What a measure hands back: rows of a table, and the raw samples behind them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

Samples = dict[str, list[float]]
"""By name, in the order in which they were taken; seconds unless the name says otherwise."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `met` is None where there is nothing to reach."""

    measure: str
    goal: str
    measured: str
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one measure."""

    name: str
    rows: tuple[Row, ...]
    samples: Samples = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def percentile(samples: Iterable[float], share: float) -> float:
    """The sample below or at which `share` of them lie (nearest rank); NaN of none."""
    found = sorted(samples)
    if not found:
        return float("nan")
    rank = -(-len(found) * share // 1)
    return found[min(len(found) - 1, max(0, int(rank) - 1))]


def median(samples: Iterable[float]) -> float:
    return percentile(samples, 0.5)


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def mib(size: float) -> str:
    """Of bytes."""
    return f"{size / 2**20:.0f} MiB"


def kib(size: float) -> str:
    """Of bytes."""
    return f"{size / 2**10:.1f} KiB"


def machine() -> str:
    """What the numbers were taken on, in one line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} × {model}, {system}, Python {platform.python_version()}"


def table(reports: Iterable[Report]) -> str:
    """Markdown."""
    lines = ["| measure | goal | measured | |", "|---|---|---|---|"]
    for report in reports:
        lines += [f"| {row.measure} | {row.goal} | {row.measured} | {_mark(row.met)} |" for row in report.rows]
    return "\n".join(lines)


def _mark(met: bool | None) -> str:
    return "" if met is None else "✓" if met else "missed"


def as_json(reports: Sequence[Report], where: str) -> str:
    """Everything, raw samples included."""
    return json.dumps(
        {
            "machine": machine(),
            "taken": datetime.now(UTC).isoformat(timespec="seconds"),
            "cluster": where,
            "measures": [
                {
                    "name": report.name,
                    "rows": [
                        {"measure": row.measure, "goal": row.goal, "measured": row.measured, "met": row.met}
                        for row in report.rows
                    ],
                    "notes": list(report.notes),
                    "samples": {name: [round(each, 6) for each in taken] for name, taken in report.samples.items()},
                }
                for report in reports
            ],
        }
    )
