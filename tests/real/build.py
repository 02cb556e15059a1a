"""Builds the control plane's programs from the modules pinned in ``go/*/go.mod``, outside the repository.

A program is built once per set of pins, flags and Go version, then found again in the cache. Nothing is built while
tests run: the runner builds first (docs/real.md).
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "go"
DISK_NEEDED = 12 * 1024**3
GO_NEEDED = (1, 26)
_VERSION_PACKAGE = "k8s.io/component-base/version"


@dataclass(frozen=True, slots=True)
class Tool:
    """One program: the folder of its pins below ``go/``, its main package, and the module that gives its version."""

    name: str
    package: str
    module: str
    folder: str = ""
    has_crds: bool = False
    stamped: bool = False

    @property
    def pins(self) -> Path:
        return MODULES / (self.folder or self.name)

    def version(self) -> str:
        """The pinned version of the program's module, as go.mod writes it."""
        found = re.search(rf"^\s*{re.escape(self.module)} (v\S+)", (self.pins / "go.mod").read_text(), re.MULTILINE)
        if found is None:
            raise BuildError(f"{self.pins / 'go.mod'} does not pin {self.module}")
        return found[1]

    def ldflags(self) -> str:
        """Stripped; the API server also learns its version, which charts with ``kubeVersion`` ask for."""
        if not self.stamped:
            return "-s -w"
        version = self.version()
        major, minor, _patch = version.removeprefix("v").split(".", 2)
        stamps = {
            "gitVersion": version,
            "gitMajor": major,
            "gitMinor": minor,
            "gitCommit": "0" * 40,
            "gitTreeState": "clean",
            "buildDate": "2026-01-01T00:00:00Z",
        }
        return " ".join(["-s -w", *(f"-X {_VERSION_PACKAGE}.{key}={value}" for key, value in stamps.items())])


def _flux(name: str) -> Tool:
    module = f"github.com/fluxcd/{name}"
    return Tool(name, package=module, module=module, has_crds=True)


CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
REGISTRY = Tool(
    "registry",
    package="github.com/google/go-containerregistry/cmd/registry",
    module="github.com/google/go-containerregistry",
)
TOOLS = (
    REGISTRY,
    Tool("etcd", package="go.etcd.io/etcd/server/v3", module="go.etcd.io/etcd/server/v3"),
    Tool(
        "kube-apiserver",
        package="k8s.io/kubernetes/cmd/kube-apiserver",
        module="k8s.io/kubernetes",
        stamped=True,
    ),
    *(_flux(name) for name in CONTROLLERS),
)


class BuildError(Exception):
    """A program could not be built; the message holds the end of the compiler's words."""


@dataclass(frozen=True, slots=True)
class Built:
    """A program in the cache. ``crds`` holds the folder with its CustomResourceDefinitions, if it has any."""

    tool: Tool
    path: Path
    crds: Path | None

    def digest(self) -> str:
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Unable:
    """Why the suite cannot run here: one of the three reasons that may skip it."""

    why: str


def cache() -> Path:
    """``FLUX_BOT_TEST_CACHE``, else a folder of ours below the user's cache."""
    if given := os.environ.get("FLUX_BOT_TEST_CACHE"):
        return Path(given)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "flux-reconcile-bot" / "real"


def probe(tools: Sequence[Tool] = TOOLS) -> Unable | None:
    """Nothing if the suite can run here. Registry and disk matter only if something must be built."""
    go = shutil.which("go")
    if go is None:
        return Unable("no Go on the PATH")
    version = _go_version()
    if version is None or version < GO_NEEDED:
        return Unable(f"no Go {GO_NEEDED[0]}.{GO_NEEDED[1]} or newer on the PATH")
    missing = [tool for tool in tools if _cached(tool) is None]
    if not missing:
        return None
    free = shutil.disk_usage(_existing(cache())).free
    if free < DISK_NEEDED:
        return Unable(f"{free / 1024**3:.1f} GiB free disk, building {len(missing)} programs needs 12")
    if not all(_modules_at_hand(tool) for tool in missing) and (silent := _registry_silent()):
        return Unable(f"no Go module registry answers: {silent}")
    return None


