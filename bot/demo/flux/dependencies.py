"""`spec.dependsOn` of Kustomizations and HelmReleases; read from the server itself, not from the cache
(docs/flux.md, Dependencies and health)."""

from bot.demo.flux import cel, conditions
from bot.demo.flux.api import NotFound
from bot.demo.flux.attempt import Attempt
from bot.demo.flux.shapes import Json, generation, observed, shown, spec


class NotReady(Exception):
    """A dependency is not ready; the text names it."""


async def check(attempt: Attempt, missing: str, revision: str = "") -> None:
    """Raises NotReady, and cel.Invalid for a readyExpr that cannot be read.

    `missing` words a dependency that is not there, with `{place}` and `{error}`. With `revision`, a dependency on the
    same source must have applied it.
    """
    for each in spec(attempt.obj).get("dependsOn") or []:
        place = (str(each.get("namespace") or attempt.place[0]), str(each["name"]))
        try:
            found = await attempt.world.api.get(attempt.kind.path(place))
        except NotFound as error:
            raise NotReady(missing.format(place=shown(place), error=error)) from error
        if expression := each.get("readyExpr"):
            if not cel.holds(cel.compiled(str(expression)), {"self": attempt.obj, "dep": found}):
                raise NotReady(f"dependency '{shown(place)}' is not ready according to readyExpr eval")
            continue
        if generation(found) != observed(found) or conditions.state(found) != "True":
            raise NotReady(f"dependency '{shown(place)}' is not ready")
        applied = (found.get("status") or {}).get("lastAppliedRevision")
        if revision and source_of(found) == source_of(attempt.obj) and applied != revision:
            raise NotReady(f"dependency '{shown(place)}' revision is not up to date")


def source_of(obj: Json) -> tuple[str, str, str]:
    """Kind, namespace and name of a Kustomization's source."""
    ref = spec(obj).get("sourceRef") or {}
    namespace = str(ref.get("namespace") or obj["metadata"].get("namespace", ""))
    return str(ref.get("kind")), namespace, str(ref.get("name"))
