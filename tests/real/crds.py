"""Flux's CustomResourceDefinitions, as the controllers' own modules ship them."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path

import yaml

from tests.real.api import Api, ApiError, Object, Ref


def load(folders: Iterable[Path]) -> list[Object]:
    """One definition per file, with the labels of a Flux installation."""
    return [
        _labelled(yaml.safe_load(path.read_text())) for folder in folders for path in sorted(folder.glob("*.yaml"))
    ]


async def establish(api: Api, definitions: list[Object]) -> None:
    """Applies them and returns when the server serves every one."""
    await asyncio.gather(*(api.apply(each) for each in definitions))
    await asyncio.gather(*(api.until(Ref.of(each), _established) for each in definitions))


async def watchable(api: Api, kinds: Iterable[str]) -> None:
    """Returns when each kind can be listed and watched; TimeoutError otherwise.

    Kinds that were only just established may answer 429, or serve lists but no watch for good, when the server made
    their storage twice. Controllers would then start, look well, and do nothing.
    """
    async with asyncio.timeout(30):
        await asyncio.gather(*(_first_bookmark(api, kind) for kind in kinds))


async def _first_bookmark(api: Api, kind: str) -> None:
    while True:
        try:
            async with aclosing(api.watch(kind, listed=True)) as events:
                async for change, _ in events:
                    if change == "BOOKMARK":
                        return
        except ApiError as error:
            if error.status not in (404, 429):
                raise
        await asyncio.sleep(0.1)


def _established(obj: Object) -> bool:
    conditions = obj.get("status", {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _labelled(definition: Object) -> Object:
    labels = definition["metadata"].setdefault("labels", {})
    labels["app.kubernetes.io/part-of"] = "flux"
    labels["app.kubernetes.io/instance"] = "flux-system"
    labels["app.kubernetes.io/version"] = "v2.9.4"
    return definition
