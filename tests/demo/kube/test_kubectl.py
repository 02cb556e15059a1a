"""The real kubectl at work on the simulated API server."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
import yaml

from bot.demo.kube.apiserver import ApiServer
from tests.demo.kube.asking import Json, kustomization
from tests.demo.kube.kubectl import Kubectl

APPS = "kustomization.kustomize.toolkit.fluxcd.io/apps"


def ready(status: str, message: str) -> Json:
    condition = {"type": "Ready", "status": status, "reason": "Any", "message": message}
    return {"conditions": [{**condition, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}


@pytest.fixture(autouse=True)
def world(server: ApiServer) -> None:
    """Two Kustomizations in the namespace default and one in shop, and what else kubectl looks at."""
    applied = ready("True", "Applied revision: main@sha1:1")
    server.place({**kustomization("apps", namespace="default", labels={"team": "x"}), "status": applied})
    failed = ready("False", "kustomization path not found")
    server.place({**kustomization("infra", namespace="default"), "status": failed})
    server.place(kustomization("shop", namespace="shop"))
    uid = (server.find("Kustomization", "default", "apps") or {})["metadata"]["uid"]
    about = {"kind": "Kustomization", "namespace": "default", "name": "apps", "uid": uid}
    server.place(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "apps.1", "namespace": "default"},
            "involvedObject": about,
            "reason": "ReconciliationSucceeded",
            "message": "Reconciliation finished",
            "type": "Normal",
            "source": {"component": "kustomize-controller"},
            "count": 2,
            "firstTimestamp": "2026-01-01T00:00:00Z",
            "lastTimestamp": "2026-01-01T00:00:00Z",
        }
    )


# Looking


async def test_get_prints_the_columns_of_the_kind(kubectl: Kubectl) -> None:
    head, *rows = (await kubectl.ok("get", "ks")).rows
    assert head == ["NAME", "AGE", "READY", "STATUS"]
    assert [row[0] for row in rows] == ["apps", "infra"]
    assert all(re.fullmatch(r"\d+s", row[1]) for row in rows)
    assert [row[2:] for row in rows] == [
        ["True", "Applied", "revision:", "main@sha1:1"],
        ["False", "kustomization", "path", "not", "found"],
    ]


async def test_get_in_all_namespaces_and_of_all_kinds_of_a_category(kubectl: Kubectl) -> None:
    everywhere = (await kubectl.ok("get", "kustomizations.kustomize.toolkit.fluxcd.io", "-A")).rows
    assert [row[:2] for row in everywhere] == [
        ["NAMESPACE", "NAME"],
        ["default", "apps"],
        ["default", "infra"],
        ["shop", "shop"],
    ]
    names = (await kubectl.ok("get", "fluxcd", "-A", "-o", "name")).out.split()
    assert names == [APPS, APPS.replace("/apps", "/infra"), APPS.replace("/apps", "/shop")]


async def test_get_by_name_label_and_field(kubectl: Kubectl) -> None:
    for words in (("apps",), ("-l", "team=x"), ("-l", "team in (x, y)"), ("--field-selector", "metadata.name=apps")):
        assert (await kubectl.ok("get", "ks", *words, "-o", "name")).out.split() == [APPS]
    none = await kubectl.ok("get", "ks", "-l", "team=z")
    assert (none.out, none.err) == ("", "No resources found in default namespace.\n")


async def test_get_as_yaml_json_and_jsonpath_shows_what_is_stored(kubectl: Kubectl, server: ApiServer) -> None:
    stored = server.find("Kustomization", "default", "apps")
    assert yaml.safe_load((await kubectl.ok("get", "ks", "apps", "-o", "yaml")).out) == stored
    listed = json.loads((await kubectl.ok("get", "ks", "-o", "json")).out)
    assert (listed["kind"], listed["items"][0]) == ("List", stored)
    assert (await kubectl.ok("get", "ks", "apps", "-o", "jsonpath={.spec.interval}")).out == "1h"


async def test_get_watch_prints_changes_as_they_happen(kubectl: Kubectl, server: ApiServer) -> None:
    async with asyncio.timeout(30), kubectl.watching("get", "ks", "-w") as lines:
        assert [(await lines.readline()).split()[0] for _ in range(3)] == [b"NAME", b"apps", b"infra"]
        server.place({**kustomization("apps", namespace="default"), "status": ready("Unknown", "working")})
        seen: list[bytes] = []
        while b"Unknown" not in seen:
            seen = (await lines.readline()).split()
        assert (seen[0], seen[-1]) == (b"apps", b"working")


async def test_describe_shows_the_object_and_its_events(kubectl: Kubectl) -> None:
    out = (await kubectl.ok("describe", "ks", "apps")).out
    assert re.search(r"Name: +apps\nNamespace: +default\nLabels: +team=x\n", out)
    assert re.search(r"Message: +Applied revision: main@sha1:1", out)
    event = out[out.index("Events:") :]
    assert re.search(r"Normal +ReconciliationSucceeded .*kustomize-controller +Reconciliation finished", event)


async def test_built_in_kinds_have_their_own_columns(kubectl: Kubectl, server: ApiServer) -> None:
    server.place(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
            "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1},
        }
    )
    deployments = (await kubectl.ok("get", "deploy", "-o", "wide")).rows
    assert deployments[0] == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]
    assert [*deployments[1][:4], *deployments[1][5:]] == ["web", "1/2", "2", "1", "web", "web:1"]
    namespaces = (await kubectl.ok("get", "ns")).rows
    assert [row[:2] for row in namespaces] == [
        ["NAME", "STATUS"],
        ["default", "Active"],
        ["flux-system", "Active"],
        ["kube-system", "Active"],
        ["shop", "Active"],
    ]
    (event,) = (await kubectl.ok("get", "events", "--no-headers")).rows
    assert event[1:4] == ["Normal", "ReconciliationSucceeded", "kustomization/apps"]
    definitions = (await kubectl.ok("get", "crd", "-o", "name")).out
    assert "customresourcedefinition.apiextensions.k8s.io/helmreleases.helm.toolkit.fluxcd.io\n" in definitions


async def test_pods_secrets_and_bindings_are_summed_up(kubectl: Kubectl, server: ApiServer) -> None:
    crashing = {"ready": False, "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    head = {"apiVersion": "v1", "metadata": {"name": "web", "namespace": "default"}}
    server.place(
        {
            **head,
            "kind": "Pod",
            "spec": {"nodeName": "node-1", "containers": [{"name": "web"}, {"name": "proxy"}]},
            "status": {"phase": "Running", "containerStatuses": [crashing, {"ready": True, "restartCount": 0}]},
        }
    )
    server.place({**head, "kind": "Secret", "type": "Opaque", "data": {"a": "eA==", "b": "eQ=="}})
    (pod,) = (await kubectl.ok("get", "po", "-o", "wide", "--no-headers")).rows
    assert [*pod[:4], *pod[5:7]] == ["web", "1/2", "CrashLoopBackOff", "7", "<none>", "node-1"]
    (secret,) = (await kubectl.ok("get", "secrets", "--no-headers")).rows
    assert secret[:3] == ["web", "Opaque", "2"]
    (binding,) = (await kubectl.ok("get", "rolebindings", "-n", "flux-system", "-o", "wide", "--no-headers")).rows
    assert [*binding[:2], *binding[3:]] == ["flux-bot", "Role/flux-bot", "flux-bot"]


async def test_what_does_not_exist_is_said_so(kubectl: Kubectl) -> None:
    missing = await kubectl("get", "ks", "nothing")
    assert (missing.code, missing.err) == (
        1,
        'Error from server (NotFound): kustomizations.kustomize.toolkit.fluxcd.io "nothing" not found\n',
    )
    unknown = await kubectl("get", "spaceships")
    assert (unknown.code, unknown.err) == (1, 'error: the server doesn\'t have a resource type "spaceships"\n')


# Changing


async def test_annotate_and_label_change_only_what_they_say(kubectl: Kubectl, server: ApiServer) -> None:
    said = await kubectl.ok("annotate", "ks", "apps", "reconcile.fluxcd.io/requestedAt=now", "other=1")
    assert said.out == f"{APPS} annotated\n"
    await kubectl.ok("annotate", "ks", "apps", "other-")
    await kubectl.ok("label", "ks", "apps", "team=y", "--overwrite")
    meta = (server.find("Kustomization", "default", "apps") or {})["metadata"]
    assert (meta["annotations"], meta["labels"], meta["generation"]) == (
        {"reconcile.fluxcd.io/requestedAt": "now"},
        {"team": "y"},
        1,
    )
    # Of a built-in kind it makes a strategic patch.
    assert (await kubectl.ok("annotate", "ns", "default", "a=b")).out == "namespace/default annotated\n"


async def test_patch_merges_and_the_schema_is_kept(kubectl: Kubectl, server: ApiServer) -> None:
    said = await kubectl.ok("patch", "ks", "apps", "--type", "merge", "-p", '{"spec": {"suspend": true}}')
    assert said.out == f"{APPS} patched\n"
    assert (server.find("Kustomization", "default", "apps") or {})["spec"]["suspend"] is True
    await kubectl.ok("patch", "ks", "apps", "--subresource", "status", "--type", "merge", "-p", '{"status": null}')
    assert "status" not in (server.find("Kustomization", "default", "apps") or {})

    wrong = await kubectl("patch", "ks", "apps", "--type", "merge", "-p", '{"spec": {"suspend": "x"}}')
    assert wrong.err.splitlines()[:2] == [
        'The Kustomization "apps" is invalid: ',
        '* spec.suspend: Invalid value: "string": spec.suspend in body must be of type boolean: "string"',
    ]
    other = await kubectl("patch", "ks", "apps", "--type", "json", "-p", "[]")
    assert "application/json-patch+json is not supported" in other.err


async def test_wait_ends_when_the_condition_holds_and_gives_up_when_it_does_not(
    kubectl: Kubectl, server: ApiServer
) -> None:
    met = f"{APPS} condition met\n"
    assert (await kubectl.ok("wait", "--for=condition=Ready", "ks/apps", "--timeout=5s")).out == met
    waiting = asyncio.create_task(kubectl.ok("wait", "--for=condition=Ready=False", "ks/apps", "--timeout=20s"))
    while not server.open_watches:
        await asyncio.sleep(0.01)
    server.place({**kustomization("apps", namespace="default"), "status": ready("False", "broken")})
    assert (await waiting).out == met
    late = await kubectl("wait", "--for=condition=Ready", "ks/apps", "--timeout=1s")
    assert (late.code, late.err) == (1, "error: timed out waiting for the condition on kustomizations/apps\n")


async def test_objects_are_created_and_deleted(kubectl: Kubectl, server: ApiServer) -> None:
    assert (await kubectl.ok("create", "ns", "new")).out == "namespace/new created\n"
    made = await kubectl.ok("create", "cm", "settings", "--from-literal=a=b", "-n", "new")
    assert made.out == "configmap/settings created\n"
    assert (server.find("ConfigMap", "new", "settings") or {})["data"] == {"a": "b"}
    manifest = kubectl.home / "ks.json"
    manifest.write_text(json.dumps(kustomization("fresh", namespace="new")))
    assert (await kubectl.ok("create", "--validate=false", "-f", str(manifest))).out.endswith("/fresh created\n")
    assert "AlreadyExists" in (await kubectl("create", "--validate=false", "-f", str(manifest))).err

    deleted = await kubectl.ok("delete", "ks", "fresh", "-n", "new")
    assert deleted.out.startswith('kustomization.kustomize.toolkit.fluxcd.io "fresh" deleted')
    assert (await kubectl.ok("delete", "ns", "new")).out == 'namespace "new" deleted\n'
    assert server.find("Namespace", "", "new") is None
    assert server.find("ConfigMap", "new", "settings") is None


async def test_delete_waits_for_the_finalizer(kubectl: Kubectl, server: ApiServer) -> None:
    await kubectl.ok("patch", "ks", "apps", "--type", "merge", "-p", '{"metadata": {"finalizers": ["a.com/hold"]}}')
    deleting = asyncio.create_task(kubectl("delete", "ks", "apps"))
    while "deletionTimestamp" not in (server.find("Kustomization", "default", "apps") or {})["metadata"]:
        await asyncio.sleep(0.01)
    assert not deleting.done()
    await kubectl.ok("patch", "ks", "apps", "--type", "merge", "-p", '{"metadata": {"finalizers": null}}')
    assert (await deleting).code == 0
    assert server.find("Kustomization", "default", "apps") is None


# Rights


async def test_auth_tells_who_one_is_and_what_one_may(kubectl: Kubectl) -> None:
    who = (await kubectl.ok("--context", "bot", "auth", "whoami")).rows
    assert who[1:] == [
        ["Username", "flux-bot"],
        ["UID", "flux-bot"],
        ["Groups", "[flux-bots", "system:authenticated]"],
    ]
    answers = [
        (await kubectl("--context", context, "auth", "can-i", verb, kind)).out.strip()
        for context, verb, kind in (
            ("admin", "delete", "ks"),
            ("bot", "patch", "ks"),
            ("bot", "delete", "ks"),
            ("bot", "patch", "ks/apps"),
            ("bot", "get", "/version"),
            ("bot", "get", "/metrics"),
        )
    ]
    assert answers == ["yes", "yes", "no", "yes", "yes", "no"]
    listed = (await kubectl.ok("--context", "bot", "auth", "can-i", "--list")).rows
    assert ["kustomizations.kustomize.toolkit.fluxcd.io", "[]", "[]", "[get", "list", "watch", "patch]"] in listed


async def test_what_is_forbidden_is_refused_in_the_servers_words(kubectl: Kubectl) -> None:
    said = await kubectl("--context", "bot", "get", "secrets")
    why = 'User "flux-bot" cannot list resource "secrets" in API group "" in the namespace "default"'
    assert (said.code, said.err) == (1, f"Error from server (Forbidden): secrets is forbidden: {why}\n")


async def test_a_token_that_nobody_has_is_unauthorized(kubectl: Kubectl) -> None:
    stranger = Kubectl.at(_url(kubectl), kubectl.home, {"stranger": "forged"})
    said = await stranger("get", "ks")
    assert said.code == 1
    assert "You must be logged in to the server" in said.err


# What there is


async def test_api_resources_and_version_are_told(kubectl: Kubectl) -> None:
    rows = (await kubectl.ok("api-resources", "--api-group=kustomize.toolkit.fluxcd.io")).rows
    assert rows[1:] == [["kustomizations", "ks", "kustomize.toolkit.fluxcd.io/v1", "true", "Kustomization"]]
    assert "Server Version: v1.36.0-demo" in (await kubectl.ok("version")).out
    assert (await kubectl.ok("get", "--raw", "/readyz")).out == "ok"
    assert "notification.toolkit.fluxcd.io/v1beta3" in (await kubectl.ok("api-versions")).out.split()


def _url(kubectl: Kubectl) -> str:
    server: str = yaml.safe_load(kubectl.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    return server.partition("/as/")[0]
