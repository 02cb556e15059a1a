"""One control plane for the whole session; these tests run by ``python -m tests.real`` only (docs/real.md)."""

import os
import secrets
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from tests.real.api import Api
from tests.real.control_plane import ControlPlane
from tests.real.grounds import KUBECONFIG, SOURCE_HOST, SWITCH, Grounds, prepared
from tests.real.sources import Sources

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    away = pytest.mark.skip(reason="needs the real control plane: run `python -m tests.real`")
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.real)
            if os.environ.get(SWITCH) != "1":
                item.add_marker(away)


@pytest.fixture(scope="session")
def grounds() -> Iterator[Grounds]:
    with prepared() as found:
        yield found


@pytest.fixture
def control_plane(grounds: Grounds, request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    """Our own processes; what an earlier test stopped runs again. Skips on somebody else's cluster."""
    if grounds.plane is None:
        pytest.skip(f"{request.node.name} stops controllers or needs their processes: not with {KUBECONFIG}")
    yield grounds.plane
    grounds.plane.start_all()


@pytest.fixture
def sources(grounds: Grounds, request: pytest.FixtureRequest) -> Sources:
    if grounds.sources is None:
        pytest.skip(f"{request.node.name} needs sources that the cluster can reach: set {SOURCE_HOST}")
    return grounds.sources


@pytest.fixture
async def api(grounds: Grounds) -> AsyncIterator[Api]:
    """The administrator's client, on this test's loop."""
    async with Api(grounds.admin) as client:
        yield client


@pytest.fixture
async def namespace(api: Api) -> str:
    """A namespace that no test had before and none will have again: nothing empties namespaces here."""
    name = f"test-{secrets.token_hex(4)}"
    await api.create({"kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the processes said."""
    report = yield
    found = getattr(item, "funcargs", {}).get("grounds")
    if report.failed and isinstance(found, Grounds) and found.plane is not None:
        report.sections.append(("logs of the control plane", found.plane.logs()))
    return report
