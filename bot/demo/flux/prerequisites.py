"""What a HelmRelease's run needs before Helm may act: dependencies, a source that is ready, values, a chart."""

from dataclasses import replace
from typing import Final

from bot.demo.flux import cel, conditions, dependencies, durations, kinds, templates
from bot.demo.flux.actions import Wanted
from bot.demo.flux.api import NotFound
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.conditions import PROGRESSING, READY
from bot.demo.flux.contents import Chart, digest
from bot.demo.flux.shapes import Json, artifact, generation, key, observed, shown, spec

SOURCES: Final = (kinds.HELM_CHART, kinds.OCI, kinds.EXTERNAL)

_LOADS: Final = 0.01
_EMPTY: Final = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_TERMINAL: Final = "Reconciliation failed terminally due to configuration error"


class Waits(Exception):
    """A prerequisite is missing: the run ends here and leaves the observed generation behind.

    `seconds` is when the next is due; None lets the back-off decide, and `terminal` says that none is.
    """

    def __init__(self, reason: str, text: str, seconds: float | None, *, terminal: bool = False) -> None:
        super().__init__(text)
        self.reason = reason
        self.seconds = seconds
        self.terminal = terminal


async def prerequisites(attempt: Attempt) -> Wanted:
    """What is to be deployed. Raises Waits."""
    await _dependencies(attempt)
    source = _source(attempt)
    _check_ready(attempt, source)
    config = await _config(attempt)
    await attempt.work(_LOADS)
    found = artifact(source)
    content = attempt.world.artifacts.fetch(found) if found is not None else None
    if found is None or content is None:
        wait = attempt.world.knobs.requeue_dependency
        told = f"Source not ready: artifact not found. Retrying in {durations.written(wait)}"
        raise Waits("ArtifactFailed", told, wait)
    if not isinstance(content, Chart):
        raise Waits("ArtifactFailed", "Could not load chart: Chart.yaml file is missing", None)
    revision, oci = str(found["revision"]), ""
    if source["kind"] == "OCIRepository":
        oci = revision.rpartition("@")[2]
        content = replace(content, version=f"{content.version}+{oci.partition(':')[2][:12]}")
    attempt.entry.source = revision
    name = release_name(attempt.obj)
    namespace = str(spec(attempt.obj).get("targetNamespace") or attempt.place[0])
    storage = str(spec(attempt.obj).get("storageNamespace") or attempt.place[0])
    return Wanted((storage, name), namespace, content, config, oci)


async def _dependencies(attempt: Attempt) -> None:
    try:
        await dependencies.check(attempt, "unable to get '{place}' dependency: {error}")
    except cel.Invalid as error:
        text = f"{_TERMINAL}: {error}"
        attempt.stalled("InvalidCELExpression", text)
        attempt.event("InvalidCELExpression", str(error), warn=True)
        raise Waits("InvalidCELExpression", text, None, terminal=True) from error
    except dependencies.NotReady as error:
        attempt.event("DependencyNotReady", str(error))
        raise Waits("DependencyNotReady", str(error), attempt.world.knobs.requeue_dependency) from error
    _clear(attempt, "DependencyNotReady")


def _source(attempt: Attempt) -> Json:
    kind_name, *place = chart_of(attempt.obj)
    where = (place[0], place[1])
    if not attempt.world.knobs.allow_cross_namespace and where[0] != attempt.place[0]:
        text = f"can't access '{kind_name}/{shown(where)}', cross-namespace references have been blocked"
        attempt.stalled("AccessDenied", text)
        attempt.event("AccessDenied", text, warn=True)
        raise Waits("AccessDenied", text, None, terminal=True)
    kind = next((each for each in SOURCES if each.name == kind_name), kinds.HELM_CHART)
    found = attempt.cached(kind, where)
    if found is None:
        text = f'could not get Source object: {kind.name}.{kind.group} "{where[1]}" not found'
        raise Waits("ArtifactFailed", text, None)
    _clear(attempt, "AccessDenied", "ArtifactFailed")
    return found


def _check_ready(attempt: Attempt, source: Json) -> None:
    """Not ready is what is stalled, has an unobserved generation or lacks an artifact; a failing source is ready."""
    problem = ""
    if source["kind"] != "ExternalArtifact" and generation(source) != observed(source):
        problem = "latest generation of object has not been reconciled"
        if conditions.state(source) == "False":
            problem = conditions.message(source)
    elif conditions.state(source, "Stalled") == "True":
        problem = conditions.message(source, "Stalled")
    elif artifact(source) is None:
        problem = "does not have an artifact"
    if problem:
        told = f"{source['kind']} '{shown(key(source))}' is not ready: {problem}"
        raise Waits("SourceNotReady", told, attempt.world.varied(attempt.world.knobs.requeue_dependency))
    _clear(attempt, "SourceNotReady")


async def _config(attempt: Attempt) -> str:
    """The digest of the values, with those of ConfigMaps and Secrets."""
    values = [spec(attempt.obj).get("values") or {}]
    for each in spec(attempt.obj).get("valuesFrom") or []:
        kind = kinds.SECRET if each.get("kind") == "Secret" else kinds.CONFIG_MAP
        place = (attempt.place[0], str(each.get("name")))
        try:
            found = await attempt.world.api.get(kind.path(place))
        except NotFound as error:
            if each.get("optional"):
                continue
            text = f"could not find {kind.name} '{shown(place)}'"
            attempt.event("ValuesError", text, warn=True)
            raise Waits("ValuesError", text, None) from error
        wanted = str(each.get("valuesKey") or "values.yaml")
        if wanted not in (found.get("data") or {}):
            text = f"missing key '{wanted}' in {kind.name} '{shown(place)}'"
            attempt.event("ValuesError", text, warn=True)
            raise Waits("ValuesError", text, None)
        values.append(found["data"][wanted])
    _clear(attempt, "ValuesError")
    return digest(values) if any(values) else _EMPTY


def _clear(attempt: Attempt, *reasons: str) -> None:
    """A prerequisite that Ready complained of is there now."""
    if conditions.reason(attempt.obj) in reasons:
        attempt.mark(READY, "Unknown", PROGRESSING, "reconciliation in progress")


def release_name(obj: Json) -> str:
    target = spec(obj).get("targetNamespace")
    name = obj["metadata"]["name"]
    return str(spec(obj).get("releaseName") or (f"{target}-{name}" if target else name))


def chart_of(obj: Json) -> tuple[str, str, str]:
    """Kind, namespace and name of the object that holds a release's chart."""
    ref = spec(obj).get("chartRef")
    if ref:
        namespace = str(ref.get("namespace") or obj["metadata"].get("namespace", ""))
        return str(ref.get("kind")), namespace, str(ref.get("name"))
    return ("HelmChart", *templates.place_of(obj))
