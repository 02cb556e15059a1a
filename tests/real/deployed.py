"""The manifests of deploy/ on the real API server, and their pod as a container on this machine.

kubectl applies what it renders; what the container is given is read back from the server, as kubelet reads it.
"""

import asyncio
import base64
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.deploy.container import Image
from tests.deploy.pod import Account, Pod
from tests.deploy.rendered import EXAMPLE, NAME, Rendered, kubectl
from tests.real.api import Api, Object, collection
from tests.real.control_plane import ControlPlane

SECONDS = 60.0
ACCOUNTS = f"/api/v1/namespaces/{NAME}/serviceaccounts"
_READ_BACK = ("ConfigMap", "Deployment", "Secret")


@dataclass(frozen=True, slots=True)
class Said:
    """What a program said, and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of what the page's commands touch, in which they are typed as an administrator."""

    folder: Path
    kubeconfig: Path

    @classmethod
    def at(cls, folder: Path, plane: ControlPlane) -> "Checkout":
        shutil.copytree(EXAMPLE.parents[1], folder / "deploy")
        # The environment that step 2 would make.
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "home").mkdir()
        return cls(folder, plane.admin_kubeconfig)

    async def type(self, words: Sequence[str]) -> Said:
        """One command without a shell; it must go well."""
        program = {"kubectl": kubectl()}.get(words[0], words[0])
        process = await asyncio.create_subprocess_exec(
            program,
            *words[1:],
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder / "home"), "KUBECONFIG": str(self.kubeconfig)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
        said = Said(process.returncode or 0, out.decode(), err.decode())
        assert said.code == 0, (words, said)
        return said

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        """Replaces words in a file, each of which must be there."""
        file = self.folder / path
        text = file.read_text("utf-8")
        for before, after in changes:
            assert before in text, before
            text = text.replace(before, after)
        file.write_text(text, "utf-8")


async def token_of(api: Api, account: str = NAME, seconds: int = 3600) -> str:
    """A token of a service account, by the API that kubelet asks."""
    wanted = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": seconds},
    }
    issued = await api.call("POST", f"{ACCOUNTS}/{account}/token", wanted)
    return str(issued["status"]["token"])


async def read_back(api: Api) -> tuple[Rendered, dict[str, Object]]:
    """What the server has of the bot's namespace: what a pod is made from, and its Secrets by their names."""
    found: list[Object] = []
    for kind in _READ_BACK:
        items = (await api.call("GET", collection(kind, NAME)))["items"]
        found += [{"kind": kind, **each} for each in items]
    # ConfigMaps of earlier tests stay; their names tell them apart.
    secrets = {each["metadata"]["name"]: each for each in found if each["kind"] == "Secret"}
    return Rendered(tuple(each for each in found if each["kind"] != "Secret")), secrets


@dataclass(frozen=True, slots=True)
class Running:
    """The bot in its container."""

    pod: Pod
    process: asyncio.subprocess.Process
    log: list[str]

    async def stop(self, seconds: float) -> int:
        """SIGTERM, as kubelet sends it; answers the exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(seconds):
            return await self.process.wait()


@asynccontextmanager
async def running_pod(api: Api, plane: ControlPlane, image: Image, folder: Path) -> AsyncIterator[Running]:
    """The pod that the server's Deployment describes, for the length of the block at most."""
    rendered, secrets = await read_back(api)
    host, _, port = plane.server.removeprefix("https://").partition(":")
    config = yaml.safe_load(plane.admin_kubeconfig.read_text())
    authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"])
    pod = Pod(rendered, secrets, Account(host, int(port), authority, await token_of(api)), folder)
    process = await asyncio.create_subprocess_exec(
        *image.command(pod.run(image)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    log: list[str] = []
    reading = asyncio.ensure_future(_read(process, log))
    try:
        yield Running(pod, process, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def _read(process: asyncio.subprocess.Process, log: list[str]) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        log.append(line.decode())
