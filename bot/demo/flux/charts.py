"""HelmChart: a chart of a Helm repository, of a Git repository or of a bucket, built anew when its source changes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from bot.demo.flux import kinds, semver
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.contents import Chart, Index, Tree, tidy
from bot.demo.flux.controller import new_revision
from bot.demo.flux.fetched import Fetched, Problem, Result
from bot.demo.flux.fetching import ask
from bot.demo.flux.kinds import Kind
from bot.demo.flux.shapes import Json, Key, artifact, generation, key, spec, status

_PACKS: Final = 0.004
_SOURCES: Final = (kinds.HELM_REPOSITORY, kinds.GIT, kinds.BUCKET)


class ChartFetcher:
    """Builds one chart; its source is read from the cache."""

    kind: Kind = kinds.HELM_CHART
    watched: Sequence[Kind] = _SOURCES

    def triggered(self, old: Json | None, new: Json, own: Iterable[Json]) -> Iterable[Key]:
        """Charts of a source of that kind and name in whatever namespace: Flux's index leaves the namespace out."""
        revision = new_revision(old, new)
        if not revision:
            return
        for chart in own:
            wanted = spec(chart).get("sourceRef") or {}
            seen = (chart.get("status") or {}).get("observedSourceArtifactRevision")
            if (wanted.get("kind"), wanted.get("name")) == (
                new["kind"],
                new["metadata"]["name"],
            ) and seen != revision:
                yield key(chart)

    def is_static(self, obj: Json) -> bool:
        return False

    async def fetch(self, attempt: Attempt) -> Fetched | Result:
        source = _source(attempt)
        stored = artifact(source)
        oci = spec(source).get("type") == "oci"
        if stored is None and not oci:
            ref = spec(attempt.obj)["sourceRef"]
            text = f"no artifact available for {ref['kind']} source '{ref['name']}'"
            attempt.mark("FetchFailed", "True", "NoSourceArtifact", text)
            attempt.event("NoSourceArtifact", text)
            return Result.REQUEUE
        if stored is not None:
            status(attempt.obj)["observedSourceArtifactRevision"] = stored["revision"]
        chart, done = await self._build(attempt, source, stored)
        version = f"{chart.version}{_metadata(attempt.obj, stored)}"
        summary = f"{done} '{chart.name}' chart with version '{version}'"
        return _built(attempt.obj, replace(chart, version=version), summary, done)

    async def _build(self, attempt: Attempt, source: Json, stored: Json | None) -> tuple[Chart, str]:
        await attempt.work(_PACKS)
        wanted, version = str(spec(attempt.obj).get("chart", "")), str(spec(attempt.obj).get("version") or "*")
        if stored is None:
            return await _pull(attempt, str(spec(source)["url"]), wanted, version), "pulled"
        content = attempt.world.artifacts.fetch(stored)
        if isinstance(content, Index):
            return _pick(content, wanted, version), "pulled"
        chart = content.charts.get(tidy(wanted)) if isinstance(content, Tree) else None
        if chart is None:
            text = f"invalid chart reference: stat {tidy(wanted)}: no such file or directory"
            raise Problem("InvalidChartReference", text, stalls=True)
        return chart, "packaged"


def _source(attempt: Attempt) -> Json:
    ref = spec(attempt.obj).get("sourceRef") or {}
    kind = next((each for each in _SOURCES if each.name == ref.get("kind")), None)
    if kind is None:
        text = f"failed to get source: unsupported source kind '{ref.get('kind')}'"
        raise Problem("UnsupportedSourceKind", text, stalls=True)
    source = attempt.cached(kind, (attempt.place[0], str(ref.get("name"))))
    if source is None:
        text = f'failed to get source: {kind.plural}.{kind.group} "{ref.get("name")}" not found'
        raise Problem("SourceUnavailable", text)
    return source


def _pick(index: Index, name: str, version: str) -> Chart:
    known = {chart.version: chart for chart in index.charts if chart.name == name}
    newest = semver.newest(list(known), version)
    if newest is None:
        what = f"no '{name}' chart with version matching '{version}' found"
        what = what if known else f"no chart name found: {name}"
        text = f"invalid chart reference: failed to get chart version for remote reference: {what}"
        raise Problem("InvalidChartReference", text, stalls=True)
    return known[newest]


async def _pull(attempt: Attempt, url: str, name: str, version: str) -> Chart:
    """From a registry: a HelmRepository of type oci has no index."""
    origin = attempt.world.origins.oci(f"{url.rstrip('/')}/{name}")
    where = {"prefix": "chart pull error: failed to get chart version for remote reference: ", "url": origin.url}
    where |= {"reason": "ChartPullError", "auth": "AuthenticationFailed", "refused": "401 unauthorized"}
    await ask(attempt, origin, where)
    tag = semver.newest(list(origin.tags), version)
    content = origin.tags[tag].content if tag is not None else None
    if not isinstance(content, Chart):
        raise Problem(
            "ChartPullError",
            f"{where['prefix']}could not locate a version matching provided version string {version}",
        )
    return content


def _metadata(obj: Json, stored: Json | None) -> str:
    """What Flux adds to a chart's version: the commit, or the generation for a choice of values files."""
    wanted = spec(obj)
    if wanted.get("reconcileStrategy") == "Revision" and stored is not None:
        return f"+{str(stored['revision']).rpartition(':')[2][:12]}"
    return f"+{generation(obj)}" if wanted.get("valuesFiles") else ""


def _built(obj: Json, chart: Chart, summary: str, done: str) -> Fetched:
    reason = "ChartPullSucceeded" if done == "pulled" else "ChartPackageSucceeded"
    namespace, name = key(obj)
    storage = "source-controller.flux-system.svc.cluster.local."
    return Fetched(
        revision=chart.version,
        content=chart,
        file=f"{chart.name}-{chart.version}.tgz",
        found=summary,
        found_reason="NewChart",
        stored=summary,
        told=summary,
        told_reason=reason,
        reason=reason,
        upkeep=("ArtifactUpToDate", f"artifact up-to-date with remote revision: '{chart.version}'"),
        status={
            "observedChartName": chart.name,
            "url": f"http://{storage}/helmchart/{namespace}/{name}/latest.tar.gz",
        },
    )
