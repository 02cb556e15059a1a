"""A played schedule as lines in order of time, for whoever has to find out who was wrong."""

from collections.abc import Iterator

from bot.core.notices import Audited, Detailed, Finished, Mentioned, Running
from tests.fakes.chat import Shown
from tests.soak.clock import seconds
from tests.soak.evidence import Run, Version
from tests.soak.stage import REST, Played
from tests.soak.truth import condition


def story(played: Played) -> str:
    """Everything that was done, written, run and said; times count from the first act."""
    lines = [*_acts(played), *_versions(played), *_runs(played), *_said(played)]
    lines += [(fault.since, f"FAULT  {fault.what}") for fault in played.evidence.faults]
    return "\n".join(f"{at - REST:10.3f} {line}" for at, line in sorted(lines, key=lambda line: line[0]))


def _acts(played: Played) -> Iterator[tuple[float, str]]:
    for act in played.schedule.acts:
        yield played.began + act.at, f"ACT    {act}"


def _versions(played: Played) -> Iterator[tuple[float, str]]:
    for key in played.evidence.history:
        for version in played.evidence.history.of(key):
            seen = [each for each in played.evidence.deliveries.get(key, ()) if each.number == version.number]
            late = f"seen +{seen[0].at - version.at:.3f}" if seen else "unseen"
            yield version.at, f"{version.number:6} {key} {_state(version)} ({late})"


def _state(version: Version) -> str:
    if version.body is None:
        return "GONE"
    status = version.status
    shown = {
        "gen": f"{status.get('observedGeneration')}/{version.generation}",
        "asked": version.token,
        "handled": status.get("lastHandledReconcileAt"),
        "applied": status.get("lastAppliedRevision") or version.artifact,
        "attempted": status.get("lastAttemptedRevision"),
        "suspend": version.suspended,
        "deleting": version.deleting,
        "history": [each.get("chartVersion") for each in status.get("history") or [] if "chartVersion" in each],
    }
    words = [f"{name}={value}" for name, value in shown.items() if value]
    found = (condition(version, type_) for type_ in ("Ready", "Reconciling", "Stalled", "Released"))
    words += [f"{each['type']}={each['status']}/{each['reason']}" for each in found if each]
    return " ".join(words)


def _runs(played: Played) -> Iterator[tuple[float, str]]:
    for runs in played.evidence.runs.values():
        for run in runs:
            yield run.started, f"RUN    {run.key} starts: token={run.token} gen={run.generation}"
            yield run.until if run.ended is None else run.ended, f"RUN    {run.key} {_end(run)}"


def _end(run: Run) -> str:
    if run.ended is None:
        return "died"
    return f"ends: Ready={run.ready}/{run.reason} stalled={run.stalled} used={run.used} answered={run.answered}"


def _said(played: Played) -> Iterator[tuple[float, str]]:
    for told in played.told:
        for shown in told.shown:
            yield _when(shown), f"SAID   {told.request} {_notice(shown)}"


def _when(shown: Shown) -> float:
    at = getattr(shown.notice, "at", None)
    if at is None and isinstance(shown.notice, Audited):
        at = shown.notice.entries[0].at
    return seconds(at) if at is not None else 0.0


def _notice(shown: Shown) -> str:
    match shown.notice:
        case Running(tracks=tracks):
            stages = (f"{stage.ref.short}:{stage.going.value} {stage.pending}" for t in tracks for stage in t.stages)
            return f"running {'; '.join(stages)}"
        case Finished(tracks=tracks):
            ends = (f"{t.target.short}: {t.outcome.end if t.outcome else None}" for t in tracks)
            healed = (f"healed {t.outcome.healed}" for t in tracks if t.outcome and t.outcome.healed)
            return f"finished {'; '.join((*ends, *healed))}"
        case Detailed() | Mentioned() | Audited():
            return shown.slot.part.value
        case other:
            return type(other).__name__
