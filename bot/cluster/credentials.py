"""Where a cluster is and who we are there: kubeconfig contexts, service accounts, and tokens that run out.

The official client reads the configuration and runs exec plugins; it does so once. Renewing before the end and after
a 401 is done here (docs/kubernetes.md, "Credentials").
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol, cast

import yaml
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.incluster_config import InClusterConfigLoader
from kubernetes.aio.config.kube_config import KubeConfigLoader, KubeConfigMerger

from bot.clock import Clock
from bot.core.errors import Unauthorized
from bot.core.kinds import KINDS, Kind

_MOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SKEW: Final = timedelta(seconds=60)
"""A token is renewed this long before it ends."""
_REREAD: Final = timedelta(seconds=60)
"""Tokens in files are read again after this long; kubelet rotates them without telling."""
_AT_MOST_EVERY: Final = timedelta(seconds=5)
"""However short-lived tokens are, and however often the server says 401."""
_FAILED_FOR: Final = timedelta(seconds=2)
"""A failure is everybody's for so long: a plugin is not run again for each who asks."""
_PLUGIN_SECONDS: Final = 30.0
_UNUSABLE: Final = (
    ConfigException,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    yaml.YAMLError,
)
"""What the client's loader meets a broken file with."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Where a pod finds its own cluster and token."""

    token_file: Path = _MOUNT / "token"
    authority_file: Path = _MOUNT / "ca.crt"
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """Names KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT."""


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """One cluster to talk to, as the operator described it."""

    name: str
    kubeconfig: Path | None = None
    """None: as kubectl finds it, $KUBECONFIG or the file in the home directory."""
    context: str | None = None
    """None: the kubeconfig's current context."""
    in_cluster: bool = False
    """Use the pod's own service account; `kubeconfig` and `context` are then not looked at."""
    flux_namespace: str = "flux-system"
    namespaces: tuple[str, ...] = ()
    """Watch these namespaces only, for a bot without cluster-wide rights; empty: all."""
    frozen: str = ""
    """Words for why nothing is written there; empty where writing is allowed."""
    kinds: tuple[Kind, ...] = KINDS
    """The kinds to watch."""
    proxy: str | None = None
    """URL of an HTTP proxy. The environment's HTTPS_PROXY and NO_PROXY are never looked at here."""
    lenient_certificates: bool = False
    """Accept certificate authorities that strict X.509 checks (Python 3.13) refuse, as some clouds still have."""
    compress: bool | None = None
    """Ask for gzip; None: outside the cluster only, since inside it costs more than it saves."""
    service_account: ServiceAccount = field(default_factory=ServiceAccount)

    @property
    def compressed(self) -> bool:
        return not self.in_cluster if self.compress is None else self.compress


class _Loader(Protocol):
    async def load_and_set(self, configuration: Configuration) -> None: ...


class _Mount(Protocol):
    def load_and_set(self, configuration: Configuration) -> None: ...


class _Node(Protocol):
    """What the client makes of a part of a kubeconfig."""

    def __getitem__(self, key: str) -> object: ...
    def __contains__(self, key: str) -> bool: ...
    def get_with_name(self, name: str, safe: bool = ...) -> _Node | None: ...


