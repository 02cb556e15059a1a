"""A Kubernetes API with Flux's controllers at work, as processes on loopback.

Plain synchronous methods, so that one control plane serves tests on many event loops. Nothing plays kubelet or
kube-controller-manager: Pods do not run, namespaces are never emptied. Use a new namespace per test, once.
"""

import asyncio
import secrets
import shutil
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

import aiohttp

from tests.real import certificates, controllers, crds
from tests.real.access import FLUX_NAMESPACE, Tokens, bot_rights, write_kubeconfig
from tests.real.api import FLUX_KINDS, Access, Api, ApiError, Ref
from tests.real.background import Background
from tests.real.build import CONTROLLERS, Built
from tests.real.delay import SlowWatch
from tests.real.processes import Guardian, Process, ProcessError, Recipe, free_ports, tail

_PARTS = ("etcd", "kube-apiserver", *CONTROLLERS)


class ControlPlane:
    """Started by ``running``; ``admin`` and ``bot`` say how to reach it, the kubeconfigs say it to others."""

    def __init__(self, built: Mapping[str, Built], folder: Path, background: Background) -> None:
        self.folder = folder
        self.versions = {name: each.tool.version() for name, each in built.items()}
        self._built = built
        self._background = background
        self.guardian = Guardian(folder)
        self._processes: dict[str, Process] = {}
        self._closing = False
        self._certificates = certificates.make(folder / "pki")
        self._ports = controllers.choose_ports(CONTROLLERS)
        self._etcd, self._etcd_peer, self._port = free_ports(3)
        self.server = f"https://127.0.0.1:{self._port}"
        tls = ssl.create_default_context(cafile=str(self._certificates.authority))
        tokens = Tokens(admin=secrets.token_hex(16), bot=secrets.token_hex(16))
        self._tokens = tokens
        self.admin = Access(self.server, tls, tokens.admin)
        self.bot = Access(self.server, tls, tokens.bot)
        self.admin_kubeconfig = self._kubeconfig("admin", tokens.admin)
        self.bot_kubeconfig = self._kubeconfig("bot", tokens.bot)

    @property
    def storage_address(self) -> str:
        """Where source-controller serves its artifacts."""
        return f"127.0.0.1:{self._ports.storage}"

    @property
    def receiver_address(self) -> str:
        """Where notification-controller takes webhooks for Receivers."""
        return f"127.0.0.1:{self._ports.receiver}"

    def running(self, name: str) -> bool:
        return name in self._processes and self._processes[name].running

    def up(self) -> None:
        """Everything in order; raises ProcessError with the end of the log of what did not come up."""
        self._start_storage_and_api()
        self._background.call(self._prepare())
        # Kinds that the server finds at its start are served soundly; see crds.watchable.
        self.restart_api()
        self._background.call(self._watchable())
        self.start_all()

    def restart_api(self) -> None:
        """Kills the API server and starts it on the same store; answers once it is ready again."""
        self._processes["kube-apiserver"].kill()
        self._start_api()

    def start_all(self) -> None:
        """The controllers that do not run; notification-controller first, so that the others' events have a taker."""
        for name in reversed(CONTROLLERS):
            self.resume(name)
            self.start(name)

    def start(self, name: str, kubeconfig: Path | None = None) -> None:
        """Starts a controller and returns when it is up; its Deployment says so."""
        if self.running(name):
            return
        recipe = controllers.recipe(
            self._built[name],
            kubeconfig=kubeconfig or self.admin_kubeconfig,
            folder=self.folder,
            ports=self._ports,
        )
        self._processes[name] = Process(recipe, self.guardian, on_end=lambda: self._ended(name))
        self._answers(name, f"http://127.0.0.1:{self._ports.health[name]}/readyz")
        self._background.call(self._show(name, wanted=True))

    def stop(self, name: str, *, kill: bool = False) -> None:
        """Scales a controller to nothing: the process ends and its Deployment asks for no replicas."""
        process = self._processes[name]
        self._background.call(self._show(name, wanted=False))
        process.kill() if kill else process.stop(grace=10)

    def crash(self, name: str) -> None:
        """Kills a controller while its Deployment goes on asking for one replica."""
        self._processes[name].kill()

    def pause(self, name: str) -> None:
        """The process stands still but stays; its Deployment looks as before."""
        self._processes[name].pause()

    def resume(self, name: str) -> None:
        if name in self._processes:
            self._processes[name].resume()

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        self.pause(name)
        try:
            yield
        finally:
            self.resume(name)

    @contextmanager
    def late_watch(self, name: str, plural: str, seconds: float) -> Iterator[None]:
        """Restarts a controller so that it learns of changes of one kind only after ``seconds``, then as before."""
        slow = SlowWatch(self.admin, plural, seconds)
        address = self._background.call(slow.open())
        kubeconfig = write_kubeconfig(
            self.folder / "late.kubeconfig", server=address, authority=None, user="admin", token="proxied"
        )
        try:
            self._restart(name, kubeconfig)
            yield
        finally:
            self._restart(name, None)
            self._background.call(slow.close())

    def logs(self) -> str:
        """The end of every log, for a failure's report."""
        return "\n\n".join(f"── {name}\n{tail(self.folder / f'{name}.log', 15)}" for name in _PARTS)

    def close(self) -> None:
        self._closing = True
        for name in reversed(_PARTS):
            with suppress(KeyError):
                self._processes[name].kill()
        self.guardian.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _restart(self, name: str, kubeconfig: Path | None) -> None:
        self._processes[name].stop(grace=10)
        self.start(name, kubeconfig)

    def _start_storage_and_api(self) -> None:
        etcd = f"http://127.0.0.1:{self._etcd}"
        self._launch(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{self._etcd_peer}",
            "--unsafe-no-fsync=true",
            "--log-level=error",
        )
        self._answers("etcd", f"{etcd}/health")
        self._start_api()

    def _start_api(self) -> None:
        self._launch("kube-apiserver", *self._api_flags(f"http://127.0.0.1:{self._etcd}"))
        self._answers("kube-apiserver", f"{self.server}/readyz")

    def _api_flags(self, etcd: str) -> list[str]:
        tokens = self.folder / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(self._tokens.lines())
        files = self._certificates
        return [
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port}",
            # A loopback bind makes it look for a default route, which a machine may lack; the address is never used.
            "--advertise-address=192.0.2.1",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={files.server}",
            f"--tls-private-key-file={files.server_key}",
            f"--service-account-issuer={self.server}",
            f"--service-account-key-file={files.accounts_key}",
            f"--service-account-signing-key-file={files.accounts_key}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--enable-priority-and-fairness=false",
            "--shutdown-delay-duration=0",
            f"--cert-dir={self.folder / 'pki'}",
        ]

    async def _prepare(self) -> None:
        definitions = crds.load(each.crds for each in self._built.values() if each.crds is not None)
        async with Api(self.admin) as api:
            await api.until(Ref("Namespace", "", "default"), lambda _: True)
            await api.apply({"kind": "Namespace", "metadata": {"name": FLUX_NAMESPACE}})
            await asyncio.gather(crds.establish(api, definitions), *(api.apply(each) for each in bot_rights()))

    async def _watchable(self) -> None:
        async with Api(self.admin) as api:
            await crds.watchable(api, (*FLUX_KINDS, "Event"))

    async def _show(self, name: str, *, wanted: bool | None) -> None:
        """Writes the Deployment (``wanted`` None: only its status, from what it asks for now)."""
        ref = Ref("Deployment", FLUX_NAMESPACE, name)
        async with Api(self.admin) as api:
            if wanted is None:
                applied = await api.get(ref)
            else:
                applied = await api.apply(controllers.deployment(name, self.versions[name], wanted=wanted))
            status = controllers.deployment_status(applied, runs=self.running(name))
            await api.patch(ref, {"status": status}, subresource="status")

    def _ended(self, name: str) -> None:
        if not self._closing:
            with suppress(ApiError, OSError, aiohttp.ClientError):
                self._background.call(self._show(name, wanted=None))

    def _launch(self, name: str, *flags: str) -> None:
        recipe = Recipe(name, [str(self._built[name].path), *flags], {}, self.folder / f"{name}.log")
        self._processes[name] = Process(recipe, self.guardian)

    def _answers(self, name: str, url: str, seconds: float = 60) -> None:
        """Returns once the address answers 200; a process that ends first says why."""
        context = self.admin.tls if url.startswith("https:") else None
        wait_for(
            lambda: _ok(url, context),
            f"{name} answers on {url}",
            seconds,
            meanwhile=self._processes[name].require_running,
            detail=self._processes[name].tail,
        )

    def _kubeconfig(self, user: str, token: str) -> Path:
        target = self.folder / f"{user}.kubeconfig"
        return write_kubeconfig(
            target, server=self.server, authority=self._certificates.authority, user=user, token=token
        )


@contextmanager
def running(built: Mapping[str, Built], background: Background) -> Iterator[ControlPlane]:
    """A control plane in a new temporary folder; everything ends and goes with the block."""
    folder = Path(tempfile.mkdtemp(prefix="flux-real-"))
    plane = ControlPlane(built, folder, background)
    try:
        plane.up()
        yield plane
    finally:
        plane.close()


def wait_for(
    holds: Callable[[], bool],
    what: str,
    seconds: float,
    *,
    meanwhile: Callable[[], None] = lambda: None,
    detail: Callable[[], str] = lambda: "",
) -> None:
    """Asks again every 50 ms; ProcessError with ``detail`` when the time is up."""
    deadline = monotonic() + seconds
    while not holds():
        meanwhile()
        if monotonic() > deadline:
            raise ProcessError(f"not within {seconds:.0f} s: {what}\n{detail()}")
        sleep(0.05)


def _ok(url: str, context: ssl.SSLContext | None) -> bool:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=context or ssl.create_default_context()),
    )
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
