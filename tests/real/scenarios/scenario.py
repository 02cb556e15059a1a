"""One scenario, and the openings that many of them share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.real.charts import Chart
from tests.real.objects import (
    config_map,
    git_repository,
    helm_release,
    helm_repository,
    kustomization,
)
from tests.real.sources import GitSource, HelmSource
from tests.real.stage import Stage

APP = "app"
SOURCE = f"GitRepository/{APP}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """``note`` says in one sentence what happens; ``alone`` keeps others away while controllers are disturbed."""

    name: str
    note: str
    play: Callable[[Stage], Awaitable[None]]
    alone: bool = False


async def repository(stage: Stage, files: Mapping[str, str] | None = None) -> GitSource:
    """A Git repository with a first commit, and its GitRepository ``app`` at rest."""
    repo = await stage.sources.git(f"{stage.namespace}-{APP}")
    await repo.commit(files or {"settings.yaml": config_map(colour="blue")}, message="Begin")
    await stage.put(git_repository(stage.namespace, APP, repo.url))
    await stage.ready("GitRepository", APP)
    await stage.past("GitRepository", APP)
    return repo


async def application(stage: Stage, files: Mapping[str, str] | None = None, **spec: Any) -> GitSource:
    """``repository`` and its Kustomization ``app`` at rest."""
    repo = await repository(stage, files)
    await stage.put(kustomization(stage.namespace, APP, SOURCE, **spec))
    await stage.ready("Kustomization", APP)
    await stage.past("Kustomization", APP)
    return repo


def nginx(version: str, *, immutable: bool = False, **data: str) -> Chart:
    """A chart of one ConfigMap; with ``immutable``, a later version with other data cannot be applied."""
    values = data or {"workers": version}
    return Chart("nginx", version, {"settings.yaml": config_map("nginx", immutable=immutable, **values)})


async def charts(stage: Stage, *published: Chart) -> HelmSource:
    """A HelmRepository ``charts`` at rest."""
    source = await stage.sources.helm(f"{stage.namespace}-charts")
    for each in published:
        await source.publish(each)
    await stage.put(helm_repository(stage.namespace, "charts", source.url))
    await stage.ready("HelmRepository", "charts")
    await stage.past("HelmRepository", "charts")
    return source


async def release(stage: Stage, *published: Chart, **spec: Any) -> HelmSource:
    """``charts`` and its HelmRelease ``nginx`` at rest."""
    source = await charts(stage, *(published or (nginx("1.0.0"),)))
    await stage.put(helm_release(stage.namespace, "nginx", "nginx", "charts", **spec))
    await stage.ready("HelmRelease", "nginx")
    await stage.past("HelmRelease", "nginx")
    return source


def chart_of(stage: Stage, name: str = "nginx") -> str:
    """The HelmChart that helm-controller makes for a release."""
    return f"{stage.namespace}-{name}"


async def ask_git_chain(stage: Stage) -> str:
    """With source, as the bot goes: the GitRepository, waited for, then the Kustomization. Returns its token."""
    await stage.ask_and_wait("GitRepository", APP)
    return await stage.ask("Kustomization", APP, with_source=True)


async def ask_chart_chain(stage: Stage) -> str:
    """With source: HelmRepository, HelmChart, each waited for, then the HelmRelease. Returns its token."""
    await stage.ask_and_wait("HelmRepository", "charts")
    await stage.ask_and_wait("HelmChart", chart_of(stage))
    return await stage.ask("HelmRelease", "nginx", with_source=True)
