"""Revisions: how Flux writes them, how people read them, what changed between two (docs/flux.md, "Revisions")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from bot.core.resources import HelmRevision

_DIGEST: Final = re.compile(r"(?P<algorithm>[a-z0-9]+):(?P<hex>[0-9a-f]{7,128})")
_LEGACY: Final = re.compile(r"(?:(?P<name>.+)/)?(?P<hex>[0-9a-f]{40})")
_BUILD: Final = re.compile(r"(?P<version>.+\+)(?P<hex>(?=[0-9]*[a-f])[0-9a-f]{12})")
"""A chart version with what Flux adds to it; twelve digits without a letter are rather somebody's date."""
_HOST: Final = re.compile(r"[A-Za-z0-9_.-]+(:[0-9]+)?")
_SCP: Final = re.compile(r"(?:[\w.-]+@)?(?P<host>[A-Za-z0-9_.-]+):(?!//)(?P<path>[\w./~-]+)")
_SHORT: Final = 7


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision taken apart; `raw` is what equality means."""

    raw: str
    name: str = ""
    """Branch, tag or full ref; empty when there is none."""
    algorithm: str = ""
    """`sha1`, `sha256` …; empty for a version."""
    hex: str = ""

    @property
    def short(self) -> str:
        """`main@9d8e7f6`, `sha256:3b6cdcc`, `6.5.0+4f1c2a9`: what a phone has room for."""
        if not self.hex:
            return _short_version(self.raw)
        if self.name:
            return f"{self.name}@{self.hex[:_SHORT]}"
        return f"{self.algorithm}:{self.hex[:_SHORT]}" if self.algorithm else self.hex[:_SHORT]

    @property
    def commit(self) -> str:
        """The full Git commit, or empty: a digest of an artifact is none."""
        return self.hex if self.algorithm == "sha1" and len(self.hex) == 40 else ""


def _short_version(raw: str) -> str:
    build = _BUILD.fullmatch(raw)
    return build["version"] + build["hex"][:_SHORT] if build else raw


def parse_revision(raw: str) -> Revision:
    """Takes any of Flux's forms apart; never fails: what has no known form is its own name."""
    name, at, digest = raw.rpartition("@")
    known = _DIGEST.fullmatch(digest)
    if known:
        return Revision(raw, name if at else "", known["algorithm"], known["hex"])
    legacy = _LEGACY.fullmatch(raw)
    if legacy:
        return Revision(raw, legacy["name"] or "", "sha1", legacy["hex"])
    return Revision(raw)


def short(raw: str) -> str:
    """The short form of a revision; `(none)` for an empty one."""
    return parse_revision(raw).short if raw else "(none)"


@dataclass(frozen=True, slots=True)
class Change:
    """What a run changed, as far as status tells."""

    before: str
    """Revision; empty when there was none."""
    after: str
    created: tuple[str, ...] = ()
    """Inventory ids that are new: created or newly adopted."""
    removed: tuple[str, ...] = ()
    """Inventory ids that are gone from the source; whether they were deleted is another question."""
    counted: bool = False
    """Both inventories were known, so empty `created` and `removed` mean none."""
    helm_before: HelmRevision | None = None
    helm_after: HelmRevision | None = None
    link: str = ""
    """Compare page of both commits; empty when they are not both commits of one known forge."""
    rebuilt: bool = False
    """The built manifests differ although the revision does not: a substitution or a patch changed."""
    pushed: str = ""
    """The commit an ImageUpdateAutomation pushed."""

    @property
    def values_changed(self) -> bool:
        """Whether the Helm values are known to differ between the two releases."""
        if self.helm_before is None or self.helm_after is None:
            return False
        before, after = self.helm_before.config_digest, self.helm_after.config_digest
        return bool(before) and bool(after) and before != after


_KNOWN: Final[dict[str, str]] = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "bitbucket.org": "bitbucket",
    "codeberg.org": "gitea",
    "dev.azure.com": "azure",
}


Forges = tuple[tuple[str, str], ...]
"""Hosts and what kind of forge each of them is."""


@dataclass(frozen=True, slots=True)
class WebHome:
    """The web address of a repository: `https://HOST/PATH`, no trailing slash, no `.git`."""

    host: str
    path: str


def web_home(url: str) -> WebHome | None:
    """The page of a Git URL (https, ssh or scp-like); None when it cannot be one.

    Whoever is named in the URL is left out; so is a port that is ssh's own or https's usual one.
    """
    scp = _SCP.fullmatch(url)
    host, path = (scp["host"], scp["path"]) if scp else _split(url)
    path = unquote(path).strip("/").removesuffix(".git")
    if host == "ssh.dev.azure.com" and path.startswith("v3/"):
        host, path = "dev.azure.com", _azure_path(path)
    if not path or not _HOST.fullmatch(host):
        return None
    return WebHome(host.lower(), path)


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "", ""
    if parts.scheme not in {"http", "https", "ssh"}:
        return "", ""
    unusual = port is not None and parts.scheme != "ssh" and port != 443
    return (f"{host}:{port}" if unusual else host), parts.path


def _azure_path(path: str) -> str:
    """`v3/ORG/PROJECT/REPO`, as its ssh address has it, to the path of its page; empty when it is none."""
    pieces = path.split("/")
    return f"{pieces[1]}/{pieces[2]}/_git/{pieces[3]}" if len(pieces) == 4 else ""


def compare_link(url: str, before: str, after: str, forges: Forges = ()) -> str:
    """The page that compares two revisions of one repository; empty when there is none to be sure of.

    `forges` gives further hosts a kind of forge (a setting): `github`, `gitlab`, `gitea`, `bitbucket`,
    `bitbucket-server`, `azure`. Only commits are linked: tags and digests move.
    """
    old, new, home = parse_revision(before).commit, parse_revision(after).commit, web_home(url)
    if not old or not new or old == new or home is None:
        return ""
    kind = {**_KNOWN, **dict(forges)}.get(home.host, "")
    root = f"https://{home.host}/{quote(home.path, safe='/~')}"
    match kind:
        case "github" | "gitea":
            return f"{root}/compare/{old}...{new}"
        case "gitlab":
            return f"{root}/-/compare/{old}...{new}"
        case "bitbucket":
            return f"{root}/branches/compare/{new}%0D{old}"
        case "bitbucket-server":
            return f"{_server_root(home)}/compare/commits?sourceBranch={new}&targetBranch={old}"
        case "azure":
            return f"{root}/branchCompare?baseVersion=GC{old}&targetVersion=GC{new}"
        case _:
            return ""


def _server_root(home: WebHome) -> str:
    path = home.path.removeprefix("scm/")
    project, _, repo = path.partition("/")
    return f"https://{home.host}/projects/{quote(project)}/repos/{quote(repo)}"


@dataclass(frozen=True, slots=True)
class Applied:
    """An inventory id taken apart."""

    kind: str
    namespace: str
    name: str
    group: str = ""

    def __str__(self) -> str:
        """`Deployment/shop/web`, or `Namespace/shop` for what lives in no namespace."""
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


def parse_inventory_id(raw: str) -> Applied:
    """`<namespace>_<name>_<group>_<kind>` taken apart; an unknown shape is shown as it is."""
    pieces = raw.split("_")
    if len(pieces) < 4:
        return Applied(kind="object", namespace="", name=raw)
    namespace, name, group, kind = pieces[0], "_".join(pieces[1:-2]), pieces[-2], pieces[-1]
    return Applied(kind=kind, namespace=namespace, name=name.replace("__", ":"), group=group)
