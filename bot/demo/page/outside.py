"""What lies outside of a simulated cluster, as its objects reach it: repositories to push to, break and heal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from bot.demo.flux.contents import Chart, Folder, tidy
from bot.demo.flux.origins import GitOrigin, HelmOrigin, OciOrigin, Origin, Origins, Unauthorized
from bot.demo.flux.semver import newest, order
from bot.demo.kube.apiserver import ApiServer
from bot.demo.manifests import config_map

Json = dict[str, Any]

TYPO: Final = 'invalid Kustomization: json: unknown field "resorces"'
"""What kustomize says of the broken commit."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The way from an object to where its content comes from.

    `origin` is None where nothing outside is simulated for the object. `path` is the folder in a Git repository,
    `chart` the name of the one chart that counts, `wanted` the range of its versions; each empty where all count.
    """

    origin: Origin | None = None
    path: str = ""
    chart: str = ""
    wanted: str = ""

    @property
    def broken(self) -> bool:
        """Whether the credentials are refused now."""
        return self.origin is not None and isinstance(self.origin.fault, Unauthorized)

    @property
    def newest(self) -> str | None:
        """What Flux would find if it looked now, as it names revisions; None if there is nothing."""
        match self.origin:
            case GitOrigin() as git:
                line = git.branches.get("main")
                return f"main@sha1:{line[-1].sha}" if line else None
            case HelmOrigin() | OciOrigin() if self.chart:
                return newest([chart.version for chart in self.charts], self.wanted)
            case OciOrigin() as oci:
                tag = newest(list(oci.tags), self.wanted)
                return f"{tag}@{oci.tags[tag].digest}" if tag else None
            case _:
                return None

    @property
    def charts(self) -> tuple[Chart, ...]:
        """The charts that were released so far."""
        match self.origin:
            case HelmOrigin() as helm:
                return tuple(each for each in helm.index.charts if self.chart in ("", each.name))
            case OciOrigin() as oci:
                return tuple(pushed.content for pushed in oci.tags.values() if isinstance(pushed.content, Chart))
            case _:
                return ()


def outside_of(server: ApiServer, origins: Origins, obj: Json) -> Outside:
    """Found by the references in the object's spec."""
    spec, place = obj.get("spec") or {}, str(obj["metadata"].get("namespace", ""))
    match obj["kind"]:
        case "GitRepository":
            return Outside(origins.git(str(spec.get("url"))))
        case "OCIRepository":
            return Outside(origins.oci(str(spec.get("url"))), wanted=str((spec.get("ref") or {}).get("semver", "*")))
        case "HelmRepository" if spec.get("type") != "oci":
            return Outside(origins.helm(str(spec.get("url"))))
        case "Kustomization":
            source = _referred(server, spec.get("sourceRef"), place)
            found = outside_of(server, origins, source) if source else Outside()
            return replace(found, path=tidy(str(spec.get("path", ""))))
        case "HelmRelease":
            return _of_release(server, origins, spec, place)
        case _:
            return Outside()


def _of_release(server: ApiServer, origins: Origins, spec: Json, place: str) -> Outside:
    if spec.get("chartRef"):
        source = _referred(server, spec["chartRef"], place)
        found = outside_of(server, origins, source) if source else Outside()
        return replace(found, chart="" if source is None else str(source["metadata"]["name"]))
    chart = (spec.get("chart") or {}).get("spec") or {}
    source = _referred(server, chart.get("sourceRef"), place)
    if source is None or source["kind"] != "HelmRepository":
        return Outside()
    found = outside_of(server, origins, source)
    return replace(found, chart=str(chart.get("chart", "")), wanted=str(chart.get("version", "*")))


def _referred(server: ApiServer, reference: Json | None, place: str) -> Json | None:
    if not reference or reference.get("kind") not in ("GitRepository", "OCIRepository", "HelmRepository"):
        return None
    return server.find(str(reference["kind"]), str(reference.get("namespace") or place), str(reference.get("name")))


def commit(outside: Outside, *, broken: bool = False) -> None:
    """Pushes a commit to a Git repository: the path's manifests change, or its build fails from now on.

    What was broken before is mended. Without a path the commit changes what no Kustomization builds.
    """
    git = outside.origin
    if not isinstance(git, GitOrigin):
        raise TypeError("commits are for Git repositories")
    where = outside.path or "docs"
    number = len(git.branches.get("main", ())) + 1
    if broken:
        git.push_broken(where, TYPO, f"Break {where}")
    else:
        git.push_folder(where, _changed(git.tree().folders.get(where, Folder()), where, number), f"Change {where}")


def _changed(folder: Folder, path: str, number: int) -> Folder:
    """The folder with one manifest that says which commit it is of."""
    name = path.rpartition("/")[2]
    before = folder.manifests[0] if folder.manifests else config_map(name)
    if before["kind"] == "ConfigMap":
        after = {**before, "data": {**before.get("data", {}), "commit": str(number)}}
    else:
        notes = {**before["metadata"].get("annotations", {}), "example.com/commit": str(number)}
        after = {**before, "metadata": {**before["metadata"], "annotations": notes}}
    return Folder((after, *folder.manifests[1:]))


def release(outside: Outside) -> None:
    """Publishes the next minor version of the newest release of each chart that counts."""
    latest: dict[str, Chart] = {}
    for each in outside.charts:
        key = order(each.version)
        known = latest.get(each.name)
        if key is not None and (known is None or key > (order(known.version) or key)):
            latest[each.name] = each
    for chart in latest.values():
        _publish(outside.origin, _next(chart))


def _publish(origin: Origin | None, chart: Chart) -> None:
    match origin:
        case HelmOrigin() as helm:
            helm.publish(chart)
        case OciOrigin() as oci:
            oci.push_chart(chart)
        case _:
            raise TypeError("charts are for Helm repositories and OCI registries")


def _next(chart: Chart) -> Chart:
    major, minor, *_ = order(chart.version) or (0, 0)
    version = f"{major}.{minor + 1}.0"
    manifests = tuple(
        {**each, "data": {**each.get("data", {}), "release": version}} if each["kind"] == "ConfigMap" else each
        for each in chart.manifests
    )
    return replace(chart, version=version, manifests=manifests)
