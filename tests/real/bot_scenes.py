"""What stands in a cluster before somebody asks the bot for it."""

from collections.abc import Mapping
from typing import Any

from tests.real.api import Api, Ref
from tests.real.charts import Chart
from tests.real.objects import config_map, git_repository, helm_release, helm_repository, kustomization
from tests.real.sources import GitSource, HelmSource, Sources
from tests.real.stage import at_rest


async def application(
    api: Api, namespace: str, sources: Sources, files: Mapping[str, str] | None = None, **spec: Any
) -> tuple[GitSource, str]:
    """A GitRepository and a Kustomization ``app`` at rest, with ``settings.yaml`` besides ``files``; its revision."""
    repo = await sources.git(f"{namespace}-app")
    revision = await repo.commit({"settings.yaml": config_map(colour="blue"), **(files or {})}, message="Begin")
    await api.create(git_repository(namespace, "app", repo.url))
    await api.until(Ref("GitRepository", namespace, "app"), at_rest)
    await api.create(kustomization(namespace, "app", "GitRepository/app", **spec))
    await api.until(Ref("Kustomization", namespace, "app"), at_rest)
    return repo, revision


async def release(api: Api, namespace: str, sources: Sources, chart: Chart, **spec: Any) -> HelmSource:
    """A HelmRepository ``charts`` and a HelmRelease ``nginx`` of it at rest."""
    source = await sources.helm(f"{namespace}-charts")
    await source.publish(chart)
    await api.create(helm_repository(namespace, "charts", source.url))
    await api.until(Ref("HelmRepository", namespace, "charts"), at_rest)
    await api.create(helm_release(namespace, "nginx", "nginx", "charts", **spec))
    await api.until(Ref("HelmRelease", namespace, "nginx"), at_rest)
    return source


def nginx(version: str, *, immutable: bool = False, **data: str) -> Chart:
    """A chart of one ConfigMap; with ``immutable``, a later version with other data cannot be applied."""
    values = data or {"workers": version}
    return Chart("nginx", version, {"settings.yaml": config_map("nginx", immutable=immutable, **values)})


def brief(revision: str) -> str:
    """A Git revision as messages show it: ``main@3f2a1bc``."""
    branch, _, commit = revision.partition("@sha1:")
    return f"{branch}@{commit[:7]}"
