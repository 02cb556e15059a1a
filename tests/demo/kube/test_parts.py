"""The small parts: ages, kubeconfigs, protobuf, selectors, and the table of kinds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import yaml

from bot.core.kinds import KINDS, Kind
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.calls import Answer, Asked, Json
from bot.demo.kube.cells import age, from_path, span
from bot.demo.kube.custom_kinds import FLUX_KINDS
from bot.demo.kube.kubeconfig import Entry, kubeconfig
from bot.demo.kube.merge import merged
from bot.demo.kube.protobuf import read_protobuf
from bot.demo.kube.rights import MASTERS, User

NOON = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=-5), "<invalid>"),
        (timedelta(seconds=0), "0s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(minutes=2), "2m"),
        (timedelta(minutes=9, seconds=59), "9m59s"),
        (timedelta(minutes=10, seconds=5), "10m"),
        (timedelta(minutes=179), "179m"),
        (timedelta(hours=3), "3h"),
        (timedelta(hours=7, minutes=59), "7h59m"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=2), "2d"),
        (timedelta(days=7, hours=23), "7d23h"),
        (timedelta(days=8, hours=3), "8d"),
        (timedelta(days=729), "729d"),
        (timedelta(days=730), "2y"),
        (timedelta(days=3 * 365 + 4), "3y4d"),
        (timedelta(days=9 * 365 + 4), "9y"),
    ],
)
def test_the_older_the_coarser(passed: timedelta, text: str) -> None:
    assert span(passed) == text


def test_an_age_that_nobody_knows_is_said_to_be_unknown() -> None:
    assert age("2026-08-20T11:59:00Z", NOON) == "60s"
    assert [age(stamp, NOON) for stamp in (None, "soon", 7, "2026-08-20T11:59:00")] == ["<unknown>"] * 4


def test_a_column_finds_its_value_or_nothing() -> None:
    ready = from_path("Ready", '.status.conditions[?(@.type=="Ready")].status')
    conditions = [{"type": "Healthy", "status": "False"}, {"type": "Ready", "status": "True"}]
    assert ready.cell({"status": {"conditions": conditions}}, NOON) == "True"
    odd: Json
    for odd in ({}, {"status": None}, {"status": {"conditions": "x"}}, {"status": {"conditions": [None, 3, {}]}}):
        assert ready.cell(odd, NOON) is None
    assert from_path("Any", ".spec").cell({"spec": {"a": 1}}, NOON) is None


def test_a_merge_patch_leaves_its_arguments_alone() -> None:
    target, patch = {"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"b": None, "e": {"f": None, "g": 3}}, "d": {"h": 4}}
    assert merged(target, patch) == {"a": {"c": [1], "e": {"g": 3}}, "d": {"h": 4}}
    assert (target, patch) == (
        {"a": {"b": 1, "c": [1]}, "d": 2},
        {"a": {"b": None, "e": {"f": None, "g": 3}}, "d": {"h": 4}},
    )


def test_a_kubeconfig_names_contexts_servers_and_namespaces() -> None:
    text = kubeconfig(
        {
            "demo": Entry("http://127.0.0.1:8001", "t1", "shop"),
            "edge": Entry("http://127.0.0.1:8002", "t2", bearer=True),
        },
        current="edge",
    )
    config = yaml.safe_load(text)
    assert config["current-context"] == "edge"
    assert {each["name"]: each["cluster"]["server"] for each in config["clusters"]} == {
        "demo": "http://127.0.0.1:8001/as/t1",
        "edge": "http://127.0.0.1:8002",
    }
    assert {each["name"]: each["user"] for each in config["users"]} == {"demo": {}, "edge": {"token": "t2"}}
    assert [each["context"] for each in config["contexts"]] == [
        {"cluster": "demo", "user": "demo", "namespace": "shop"},
        {"cluster": "edge", "user": "edge", "namespace": "default"},
    ]


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def test_a_review_in_protobuf_is_read_as_json_would_be() -> None:
    kind = field(1, b"authorization.k8s.io/v1") + field(2, b"SelfSubjectAccessReview")
    asked = field(1, b"shop") + field(2, b"patch") + field(3, b"kustomize.toolkit.fluxcd.io") + field(4, b"*")
    asked += field(5, b"kustomizations") + field(6, b"") + field(7, b"") + bytes([8 << 3 | 0, 5])
    review = field(1, b"") + field(2, field(1, asked))
    body = b"k8s\x00" + field(1, kind) + field(2, review) + field(3, b"") + field(4, b"")
    assert read_protobuf(body) == {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {
            "resourceAttributes": {
                "namespace": "shop",
                "verb": "patch",
                "group": "kustomize.toolkit.fluxcd.io",
                "version": "*",
                "resource": "kustomizations",
            }
        },
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"k8s\x00\x0a",
        b"k8s\x00\x0a\xff",
        b"k8s\x00" + b"\xff" * 20,
        b"k8s\x00\x0f",
        b"k8s\x00" + field(1, field(1, b"v1") + field(2, b"Deployment")),
        b"k8s\x00" + field(1, field(1, b"v1") + field(2, b"\xff")),
    ],
)
def test_protobuf_that_is_broken_or_unknown_is_none(body: bytes) -> None:
    assert read_protobuf(body) is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_that_the_bot_knows_is_served_under_the_words_it_knows(kind: Kind) -> None:
    (found,) = (each for each in FLUX_KINDS if each.kind == kind.name)
    assert (found.group, found.version, found.plural) == (kind.group, kind.version, kind.plural)
    assert set(found.short_names) <= {kind.short, *kind.words}
    assert (found.namespaced, found.custom, "fluxcd" in found.categories) == (True, True, True)


def test_rights_follow_their_roles_and_bindings_at_once() -> None:
    server = ApiServer(lambda: NOON, Random(1))
    server.users["t"] = User("system:serviceaccount:shop:deployer", ("deployers",))
    server.users["root"] = User("root", (MASTERS,))

    def status(path: str, token: str = "t") -> int:
        answer = server.answer(Asked("GET", f"/as/{token}{path}"))
        assert isinstance(answer, Answer)
        return answer.status

    group = "rbac.authorization.k8s.io"
    pods = "/api/v1/namespaces/shop/pods"
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    server.place({"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": "view"}, "rules": rules})
    assert (status(pods), status(pods, "root")) == (403, 200)
    account = {"kind": "ServiceAccount", "namespace": "shop", "name": "deployer"}
    binding = {"roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"}, "subjects": [account]}
    where = {"name": "view", "namespace": "shop"}
    server.place({"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": where, **binding})
    # A ClusterRole bound in a namespace holds there only.
    assert (status(pods), status("/api/v1/pods"), status("/api/v1/namespaces/default/pods")) == (200, 403, 403)

    everywhere = {"roleRef": binding["roleRef"], "subjects": [{"kind": "Group", "name": "deployers"}]}
    server.place(
        {"apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "all"}, **everywhere}
    )
    assert (status("/api/v1/pods"), status("/api/v1/secrets")) == (200, 403)
    server.place({"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": "view"}, "rules": []})
    assert (status(pods), status("/api/v1/pods")) == (403, 403)
