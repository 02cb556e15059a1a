"""The checks that the simulated API server must pass, put to the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from bot.demo.kube.custom_kinds import FLUX_KINDS
from bot.demo.kube.resources import Resource
from tests.demo.kube.asking import Caller, Json
from tests.demo.kube.checks import CHECKS, Check, Ground
from tests.real.api import Access, Api, Ref
from tests.real.control_plane import ControlPlane
from tests.real.grounds import KUBECONFIG, Grounds


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture(scope="module")
def plane(grounds: Grounds) -> Iterator[ControlPlane]:
    """Nobody but the check itself writes to Kustomizations: their controller stands still meanwhile."""
    if grounds.plane is None:
        pytest.skip(f"these checks need a server with nobody else at work: not with {KUBECONFIG}")
    grounds.plane.stop("kustomize-controller")
    yield grounds.plane
    grounds.plane.start_all()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_real_server_answers_so(
    check: Check, plane: ControlPlane, namespace: str, session: aiohttp.ClientSession
) -> None:
    def caller(access: Access) -> Caller:
        return Caller(session, access.server, access.token or "", access.tls or True, namespace)

    await check(Ground(caller(plane.admin), caller(plane.bot)))


@pytest.mark.parametrize("kind", FLUX_KINDS, ids=lambda kind: kind.kind)
async def test_our_short_definitions_say_what_flux_own_say(kind: Resource, api: Api, grounds: Grounds) -> None:
    found = await api.find(Ref("CustomResourceDefinition", "", kind.qualified))
    if found is None:
        # Kinds of controllers that this control plane does not run.
        assert kind.group in ("image.toolkit.fluxcd.io", "source.extensions.fluxcd.io", "fluxcd.controlplane.io")
        return
    names, (version,) = found["spec"]["names"], found["spec"]["versions"]
    assert (names["kind"], tuple(names.get("shortNames", ())), tuple(names["categories"]), version["name"]) == (
        kind.kind,
        kind.short_names,
        kind.categories,
        kind.version,
    )
    assert found["spec"]["scope"] == ("Namespaced" if kind.namespaced else "Cluster")
    columns = [(each["name"], each["type"], each["jsonPath"]) for each in version["additionalPrinterColumns"]]
    assert columns == [(each.name, each.type, each.json_path) for each in kind.columns]
    assert ("status" in version.get("subresources", {})) is kind.has_status
    assert ("x-kubernetes-validations" in str(version["schema"])) is kind.has_rules
    fields = version["schema"]["openAPIV3Schema"]["properties"]
    assert fields.get("status", {}).get("default", {}) == kind.status_default
    required = set(fields["spec"].get("required", ()))
    assert required == {path for path, field in kind.schema.items() if field.required and "." not in path}
    for path, field in kind.schema.items():
        found_field, must = _found(fields["spec"], path)
        assert (path, field.type, field.required) == (path, found_field["type"], must)
        # Where ours says nothing about the words or their form, it takes more than Flux's.
        assert field.pattern in ("", found_field.get("pattern"))
        assert field.words in ((), tuple(found_field.get("enum", ())))
    for path, value in kind.defaults.items():
        assert (path, _found(fields["spec"], path)[0]["default"]) == (path, value)


def _found(spec: Json, path: str) -> tuple[Json, bool]:
    """A field's schema, and whether its parent requires it."""
    *above, name = path.split(".")
    for step in above:
        spec = spec["properties"][step]
    return spec["properties"][name], name in spec.get("required", ())
