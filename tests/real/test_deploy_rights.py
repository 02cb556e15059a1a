"""The rights that deploy/ gives to the bot's account, asked of the real API server: these, and no others."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.deploy.rendered import ACCOUNT, BASE, DEPLOY, EXAMPLE, FLUX_NAMESPACE, NAME, Json, rendered
from tests.real.api import FORCED, REQUESTED, RESET, Access, Api, ApiError, Object, Ref, path
from tests.real.control_plane import ControlPlane
from tests.real.deployed import ACCOUNTS, Checkout, token_of
from tests.real.objects import git_repository

pytestmark = pytest.mark.timeout(240)

Right = tuple[str, str, str]
"""Verb, API group and plural; the plural may be `PLURAL/SUBRESOURCE`."""


@asynccontextmanager
async def as_account(plane: ControlPlane, api: Api, name: str = NAME) -> AsyncIterator[Api]:
    """A client with a token of that account of the bot's namespace."""
    async with Api(Access(plane.server, plane.admin.tls, await token_of(api, name))) as client:
        yield client


@pytest.fixture
async def applied(control_plane: ControlPlane, tmp_path: Path) -> Checkout:
    """The example as it stands, by the real kubectl, without a word of warning."""
    checkout = Checkout.at(tmp_path, control_plane)
    said = await checkout.type(["kubectl", "apply", "--server-side", "-k", "deploy/kustomize/example"])
    assert said.err == ""
    assert len(said.out.splitlines()) == len(rendered(EXAMPLE).objects)
    return checkout


