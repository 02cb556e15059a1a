"""Helm charts made in Python: enough for releases of a few plain objects."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml


@dataclass(frozen=True, slots=True)
class Chart:
    """Name, version, values and templates (file name → text) of one chart."""

    name: str
    version: str
    templates: Mapping[str, str]
    values: Mapping[str, object] = field(default_factory=dict)
    app_version: str = "1.0"

    def metadata(self) -> dict[str, str]:
        return {
            "apiVersion": "v2",
            "name": self.name,
            "version": self.version,
            "appVersion": self.app_version,
        }

    def files(self, root: str) -> dict[str, str]:
        """The chart as a folder, for a Git repository."""
        return {
            f"{root}/Chart.yaml": yaml.safe_dump(self.metadata()),
            f"{root}/values.yaml": yaml.safe_dump(dict(self.values)),
            **{f"{root}/templates/{name}": text for name, text in self.templates.items()},
        }

    def archive(self) -> bytes:
        return pack(self.files(self.name))


def pack(files: Mapping[str, str]) -> bytes:
    """A gzipped tar that is the same bytes for the same files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            data = files[name].encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def index(archives: Mapping[str, tuple[Chart, bytes]]) -> str:
    """``index.yaml`` of a repository: file name → chart and its bytes."""
    entries: dict[str, list[dict[str, object]]] = {}
    for file, (chart, data) in archives.items():
        row = {**chart.metadata(), "urls": [file], "digest": hashlib.sha256(data).hexdigest()}
        entries.setdefault(chart.name, []).append({**row, "created": "2026-01-01T00:00:00Z"})
    return yaml.safe_dump({"apiVersion": "v1", "generated": "2026-01-01T00:00:00Z", "entries": entries})
