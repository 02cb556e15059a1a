"""The world outside of the cluster: Git and Helm repositories, OCI registries and buckets, with their faults.

shop = origins.git("https://git.example.com/acme/shop")
revision = shop.push(Tree({"": Folder((config_map,))}), "Turn green")
shop.fault = Unauthorized()
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.demo.flux.contents import Chart, Content, Folder, Index, Tree, digest


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The credentials are refused."""


@dataclass(frozen=True, slots=True)
class Down:
    """The connection breaks off without an answer."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Each answer takes that many seconds."""

    seconds: float


Fault = Unauthorized | Down | Slow


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a branch; `sha` has 40 hex digits."""

    sha: str
    message: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class Pushed:
    """What an OCI tag points at; `notes` are the annotations of its manifest."""

    digest: str
    content: Content
    notes: Mapping[str, str] = field(default_factory=dict)


class Origin:
    """Something to fetch from. Set `fault` and it misbehaves; None heals it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.fault: Fault | None = None

    def break_auth(self) -> None:
        self.fault = Unauthorized()

    def heal(self) -> None:
        self.fault = None


class GitOrigin(Origin):
    """Branches and tags; the newest commit of a branch is its last."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.branches: dict[str, list[Commit]] = {}
        self.tags: dict[str, Commit] = {}

    def push(self, tree: Tree, message: str = "Change", branch: str = "main") -> str:
        """A commit; returns the revision as Flux names it, `main@sha1:…`."""
        line = self.branches.setdefault(branch, [])
        told = f"{self.url} {branch} {len(line)} {message} {digest(tree)}"
        line.append(Commit(hashlib.sha1(told.encode(), usedforsecurity=False).hexdigest(), message, tree))
        return f"{branch}@sha1:{line[-1].sha}"

    def push_folder(self, path: str, folder: Folder, message: str = "Change", branch: str = "main") -> str:
        """A commit that changes one folder and leaves the others."""
        tree = self.tree(branch)
        return self.push(replace(tree, folders={**tree.folders, path: folder}), message, branch)

    def push_broken(self, path: str, problem: str, message: str = "Break the build", branch: str = "main") -> str:
        """A commit after which the build of a folder fails with that text."""
        before = self.tree(branch).folders.get(path, Folder())
        return self.push_folder(path, replace(before, broken=problem), message, branch)

    def push_mended(self, path: str, message: str = "Mend the build", branch: str = "main") -> str:
        """A commit after which a folder builds and applies again."""
        before = self.tree(branch).folders.get(path, Folder())
        return self.push_folder(path, replace(before, broken="", refused=""), message, branch)

    def push_chart(self, path: str, chart: Chart, message: str = "Change", branch: str = "main") -> str:
        tree = self.tree(branch)
        return self.push(replace(tree, charts={**tree.charts, path: chart}), message, branch)

    def tag(self, name: str, branch: str = "main") -> None:
        """Tags the newest commit of a branch."""
        self.tags[name] = self.branches[branch][-1]

    def tree(self, branch: str = "main") -> Tree:
        line = self.branches.get(branch)
        return line[-1].tree if line else Tree()


class HelmOrigin(Origin):
    """A Helm repository over HTTP."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._charts: dict[tuple[str, str], Chart] = {}

    def publish(self, chart: Chart) -> str:
        """Adds a version, or replaces it; returns the revision of the new index."""
        self._charts[chart.name, chart.version] = chart
        return digest(self.index)

    @property
    def index(self) -> Index:
        return Index(tuple(self._charts.values()))


class OciOrigin(Origin):
    """One repository of an OCI registry."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.tags: dict[str, Pushed] = {}

    def push(self, tag: str, content: Content, *, revision: str = "", source: str = "") -> str:
        """Points a tag at a content; returns the revision as Flux names it, `tag@sha256:…`."""
        notes = {} if isinstance(content, Chart) else {"org.opencontainers.image.created": "2026-01-01T00:00:00Z"}
        notes |= {"org.opencontainers.image.revision": revision} if revision else {}
        notes |= {"org.opencontainers.image.source": source} if source else {}
        pushed = Pushed(digest([content, notes]), content, notes)
        self.tags[tag] = pushed
        return f"{tag}@{pushed.digest}"

    def push_chart(self, chart: Chart) -> str:
        """A chart under its version as tag."""
        return self.push(chart.version, chart)


class BucketOrigin(Origin):
    """A bucket, named by `endpoint/name`."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.tree = Tree()

    def put(self, tree: Tree) -> str:
        """Replaces everything; returns the revision, `sha256:…`."""
        self.tree = tree
        return digest(tree)


class Origins:
    """Every origin by its URL; one that was never named is empty and answers that it knows nothing."""

    def __init__(self) -> None:
        self._git: dict[str, GitOrigin] = {}
        self._helm: dict[str, HelmOrigin] = {}
        self._oci: dict[str, OciOrigin] = {}
        self._buckets: dict[str, BucketOrigin] = {}

    def git(self, url: str) -> GitOrigin:
        return self._git.setdefault(url, GitOrigin(url))

    def helm(self, url: str) -> HelmOrigin:
        return self._helm.setdefault(url.rstrip("/"), HelmOrigin(url.rstrip("/")))

    def oci(self, url: str) -> OciOrigin:
        return self._oci.setdefault(url.rstrip("/"), OciOrigin(url.rstrip("/")))

    def bucket(self, endpoint: str, name: str) -> BucketOrigin:
        return self._buckets.setdefault(f"{endpoint}/{name}", BucketOrigin(f"{endpoint}/{name}"))

    def all(self) -> list[Origin]:
        return [*self._git.values(), *self._helm.values(), *self._oci.values(), *self._buckets.values()]