async def rules_of(client: Api, namespace: str) -> set[Right]:
    """By SelfSubjectRulesReview, which `kubectl auth can-i --list` shows."""
    wanted = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    status = (await client.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", wanted))["status"]
    assert status["incomplete"] is False
    assert [rule for rule in status["resourceRules"] if rule.get("resourceNames")] == []
    return {
        (verb, group, plural)
        for rule in status["resourceRules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for plural in rule["resources"]
    }


@pytest.mark.usefixtures("applied")
async def test_the_list_of_its_rights_is_what_was_rendered_and_what_everybody_has(
    control_plane: ControlPlane, api: Api, namespace: str
) -> None:
    await api.call("POST", ACCOUNTS, {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": namespace}})
    granted = rendered(BASE).grants()
    everywhere = {right[:3] for right in granted if right[3] == ""}
    async with as_account(control_plane, api) as bot, as_account(control_plane, api, namespace) as nobody:
        for place in (NAME, namespace, FLUX_NAMESPACE):
            here = {right[:3] for right in granted if right[3] == place}
            assert await rules_of(bot, place) - await rules_of(nobody, place) == everywhere | here


VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
SPECIAL: tuple[Right, ...] = (
    *(("impersonate", "", plural) for plural in ("users", "groups", "serviceaccounts")),
    ("impersonate", "authentication.k8s.io", "userextras"),
    *(
        (verb, "rbac.authorization.k8s.io", plural)
        for verb in ("bind", "escalate")
        for plural in ("roles", "clusterroles")
    ),
    ("create", "", "serviceaccounts/token"),
    ("use", "policy", "podsecuritypolicies"),
    ("approve", "certificates.k8s.io", "signers"),
    ("sign", "certificates.k8s.io", "signers"),
)


async def served(api: Api) -> set[tuple[str, str]]:
    """Group and plural of everything that the server has, subresources included."""
    found: set[tuple[str, str]] = set()
    groups = (await api.call("GET", "/apis"))["groups"]
    versions = ["/api/v1", *(f"/apis/{each['groupVersion']}" for group in groups for each in group["versions"])]
    for version in versions:
        group = version.removeprefix("/apis/").partition("/")[0] if version.startswith("/apis/") else ""
        found |= {(group, each["name"]) for each in (await api.call("GET", version))["resources"]}
    return found


async def may(client: Api, right: Right, namespace: str) -> bool:
    verb, group, resource = right
    plural, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
    wanted = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {**attributes, "namespace": namespace}},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return bool((await client.call("POST", path, wanted))["status"]["allowed"])


@pytest.mark.usefixtures("applied")
async def test_of_everything_the_server_has_it_may_do_that_and_no_more(
    control_plane: ControlPlane, api: Api, namespace: str
) -> None:
    """Asked one by one: every resource, every verb, in Flux's namespace, in another one, and in all of them."""
    every = {(verb, *each) for each in await served(api) for verb in VERBS} | set(SPECIAL)
    granted = rendered(BASE).grants()
    # What whoever has a name may do: ask about oneself.
    own = {("create", "authorization.k8s.io", f"selfsubject{what}reviews") for what in ("access", "rules")}
    own.add(("create", "authentication.k8s.io", "selfsubjectreviews"))
    limit = asyncio.Semaphore(16)

    async def allowed(client: Api, right: Right, place: str) -> Right | None:
        async with limit:
            return right if await may(client, right, place) else None

    async with as_account(control_plane, api) as bot:
        for place in (FLUX_NAMESPACE, namespace, ""):
            answers = await asyncio.gather(*(allowed(bot, right, place) for right in every))
            here = {right[:3] for right in granted if right[3] in ("", place)}
            # Kinds of controllers that this control plane does not run are granted, and not served.
            assert {each for each in answers if each is not None} == (here & every) | own
    print(f"asked {3 * len(every)} times")


@pytest.mark.usefixtures("applied")
async def test_what_a_thief_of_its_token_would_try_is_refused(
    control_plane: ControlPlane, api: Api, namespace: str
) -> None:
    source = git_repository(namespace, "app", "http://127.0.0.1:1/app.git", suspend=True)
    await api.create(source)
    await api.create(
        {"kind": "Secret", "metadata": {"name": "keys", "namespace": namespace}, "stringData": {"a": "b"}}
    )
    object_path = path(Ref("GitRepository", namespace, "app"))
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "x"}}
    tries: list[tuple[str, str, Object | None]] = [
        ("GET", f"/api/v1/namespaces/{namespace}/secrets/keys", None),
        ("GET", "/api/v1/secrets", None),
        ("GET", f"/api/v1/namespaces/{NAME}/configmaps", None),
        ("GET", "/api/v1/namespaces", None),
        ("GET", "/apis/apps/v1/deployments", None),
        ("POST", f"{ACCOUNTS}/{NAME}/token", {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1"}),
        ("POST", object_path.rpartition("/")[0], {**source, "metadata": {"name": "b"}}),
        ("PUT", object_path, source),
        ("DELETE", object_path, None),
        ("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding),
    ]
    patches = [f"{object_path}/status", path(Ref("Alert", namespace, "any")), f"/api/v1/namespaces/{namespace}"]
    async with as_account(control_plane, api) as bot:
        assert (await bot.get(Ref("GitRepository", namespace, "app")))["metadata"]["name"] == "app"
        for method, where, body in tries:
            assert await refusal(bot, method, where, body) == 403, (method, where)
        for where in patches:
            assert await refusal(bot, "PATCH", where, {}, merge=True) == 403, where


@pytest.mark.usefixtures("applied")
async def test_the_addition_leaves_three_annotations_of_what_a_patch_could_change(
    control_plane: ControlPlane, api: Api, namespace: str
) -> None:
    ref = Ref("GitRepository", namespace, "app")
    await api.create(git_repository(namespace, "app", "http://127.0.0.1:1/app.git", suspend=True))
    await api.patch(ref, {"metadata": {"labels": {"team": "a"}, "annotations": {"theirs": "stays"}}})
    forbidden: list[Json] = [
        {"spec": {"suspend": False}},
        {"spec": {"url": "http://127.0.0.1:2/other.git"}},
        {"metadata": {"labels": {"team": "b"}}},
        {"metadata": {"finalizers": ["example.com/keep"]}},
        {"metadata": {"annotations": {"theirs": "goes"}}},
        {"metadata": {"annotations": {"theirs": None}}},
        {"metadata": {"annotations": {"reconcile.fluxcd.io/watch": "x"}}},
        {"metadata": {"annotations": {REQUESTED: "now"}}, "spec": {"interval": "1s"}},
    ]
    async with as_account(control_plane, api) as bot:
        await in_force(bot, ref, forbidden[0])
        for body in forbidden:
            with pytest.raises(ApiError, match=r"flux-reconcile-bot may (not|only)") as refused:
                await bot.patch(ref, body)
            assert refused.value.status in (403, 422), body
        await bot.patch(ref, {"metadata": {"annotations": dict.fromkeys((REQUESTED, FORCED, RESET), "now")}})
    found = (await api.get(ref))["metadata"]
    assert found["annotations"] == {"theirs": "stays", REQUESTED: "now", FORCED: "now", RESET: "now"}
    # Others are not held to it.
    await api.patch(ref, {"metadata": {"labels": {"team": "b"}}})


async def in_force(bot: Api, ref: Ref, body: Json) -> None:
    """A policy is looked at a moment after it was stored."""
    async with asyncio.timeout(30):
        while not await refusal(bot, "PATCH", path(ref), body, merge=True):
            await asyncio.sleep(0.2)


async def refusal(client: Api, method: str, where: str, body: Object | None, *, merge: bool = False) -> int:
    """The status that it is refused with; 0 when it is not."""
    content_type = "application/merge-patch+json" if merge else "application/json"
    try:
        await client.call(method, where, body, content_type=content_type)
    except ApiError as error:
        return error.status
    return 0


@pytest.mark.usefixtures("applied")
async def test_kubernetes_takes_the_pod_where_it_refuses_any_that_could_do_more(api: Api) -> None:
    pods = f"/api/v1/namespaces/{NAME}/pods"
    template = (await api.get(Ref("Deployment", NAME, NAME)))["spec"]["template"]
    pod: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "try"}, "spec": template["spec"]}
    only_try = {"dryRun": "All"}
    made = await api.call("POST", pods, pod, options=only_try)
    assert made["spec"]["serviceAccountName"] == NAME
    worse: list[tuple[str, Json, Json]] = [
        ("runAsNonRoot", {"runAsNonRoot": None}, {}),
        ("seccompProfile", {"seccompProfile": None}, {}),
        ("allowPrivilegeEscalation", {}, {"allowPrivilegeEscalation": None}),
        ("capabilities", {}, {"capabilities": None}),
    ]
    for word, of_pod, of_container in worse:
        changed = json.loads(json.dumps(pod))
        changed["spec"]["securityContext"] |= of_pod
        changed["spec"]["containers"][0]["securityContext"] |= of_container
        with pytest.raises(ApiError, match=rf'violates PodSecurity "restricted.*{word}'):
            await api.call("POST", pods, changed, options=only_try)


def test_the_account_is_the_one_that_the_addition_names() -> None:
    assert ACCOUNT in (DEPLOY / "kustomize" / "annotations-only" / "admission.yaml").read_text("utf-8")