def build_all(tools: Sequence[Tool] = TOOLS) -> dict[str, Built]:
    """Builds what the cache lacks, one program at a time, and says so on standard output."""
    with _lock():
        return {tool.name: _cached(tool) or _build(tool) for tool in tools}


def cached_all(tools: Sequence[Tool] = TOOLS) -> dict[str, Built]:
    """What a run of the suite uses; raises BuildError if a program is not in the cache yet."""
    found = {tool.name: _cached(tool) for tool in tools}
    if missing := [name for name, built in found.items() if built is None]:
        raise BuildError(f"not built yet: {', '.join(missing)}; run `python -m tests.real build`")
    return {name: built for name, built in found.items() if built is not None}


def _go(*args: str, folder: Path, seconds: float, **environment: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"} | environment
    return subprocess.run(
        ["go", *args], cwd=folder, env=env, capture_output=True, text=True, timeout=seconds, check=False
    )


def _go_version() -> tuple[int, int] | None:
    found = re.search(r"go(\d+)\.(\d+)", _go("env", "GOVERSION", folder=MODULES, seconds=30).stdout)
    return (int(found[1]), int(found[2])) if found else None


def _modules_at_hand(tool: Tool) -> bool:
    return _go("list", "-deps", tool.package, folder=tool.pins, seconds=120, GOPROXY="off").returncode == 0


def _registry_silent() -> str:
    """Empty if a list of versions can be had (never cached, so it always asks), else the last line of the error."""
    try:
        asked = _go("list", "-m", "-versions", REGISTRY.module, folder=REGISTRY.pins, seconds=60)
    except subprocess.TimeoutExpired:
        return "no answer within 60 s"
    return "" if asked.returncode == 0 else _last_line(asked.stderr)


def _key(tool: Tool) -> str:
    digest = hashlib.sha256()
    for part in (
        (tool.pins / "go.mod").read_bytes(),
        (tool.pins / "go.sum").read_bytes(),
        f"{tool.package} {tool.ldflags()} {_go('env', 'GOVERSION', folder=MODULES, seconds=30).stdout}".encode(),
    ):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _cached(tool: Tool) -> Built | None:
    folder = cache() / f"{tool.name}-{_key(tool)}"
    if not (folder / tool.name).is_file():
        return None
    return Built(tool, folder / tool.name, folder / "crds" if tool.has_crds else None)


def _build(tool: Tool) -> Built:
    """Compiles beside the program's place and moves it there when done: a killed build leaves nothing half."""
    print(f"building {tool.name} {tool.version()} …", flush=True)
    began = time.monotonic()
    home = cache() / f"{tool.name}-{_key(tool)}"
    fresh = home.with_suffix(".unfinished")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    flags = [
        "-p",
        "2",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        tool.ldflags(),
        "-o",
        str(fresh / tool.name),
    ]
    result = _go("build", *flags, tool.package, folder=tool.pins, seconds=3600)
    if result.returncode != 0:
        raise BuildError(f"{tool.name} does not compile:\n{result.stderr[-2000:]}")
    if tool.has_crds:
        shutil.copytree(_module_folder(tool) / "config" / "crd" / "bases", fresh / "crds", copy_function=_copy_plain)
    shutil.rmtree(home, ignore_errors=True)
    fresh.rename(home)
    print(f"built {tool.name} in {time.monotonic() - began:.0f} s", flush=True)
    return Built(tool, home / tool.name, home / "crds" if tool.has_crds else None)


def _module_folder(tool: Tool) -> Path:
    found = _go("list", "-m", "-f", "{{.Dir}}", tool.module, folder=tool.pins, seconds=120)
    if not found.stdout.strip():
        raise BuildError(f"the module cache has no {tool.module}: {_last_line(found.stderr)}")
    return Path(found.stdout.strip())


def _copy_plain(source: str, target: str) -> None:
    """The module cache is read-only; the copies must not be, or nobody can remove them."""
    shutil.copyfile(source, target)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"


@contextmanager
def _lock() -> Iterator[None]:
    """Two runs at once would otherwise build the same program twice, at two gigabytes each."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
