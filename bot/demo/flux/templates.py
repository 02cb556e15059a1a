"""The HelmChart that helm-controller makes and keeps for a HelmRelease with `spec.chart`."""

from typing import Final

from bot.demo.flux import durations, kinds
from bot.demo.flux.api import NotFound
from bot.demo.flux.applying import find
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.shapes import Json, Key, difference, shown, spec, status

_OWNER: Final = "helm.toolkit.fluxcd.io"
_APPLIES: Final = 0.003
"""Long enough that the controller's own cache shows the change, unless it lags."""


class Denied(Exception):
    """The chart must not be made; nothing is written about it but an event (docs/flux.md, What a watcher sees)."""


def sound(obj: Json) -> bool:
    """Exactly one of `chart` and `chartRef` is given."""
    return bool(spec(obj).get("chart")) != bool(spec(obj).get("chartRef"))


def place_of(obj: Json) -> Key:
    """Where the HelmChart of a release lies: in its source's namespace, named after the release."""
    known = str((obj.get("status") or {}).get("helmChart", ""))
    if known:
        namespace, _, name = known.partition("/")
        return namespace, name
    return _wanted_place(obj)


async def reconcile(attempt: Attempt) -> None:
    """Creates or changes the HelmChart. Raises Denied."""
    obj = attempt.obj
    if not spec(obj).get("chart"):
        await remove(attempt)
        return
    place = _wanted_place(obj)
    template = spec(obj)["chart"]["spec"]
    if not attempt.world.knobs.allow_cross_namespace and place[0] != attempt.place[0]:
        what = f"{template['sourceRef']['kind']}/{place[0]}/{template['sourceRef']['name']}"
        raise Denied(f"can't access '{what}', cross-namespace references have been blocked")
    if place != place_of(obj):
        await remove(attempt)
    wanted = _chart(obj, place)
    found = await find(attempt.world.api, wanted)
    ref = template["sourceRef"]
    source = f"with SourceRef '{ref['kind']}/{place[0]}/{ref['name']}'"
    if found is None:
        await attempt.world.api.create(kinds.HELM_CHART.collection(place[0]), wanted)
        attempt.event("HelmChartCreated", f"Created HelmChart/{shown(place)} {source}")
        await attempt.work(_APPLIES)
    else:
        old = {name: value for name, value in spec(found).items() if name in wanted["spec"] or name == "valuesFiles"}
        if change := difference(old, wanted["spec"]):
            await attempt.world.api.patch(kinds.HELM_CHART.path(place), {"spec": change})
            attempt.event("HelmChartConfigured", f"Configured HelmChart/{shown(place)} {source}")
            await attempt.work(_APPLIES)
    status(obj)["helmChart"] = shown(place)


async def remove(attempt: Attempt) -> None:
    """Deletes the HelmChart that the status names, if there is one."""
    known = str(status(attempt.obj).get("helmChart", ""))
    if not known:
        return
    namespace, _, name = known.partition("/")
    try:
        await attempt.world.api.delete(kinds.HELM_CHART.path((namespace, name)))
        attempt.event("HelmChartDeleted", f"deleted HelmChart '{known}'")
    except NotFound:
        pass
    del status(attempt.obj)["helmChart"]


def _wanted_place(obj: Json) -> Key:
    namespace, name = obj["metadata"]["namespace"], obj["metadata"]["name"]
    ref = ((spec(obj).get("chart") or {}).get("spec") or {}).get("sourceRef") or {}
    return str(ref.get("namespace") or namespace), f"{namespace}-{name}"


def _chart(obj: Json, place: Key) -> Json:
    template = spec(obj)["chart"]["spec"]
    every = template.get("interval") or spec(obj).get("interval") or "10m"
    ref = template["sourceRef"]
    wanted: Json = {
        "chart": template["chart"],
        "version": template.get("version") or "*",
        "sourceRef": {"kind": ref["kind"], "name": ref["name"]},
        "interval": durations.written(durations.seconds(every, 600)),
        "reconcileStrategy": template.get("reconcileStrategy") or "ChartVersion",
    }
    wanted |= {"valuesFiles": template["valuesFiles"]} if template.get("valuesFiles") else {}
    labels = {f"{_OWNER}/name": obj["metadata"]["name"], f"{_OWNER}/namespace": obj["metadata"]["namespace"]}
    return {
        "apiVersion": kinds.HELM_CHART.api_version,
        "kind": kinds.HELM_CHART.name,
        "metadata": {"name": place[1], "namespace": place[0], "labels": labels},
        "spec": wanted,
    }