# The client's loaders carry no types; these say what we use of them.
_kubeconfig_loader: Final[Callable[..., _Loader]] = KubeConfigLoader
_merged: Final[Callable[[str], KubeConfigMerger]] = KubeConfigMerger
_mount_loader: Final[Callable[..., _Mount]] = InClusterConfigLoader


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, and when it has to be loaded again to stay valid."""

    configuration: Configuration
    renew_at: datetime | None = None


class Credentials:
    """One cluster's configuration, renewed when its token is about to end and when the server refused it.

    A plugin may take longer than the request that needs it, so loading goes on when that request gives up: one
    loading at a time, ended by its own limit or by `close`.
    """

    def __init__(self, spec: ClusterSpec, clock: Clock) -> None:
        self._spec = spec
        self._clock = clock
        self._loading: asyncio.Task[Loaded] | None = None
        self._loaded: Loaded | None = None
        self._failure: Unauthorized | None = None
        self._tried_at = clock.now()
        self.generation = 0
        """Counts the loads that changed something."""

    async def current(self) -> Configuration:
        """The configuration to use now. Raises Unauthorized when there is none to be had."""
        if self._loaded is None:
            return (await self._load()).configuration
        due = self._loaded.renew_at
        if due is None or self._clock.now() < max(due, self._tried_at + _AT_MOST_EVERY):
            return self._loaded.configuration
        try:
            return (await self._load()).configuration
        except Unauthorized:
            # The old token may have a minute left; when it has not, the server will say so.
            return self._loaded.configuration

    async def renew(self, refused: int) -> bool:
        """After a 401 to a request of generation `refused`: loads anew; True when it is worth another try."""
        if self.generation != refused:
            return True
        under_way = self._loading is not None and not self._loading.done()
        if not under_way and self._clock.now() < self._tried_at + _AT_MOST_EVERY:
            return False
        await self._load()
        return self.generation != refused

    async def close(self) -> None:
        """Ends a loading that is under way."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)

    async def _load(self) -> Loaded:
        if self._loading is None or self._loading.done():
            if self._failure is not None and self._clock.now() < self._tried_at + _FAILED_FOR:
                raise Unauthorized(self._spec.name, str(self._failure))
            self._loading = asyncio.create_task(self._load_anew(), name=f"credentials of {self._spec.name}")
            self._loading.add_done_callback(_retrieve)
        return await asyncio.shield(self._loading)

    async def _load_anew(self) -> Loaded:
        now = self._tried_at = self._clock.now()
        before, self._failure = self._loaded, None
        try:
            loaded = await self._read(now)
        except Unauthorized as error:
            self._failure = error
            raise
        if before is not None and fingerprint(before.configuration) == fingerprint(loaded.configuration):
            # The same again: keep the object, so that its connections are kept too.
            self._loaded = Loaded(before.configuration, loaded.renew_at)
        else:
            self.generation += 1
            self._loaded = loaded
        return self._loaded

    async def _read(self, now: datetime) -> Loaded:
        try:
            if self._spec.in_cluster:
                return self._from_mount(now)
            async with self._clock.timeout(_PLUGIN_SECONDS):
                return await self._from_kubeconfig(now)
        except TimeoutError as error:
            raise self._refused(f"the credential plugin took longer than {_PLUGIN_SECONDS:g} s") from error
        except _UNUSABLE as error:
            # Its words may quote the file, ours do not.
            where = "the service account's mount" if self._spec.in_cluster else "the kubeconfig"
            raise self._refused(f"{where} cannot be used: {_what_is_wrong(error)}") from error

    def _from_mount(self, now: datetime) -> Loaded:
        account = self._spec.service_account
        configuration = self._blank()
        _mount_loader(
            token_filename=str(account.token_file),
            cert_filename=str(account.authority_file),
            try_refresh_token=False,
            environ=dict(account.environment),
        ).load_and_set(configuration)
        _use_token(configuration)
        return Loaded(configuration, now + _REREAD)

    async def _from_kubeconfig(self, now: datetime) -> Loaded:
        path = self._spec.kubeconfig
        chosen = str(path) if path is not None else os.environ.get("KUBECONFIG", "~/.kube/config")
        merged = _merged(chosen).config
        if merged is None:
            raise self._refused("there is no kubeconfig")
        configuration = self._blank()
        loader = _kubeconfig_loader(config_dict=merged, active_context=self._spec.context, config_base_path=None)
        await loader.load_and_set(configuration)
        if self._spec.proxy is not None:
            configuration.proxy = self._spec.proxy
        _use_token(configuration)
        user = _user(cast("_Node", merged), self._spec.context)
        if user is None:
            return Loaded(configuration)
        if "exec" in user:
            if "BearerToken" not in configuration.api_key and configuration.cert_file is None:
                raise self._refused("the kubeconfig's credential plugin gave no credential")
            expiry = getattr(loader, "exec_plugin_expiry", None)
            return Loaded(configuration, expiry - _SKEW if isinstance(expiry, datetime) else None)
        return Loaded(configuration, now + _REREAD if "tokenFile" in user else None)

    def _blank(self) -> Configuration:
        configuration = Configuration()
        configuration.proxy = self._spec.proxy
        configuration.disable_strict_ssl_verification = self._spec.lenient_certificates
        # trust_env would let the environment's proxies and a netrc file speak for us.
        configuration.client_session_kwargs = {"trust_env": False}
        return configuration

    def _refused(self, why: str) -> Unauthorized:
        return Unauthorized(self._spec.name, f"{self._spec.name}: {why}")


def fingerprint(configuration: Configuration) -> tuple[object, ...]:
    """What makes two configurations the same to a server: address, certificates and token."""
    return (*connection(configuration), configuration.api_key.get("BearerToken"))


def connection(configuration: Configuration) -> tuple[object, ...]:
    """The part of it that an open connection depends on."""
    return (
        configuration.host,
        configuration.ssl_ca_cert,
        configuration.cert_file,
        configuration.key_file,
        configuration.verify_ssl,
        configuration.tls_server_name,
        configuration.proxy,
    )


def _retrieve(loading: asyncio.Task[Loaded]) -> None:
    # Everybody who waited was told; with nobody left the failure is told at the next call.
    if not loading.cancelled():
        loading.exception()


def _use_token(configuration: Configuration) -> None:
    # A file written by hand ends in a newline, which no header may hold.
    token = configuration.api_key.get("BearerToken")
    if token is not None:
        scheme, _, secret = token.partition(" ")
        configuration.api_key["BearerToken"] = f"{scheme.capitalize()} {secret.strip()}"


def _user(config: _Node, context: str | None) -> _Node | None:
    """The user entry of a context; None when the context names none."""
    name = context if context is not None else cast("str", config["current-context"])
    entry = cast("_Node", config["contexts"]).get_with_name(name)
    if entry is None or "user" not in (inner := cast("_Node", entry["context"])):
        return None
    named = cast("_Node", config["users"]).get_with_name(cast("str", inner["user"]), safe=True)
    if named is None:
        # Going there as nobody would only be refused, and nobody would know why.
        raise LookupError
    return cast("_Node", named["user"])


def _what_is_wrong(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return "a file that it needs is missing"
        case OSError():
            return "a file that it needs cannot be read"
        case yaml.YAMLError():
            return "it is no YAML"
        case ConfigException() | LookupError():
            return "something is missing in it, or its context does not exist"
        case _:
            return "it is malformed"
