"""The world outside of the cluster, as a schedule changes it: commits, charts, tags, credentials."""

from collections.abc import Mapping
from itertools import count

from bot.demo.flux.contents import Chart, Folder, Tree
from bot.demo.flux.origins import Origin, Origins
from tests.soak.acts import News
from tests.soak.evidence import Json

TAG = "latest"


CHART = "nginx"


def url_of(key: str, spec: Json) -> str:
    """Where a source fetches from."""
    kind, _, name = key.split("/")
    scheme = "oci" if kind == "OCIRepository" or spec.get("type") == "oci" else "https"
    return f"{scheme}://outside.example.com/{name}"


class Outside:
    """Every push is unlike all before it."""

    def __init__(self, urls: Mapping[str, str], charts: frozenset[str]) -> None:
        self.origins = Origins()
        self._urls = urls
        """By source."""
        self._charts = charts
        """The OCIRepositories that hold a chart, and the HelmRepositories of type oci."""
        self._numbers = count(1)

    def push(self, key: str, news: News) -> None:
        number, url = next(self._numbers), self._urls[key]
        match key.partition("/")[0]:
            case "GitRepository":
                self.origins.git(url).push(_tree(key, number, news), f"Change {number}")
            case "HelmRepository" if key in self._charts:
                self.origins.oci(f"{url}/{CHART}").push_chart(_chart(key, number, news))
            case "HelmRepository":
                self.origins.helm(url).publish(_chart(key, number, news))
            case _:
                content = _chart(key, number, news) if key in self._charts else _tree(key, number, news)
                self.origins.oci(url).push(TAG, content)

    def credentials(self, key: str, *, work: bool) -> None:
        origin = self._origin(key)
        if work:
            origin.heal()
        else:
            origin.break_auth()

    def _origin(self, key: str) -> Origin:
        url = self._urls[key]
        match key.partition("/")[0]:
            case "GitRepository":
                return self.origins.git(url)
            case "HelmRepository" if key in self._charts:
                return self.origins.oci(f"{url}/{CHART}")
            case "HelmRepository":
                return self.origins.helm(url)
            case _:
                return self.origins.oci(url)


def _tree(key: str, number: int, news: News) -> Tree:
    broken = "kustomization.yaml: no such file" if news is News.UNBUILDABLE else ""
    refused = "ConfigMap/flux-system/settings dry-run failed: immutable" if news is News.REJECTED else ""
    manifests = _manifests(key, number, well=news is not News.UNHEALTHY)
    return Tree({"": Folder(manifests, broken, refused)})


def _manifests(key: str, number: int, *, well: bool) -> tuple[Json, ...]:
    """A setting that changes, one more object now and then, and perhaps something that never becomes ready."""
    name = key.split("/")[2]
    settings = [_config_map(f"{name}-settings", number)]
    if number % 3 == 0:
        settings.append(_config_map(f"{name}-extra", number))
    if not well:
        settings.append({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _meta(f"{name}-web"), "spec": {}})
    return tuple(settings)


def _config_map(name: str, number: int) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(name), "data": {"number": str(number)}}


def _meta(name: str) -> Json:
    return {"name": name, "namespace": "flux-system"}


def _chart(key: str, number: int, news: News) -> Chart:
    fails = "" if news is News.GOOD else f"chart {number} cannot be applied"
    manifests = _manifests(key, number, well=True)
    return Chart(CHART, f"1.{number}.0", manifests, fails=fails, stuck=news is News.UNHEALTHY)
