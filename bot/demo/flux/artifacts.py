"""source-controller's storage: what an artifact's URL gives to whoever fetches it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.demo.flux.conditions import stamp
from bot.demo.flux.contents import Content, digest, size
from bot.demo.flux.kinds import Kind
from bot.demo.flux.shapes import Json, Key

HOST: Final = "http://source-controller.flux-system.svc.cluster.local."


class Artifacts:
    """Keeps everything; `lose` plays a storage that was emptied."""

    def __init__(self) -> None:
        self._kept: dict[str, Content] = {}

    def store(
        self,
        kind: Kind,
        place: Key,
        revision: str,
        file: str,
        content: Content,
        now: datetime,
        notes: Mapping[str, str] | None = None,
    ) -> Json:
        """Stores a content and returns the `status.artifact` that tells of it."""
        path = f"{kind.name.lower()}/{'/'.join(place)}/{file}"
        self._kept[path] = content
        told: Json = {"revision": revision, "digest": digest(content), "path": path, "url": f"{HOST}/{path}"}
        told |= {"lastUpdateTime": stamp(now), "size": size(content)}
        return told | ({"metadata": dict(notes)} if notes else {})

    def fetch(self, artifact: Json) -> Content | None:
        """The content; None if the storage has it no longer."""
        return self._kept.get(str(artifact.get("path", "")))

    def lose(self) -> None:
        self._kept.clear()
