"""A pod of the rendered Deployment as a container on this machine, its volumes laid out as kubelet lays them."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.container import Image, Mount, Run
from tests.deploy.rendered import Json, Rendered

ACCOUNT_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True, slots=True)
class Account:
    """What a pod is given to reach its API server."""

    host: str
    port: int
    authority: bytes
    token: str

    def files(self, namespace: str) -> dict[str, bytes]:
        """Of the projected volume."""
        return {"ca.crt": self.authority, "namespace": namespace.encode(), "token": self.token.encode()}


class Volume:
    """A folder whose files change all at once: links to `..data`, which is a link to the newest of hidden folders."""

    def __init__(self, folder: Path, mode: int, group: int) -> None:
        self.folder = folder
        self._mode = mode
        self._group = group
        folder.mkdir(parents=True)

    def write(self, files: Mapping[str, bytes]) -> None:
        """All of its files from now on."""
        version = self.folder / f"..{secrets.token_hex(8)}"
        version.mkdir()
        for name, content in files.items():
            file = version / name
            file.touch(mode=0o600)
            file.write_bytes(content)
            if os.geteuid() == 0:
                os.chown(file, 0, self._group)
                file.chmod(self._mode)
        newest = self.folder / "..data_tmp"
        newest.symlink_to(version.name)
        newest.rename(self.folder / "..data")
        for name in files:
            link = self.folder / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")


class Pod:
    """Made from what was rendered, and the Secrets that exist in its namespace."""

    def __init__(self, rendered: Rendered, secrets: Mapping[str, Json], account: Account, folder: Path) -> None:
        self._container = rendered.container
        self._spec = rendered.pod
        self._rendered = rendered
        self._secrets = secrets
        self._account = account
        self._group: int = self._spec["securityContext"]["fsGroup"]
        self._folder = folder
        self.token = Volume(folder / "token", 0o640, self._group)
        self._namespace: str = rendered.one("Deployment")["metadata"]["namespace"]
        self.renew(account.token)
        self._volumes = {each["name"]: self._volume(each) for each in self._spec["volumes"]}

    def renew(self, token: str) -> None:
        """Another token in the mount, as kubelet puts one there before the old one ends."""
        account = Account(self._account.host, self._account.port, self._account.authority, token)
        self.token.write(account.files(self._namespace))

    def run(self, image: Image) -> Run:
        """What the container is started as."""
        mounts = [
            Mount(self._volumes[each["name"]], each["mountPath"], each.get("readOnly", False))
            for each in self._container["volumeMounts"]
        ]
        if self._spec.get("automountServiceAccountToken"):
            mounts.append(Mount(self.token.folder, ACCOUNT_MOUNT))
        security = self._spec["securityContext"]
        service = {
            "KUBERNETES_SERVICE_HOST": self._account.host,
            "KUBERNETES_SERVICE_PORT": str(self._account.port),
        }
        return Run(
            argv=[*image.entrypoint, *self._container["args"]],
            env={**service, **self._env()},
            user=(security["runAsUser"], security["runAsGroup"]),
            mounts=mounts,
            read_only=self._container["securityContext"]["readOnlyRootFilesystem"],
        )

    def _env(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for each in self._container["envFrom"]:
            found |= self._rendered.one("ConfigMap", each["configMapRef"]["name"])["data"]
        return found

    def _volume(self, volume: Json) -> Path:
        folder = self._folder / str(volume["name"])
        match volume:
            case {"configMap": {"name": name}}:
                data = self._rendered.one("ConfigMap", name)["data"]
                Volume(folder, 0o644, self._group).write({key: text.encode() for key, text in data.items()})
            case {"secret": {"secretName": name, "defaultMode": mode}}:
                data = self._secrets[name]["data"]
                Volume(folder, mode, self._group).write({key: base64.b64decode(text) for key, text in data.items()})
            case {"emptyDir": _} | {"persistentVolumeClaim": _}:
                folder.mkdir()
                # Whatever the umask is.
                folder.chmod(0o777)
            case _:
                raise ValueError(f"a volume that is not played here: {volume}")
        return folder
