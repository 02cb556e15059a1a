"""What counts as a change of an object (docs/flux.md, "The judge", row 18), read from its raw status."""

from tests.soak.evidence import Json, Version


def revision_of(state: Version) -> str:
    """The revision that runs; empty while nothing does."""
    kind, status = state.key.partition("/")[0], state.status
    if kind == "HelmRelease":
        return next((str(row["chartVersion"]) for row in _releases(status) if row["status"] == "deployed"), "")
    if kind == "Kustomization":
        return str(status.get("lastAppliedRevision", ""))
    return state.artifact


def differs(before: Version, after: Version) -> bool:
    """Whether a run that found the one and left the other changed anything."""
    return _signature(before) != _signature(after)


def _signature(state: Version) -> tuple[object, ...]:
    status = state.status
    revision = revision_of(state)
    if state.key.startswith("HelmRelease/"):
        return revision, *newest_release(state), _inventory(status)
    if state.key.startswith("Kustomization/"):
        return revision, _inventory(status), _build(status)
    return (revision,)


def newest_release(state: Version) -> tuple[object, object]:
    """Version and digest of Helm's newest release, good or bad; nothing for what makes none."""
    rows = _releases(state.status) if state.key.startswith("HelmRelease/") else []
    return (rows[0].get("version"), rows[0].get("digest")) if rows else (None, None)


def _releases(status: Json) -> list[Json]:
    return sorted(status.get("history") or [], key=lambda row: -int(row["version"]))


def _inventory(status: Json) -> frozenset[str]:
    return frozenset(str(each["id"]) for each in (status.get("inventory") or {}).get("entries") or [])


def _build(status: Json) -> str:
    """The digest of what was last built and applied well."""
    rows = status.get("history") or []
    good = (str(row["digest"]) for row in rows if row.get("lastReconciledStatus") == "ReconciliationSucceeded")
    return next(good, "")
