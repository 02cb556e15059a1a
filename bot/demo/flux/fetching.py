"""What source-controller fetches: Git, OCI, Helm repositories and buckets, and how each of them fails."""

from collections.abc import Iterable, Sequence
from typing import Final, NoReturn, assert_never

from bot.demo.flux import durations, kinds, semver
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.contents import digest, size
from bot.demo.flux.fetched import Fetched, Problem, Result
from bot.demo.flux.kinds import Kind
from bot.demo.flux.origins import Commit, Down, GitOrigin, Origin, Slow, Unauthorized
from bot.demo.flux.shapes import Json, Key, artifact, key, spec

_ANSWERS: Final = 0.02
_TIMEOUT: Final = 60.0


class _Plain:
    """A kind that depends on nothing else in the cluster."""

    kind: Kind
    watched: Sequence[Kind] = ()

    def triggered(self, old: Json | None, new: Json, own: Iterable[Json]) -> Iterable[Key]:
        return ()

    def is_static(self, obj: Json) -> bool:
        return False


async def ask(attempt: Attempt, origin: Origin, failed: dict[str, str]) -> None:
    """Takes the time that the origin takes. Raises Problem with the words that `failed` has for its fault.

    `failed` has `reason`, `prefix`, `url`, and `auth`, the reason for refused credentials.
    """
    timeout = durations.seconds(spec(attempt.obj).get("timeout"), _TIMEOUT)
    fault = origin.fault
    match fault:
        case None:
            await attempt.work(_ANSWERS)
        case Slow(wait) if wait < timeout:
            await attempt.work(wait)
        case Slow():
            await attempt.work(timeout)
            _fail(failed, f'Get "{failed["url"]}": context deadline exceeded')
        case Down():
            await attempt.work(_ANSWERS)
            _fail(failed, f'Get "{failed["url"]}": EOF')
        case Unauthorized():
            await attempt.work(_ANSWERS)
            raise Problem(failed["auth"], f"{failed['prefix']}{failed['refused']}")
        case _ as never:
            assert_never(never)


def _fail(failed: dict[str, str], text: str) -> NoReturn:
    raise Problem(failed["reason"], f"{failed['prefix']}{text}")


class GitFetcher(_Plain):
    """GitRepository: a branch, a tag, a range of tags or a commit."""

    kind = kinds.GIT

    async def fetch(self, attempt: Attempt) -> Fetched | Result:
        url = str(spec(attempt.obj).get("url", ""))
        if not url.startswith(("http://", "https://", "ssh://")):
            raise Problem("URLInvalid", f"invalid Git repository URL '{url}'", stalls=True)
        # Without an artifact it clones at once; with one it first asks whether there is anything new.
        doing = "list remote for" if artifact(attempt.obj) else "clone"
        prefix = f"failed to checkout and determine revision: unable to {doing} '{url}': "
        where = {
            "prefix": prefix,
            "url": f"{url}/info/refs?service=git-upload-pack",
            "refused": "authentication required: ",
        }
        origin = attempt.world.origins.git(url)
        await ask(attempt, origin, where | {"reason": "GitOperationFailed", "auth": "GitOperationFailed"})
        name, commit = _checkout(origin, spec(attempt.obj).get("ref") or {})
        revision = f"{name}@sha1:{commit.sha}" if name else f"sha1:{commit.sha}"
        unchanged = (artifact(attempt.obj) or {}).get("revision") == revision
        stored = f"stored artifact for commit '{revision if unchanged else commit.message.splitlines()[0]}'"
        return Fetched(
            revision=revision,
            content=commit.tree,
            file=f"{commit.sha}.tar.gz",
            found=f"new upstream revision '{revision}'",
            stored=f"stored artifact for revision '{revision}'",
            told=stored,
            upkeep=(
                "GitOperationSucceeded",
                f"no changes since last reconciliation: observed revision '{revision}'",
            ),
        )


def _checkout(origin: GitOrigin, ref: Json) -> tuple[str, Commit]:
    """The name and the commit that a reference means."""
    if wanted := ref.get("commit"):
        line = [commit for line in origin.branches.values() for commit in line if commit.sha == wanted]
        return (str(ref.get("branch", "")), line[0]) if line else _no_ref(f"commit '{wanted}'")
    if name := ref.get("name"):
        branch = str(name).removeprefix("refs/heads/")
        return (str(name), origin.branches[branch][-1]) if branch in origin.branches else _no_ref(str(name))
    tag = ref.get("tag") or (semver.newest(list(origin.tags), str(ref["semver"])) if ref.get("semver") else None)
    if tag or ref.get("semver"):
        return (str(tag), origin.tags[str(tag)]) if tag in origin.tags else _no_ref(f"refs/tags/{tag}")
    branch = str(ref.get("branch") or "master")
    if not origin.branches:
        raise Problem("EmptyGitRepository", "git repository is empty")
    line = origin.branches.get(branch, [])
    return (branch, line[-1]) if line else _no_ref(f"refs/heads/{branch}")


def _no_ref(what: str) -> NoReturn:
    text = f'failed to checkout and determine revision: couldn\'t find remote ref "{what}"'
    raise Problem("GitOperationFailed", text)


class OciFetcher(_Plain):
    """OCIRepository: a tag, a range of tags or a digest."""

    kind = kinds.OCI

    async def fetch(self, attempt: Attempt) -> Fetched | Result:
        url = str(spec(attempt.obj).get("url", ""))
        if not url.startswith("oci://"):
            raise Problem(
                "URLInvalid", f"URL must be in format 'oci://<domain>/<org>/<repo>', got '{url}'", stalls=True
            )
        origin = attempt.world.origins.oci(url)
        host, _, path = url.removeprefix("oci://").partition("/")
        manifests = f"http://{host}/v2/{path}/manifests"
        ref = spec(attempt.obj).get("ref") or {}
        tag = _tag(ref, list(origin.tags))
        where = {"prefix": "failed to determine artifact digest: ", "url": f"{manifests}/{tag}"}
        where |= {"reason": "OCIArtifactPullFailed", "auth": "AuthenticationFailed"}
        await ask(
            attempt, origin, where | {"refused": f"GET {manifests}/{tag}: UNAUTHORIZED: authentication required"}
        )
        found = ref.get("digest")
        pushed = next((each for each in origin.tags.values() if each.digest == found), None) if found else None
        pushed = pushed or origin.tags.get(tag)
        if pushed is None:
            text = f"{where['prefix']}GET {manifests}/{found or tag}: MANIFEST_UNKNOWN: Unknown manifest"
            raise Problem("OCIArtifactPullFailed", text)
        revision = pushed.digest if found else f"{tag}@{pushed.digest}"
        namespace, name = key(attempt.obj)
        return Fetched(
            revision=revision,
            content=pushed.content,
            file=f"{pushed.digest}.tar.gz",
            found=f"new revision '{revision}' for '{host}/{path}{'@' + found if found else ':' + tag}'",
            stored=f"stored artifact for digest '{revision}'",
            told=f"stored artifact with revision '{revision}' from '{url}'{_origin_of(pushed.notes)}",
            upkeep=("ArtifactUpToDate", f"artifact up-to-date with remote revision: '{revision}'"),
            notes=dict(pushed.notes),
            status={"url": f"http://{_STORAGE}/ocirepository/{namespace}/{name}/latest.tar.gz"},
        )


_STORAGE: Final = "source-controller.flux-system.svc.cluster.local."


def _tag(ref: Json, tags: list[str]) -> str:
    if wanted := ref.get("semver"):
        fitting = semver.newest(tags, str(wanted))
        if fitting is None:
            raise Problem(
                "ReadOperationFailed", f"failed to determine the artifact tag: no match found for semver: {wanted}"
            )
        return fitting
    return str(ref.get("tag") or "latest")


def _origin_of(notes: object) -> str:
    found = notes if isinstance(notes, dict) else {}
    source = found.get("org.opencontainers.image.source")
    revision = found.get("org.opencontainers.image.revision")
    return (f", origin source '{source}'" if source else "") + (f", origin revision '{revision}'" if revision else "")


class HelmRepositoryFetcher(_Plain):
    """HelmRepository of the default type: its index."""

    kind = kinds.HELM_REPOSITORY

    def is_static(self, obj: Json) -> bool:
        """One of type oci has no reconciler."""
        return spec(obj).get("type") == "oci"

    async def fetch(self, attempt: Attempt) -> Fetched | Result:
        url = str(spec(attempt.obj).get("url", ""))
        if not url.startswith(("http://", "https://")):
            raise Problem(
                "URLInvalid", f"invalid Helm repository URL: scheme of '{url}' is not supported", stalls=True
            )
        origin = attempt.world.origins.helm(url)
        address = f"{url.rstrip('/')}/index.yaml"
        where = {"prefix": "failed to fetch Helm repository index: ", "url": address, "reason": "IndexationFailed"}
        refused = f"failed to fetch {address} : 401 Unauthorized"
        await ask(attempt, origin, where | {"auth": "AuthenticationFailed", "refused": refused})
        index = origin.index
        revision = digest(index)
        namespace, name = key(attempt.obj)
        return Fetched(
            revision=revision,
            content=index,
            file=f"index-{revision.partition(':')[2]}.yaml",
            found=f"new index revision '{revision}'",
            stored=f"stored artifact: revision '{revision}'",
            told=f"stored fetched index of size {_bytes(size(index))} from '{url}'",
            upkeep=("ArtifactUpToDate", f"artifact up-to-date with remote revision: '{revision}'"),
            status={"url": f"http://{_STORAGE}/helmrepository/{namespace}/{name}/index.yaml"},
        )


def _bytes(count: int) -> str:
    return f"{count}B" if count < 1000 else f"{count / 1000:.4g}kB"


class BucketFetcher(_Plain):
    """Bucket: everything in it."""

    kind = kinds.BUCKET

    async def fetch(self, attempt: Attempt) -> Fetched | Result:
        wanted = spec(attempt.obj)
        endpoint, bucket = str(wanted.get("endpoint", "")), str(wanted.get("bucketName", ""))
        origin = attempt.world.origins.bucket(endpoint, bucket)
        where = {
            "prefix": f"failed to confirm existence of '{bucket}' bucket: ",
            "url": f"https://{endpoint}/{bucket}/",
        }
        where |= {"reason": "BucketOperationFailed", "auth": "BucketOperationFailed", "refused": "Access Denied."}
        await ask(attempt, origin, where)
        revision = digest(origin.tree)
        return Fetched(
            revision=revision,
            content=origin.tree,
            file=f"{revision.partition(':')[2]}.tar.gz",
            found=f"new upstream revision '{revision}'",
            stored=f"stored artifact: revision '{revision}'",
            told=f"stored artifact with {len(origin.tree.folders)} fetched files from '{bucket}' bucket",
            upkeep=("ArtifactUpToDate", f"artifact up-to-date with remote revision: '{revision}'"),
        )
