"""What an API server does, seen from outside: questions over HTTP that the real one and ours must answer alike.

Each check is a function of a `Ground`: an administrator in a namespace of this check's own, and the user `flux-bot`,
who has the rights of `tests.real.access.bot_rights`. No check may lean on what only one of the two does.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from tests.demo.kube.asking import KUSTOMIZE, MERGE, TABLE, Caller, Json, Reply, kustomization, names


@dataclass(frozen=True, slots=True)
class Ground:
    """Both callers are in the same namespace, which no other check uses."""

    admin: Caller
    bot: Caller


Check = Callable[[Ground], Awaitable[None]]

_DISCOVERY: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_UID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _is_status(reply: Reply, code: int, reason: str) -> None:
    said = {key: reply.json.get(key) for key in ("kind", "apiVersion", "status", "reason", "code")}
    assert (reply.status, said) == (
        code,
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code},
    ), reply.text


def _about(name: str, kind: str = "kustomizations") -> Json:
    return {"name": name, "group": KUSTOMIZE, "kind": kind}


def _events(lines: list[Json]) -> list[tuple[str, str]]:
    return [(line["type"], line["object"]["metadata"].get("name", "")) for line in lines]


# Creating


async def a_new_object_gets_uid_version_generation_time_and_defaults(ground: Ground) -> None:
    made = (await ground.admin.make("a")).json

    meta = made["metadata"]
    assert meta["resourceVersion"].isdigit()
    assert (meta["generation"], meta["namespace"]) == (1, ground.admin.namespace)
    assert _STAMP.fullmatch(meta["creationTimestamp"])
    assert _UID.fullmatch(meta["uid"])
    assert (made["spec"]["force"], made["status"]) == (False, {"observedGeneration": -1})


async def a_status_given_at_creation_is_dropped(ground: Ground) -> None:
    given = {**kustomization("a"), "status": {"lastAppliedRevision": "main@sha1:1"}}
    made = await ground.admin.post(ground.admin.kustomizations, given)
    assert made.json["status"] == {"observedGeneration": -1}


async def a_second_object_of_the_same_name_is_refused(ground: Ground) -> None:
    await ground.admin.make("a")
    reply = await ground.admin.post(ground.admin.kustomizations, kustomization("a"))
    _is_status(reply, 409, "AlreadyExists")
    assert reply.json["message"] == f'kustomizations.{KUSTOMIZE} "a" already exists'
    assert reply.json["details"] == _about("a")


async def a_name_may_be_made_up_by_the_server(ground: Ground) -> None:
    given = kustomization("x")
    given["metadata"] = {"generateName": "run-"}
    made = await ground.admin.post(ground.admin.kustomizations, given)
    assert re.fullmatch(r"run-[a-z0-9]{5}", made.json["metadata"]["name"])


async def nothing_is_created_in_a_namespace_that_does_not_exist(ground: Ground) -> None:
    elsewhere = replace(ground.admin, namespace="no-such-place")
    reply = await elsewhere.post(elsewhere.kustomizations, kustomization("a"))
    _is_status(reply, 404, "NotFound")
    assert reply.json["message"] == 'namespaces "no-such-place" not found'
    assert reply.json["details"] == {"name": "no-such-place", "kind": "namespaces"}


async def what_the_schema_forbids_is_told_field_by_field(ground: Ground) -> None:
    wrong = {"interval": "soon", "prune": "yes", "suspend": 3, "sourceRef": {"kind": "Deployment", "name": "x"}}
    reply = await ground.admin.post(ground.admin.kustomizations, kustomization("a", spec=wrong))
    _is_status(reply, 422, "Invalid")
    assert {key: reply.json["details"][key] for key in ("name", "group", "kind")} == _about("a", "Kustomization")
    causes = {cause["field"]: cause for cause in reply.json["details"]["causes"]}
    told = {field: causes[f"spec.{field}"]["reason"] for field in ("interval", "prune", "suspend", "sourceRef.kind")}
    assert told == {
        "interval": "FieldValueInvalid",
        "prune": "FieldValueTypeInvalid",
        "suspend": "FieldValueTypeInvalid",
        "sourceRef.kind": "FieldValueNotSupported",
    }
    wanted = 'Invalid value: "string": spec.prune in body must be of type boolean: "string"'
    assert causes["spec.prune"]["message"] == wanted
    assert f'Kustomization.{KUSTOMIZE} "a" is invalid: ' in reply.json["message"]


async def a_required_field_may_not_be_patched_away(ground: Ground) -> None:
    await ground.admin.make("a")
    reply = await ground.admin.patch(f"{ground.admin.kustomizations}/a", {"spec": {"interval": None}})
    _is_status(reply, 422, "Invalid")
    assert {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.interval"} in (
        reply.json["details"]["causes"]
    )


async def an_impossible_name_label_or_annotation_is_invalid(ground: Ground) -> None:
    for wrong, field in (
        (kustomization("A b"), "metadata.name"),
        (kustomization("a", labels={"team": "not a value"}), "metadata.labels"),
        (kustomization("a", annotations={"not a key": "x"}), "metadata.annotations"),
        (kustomization("a", annotations={"size": "x" * 300_000}), "metadata.annotations"),
    ):
        reply = await ground.admin.post(ground.admin.kustomizations, wrong)
        _is_status(reply, 422, "Invalid")
        assert field in [cause["field"] for cause in reply.json["details"]["causes"]]


async def a_body_that_is_no_such_object_is_a_bad_request(ground: Ground) -> None:
    bodies: tuple[object, ...] = (
        b"{{",
        b"[]",
        b"{}",
        {"kind": "Kustomization"},
        {**kustomization("a"), "apiVersion": "apps/v1"},
        kustomization("a", namespace="other"),
        kustomization("a", labels={"team": 1}),
        kustomization("a", finalizers="all"),
    )
    for body in bodies:
        _is_status(await ground.admin.post(ground.admin.kustomizations, body), 400, "BadRequest")


async def an_object_of_another_kind_does_not_fit(ground: Ground) -> None:
    wrong = {**kustomization("a"), "kind": "Deployment"}
    reply = await ground.admin.post(ground.admin.kustomizations, wrong)
    _is_status(reply, 422, "Invalid")
    assert [cause["field"] for cause in reply.json["details"]["causes"]] == ["kind"]
    config_map = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    _is_status(await ground.admin.post(ground.admin.config_maps, config_map), 400, "BadRequest")


async def a_body_of_more_than_three_mebibytes_is_too_large(ground: Ground) -> None:
    reply = await ground.admin.post(ground.admin.kustomizations, b" " * (3 * 1024 * 1024 + 1))
    _is_status(reply, 413, "RequestEntityTooLarge")


# Reading


async def a_missing_object_is_named_in_the_refusal(ground: Ground) -> None:
    for method in ("GET", "DELETE", "PATCH"):
        body: Json | None = {} if method == "PATCH" else None
        reply = await ground.admin.call(method, f"{ground.admin.kustomizations}/gone", body, MERGE)
        _is_status(reply, 404, "NotFound")
        assert reply.json["message"] == f'kustomizations.{KUSTOMIZE} "gone" not found'
        assert reply.json["details"] == _about("gone")


async def a_list_has_a_kind_a_version_and_whole_objects(ground: Ground) -> None:
    empty = (await ground.admin.get(ground.admin.kustomizations)).json
    assert (empty["kind"], empty["apiVersion"], empty["items"]) == ("KustomizationList", f"{KUSTOMIZE}/v1", [])
    assert empty["metadata"]["resourceVersion"].isdigit()

    made = [await ground.admin.make(name) for name in ("b", "a")]
    listed = (await ground.admin.get(ground.admin.kustomizations)).json
    assert names(listed) == ["a", "b"]
    assert [(each["kind"], each["apiVersion"]) for each in listed["items"]] == [
        ("Kustomization", f"{KUSTOMIZE}/v1")
    ] * 2
    assert int(listed["metadata"]["resourceVersion"]) >= max(int(each.version) for each in made)


async def labels_select(ground: Ground) -> None:
    await ground.admin.make("a", labels={"team": "x", "tier": "web"})
    await ground.admin.make("b", labels={"team": "y"})
    await ground.admin.make("c")
    for selector, expected in (
        ("team=x", ["a"]),
        ("team==x", ["a"]),
        ("team!=x", ["b", "c"]),
        ("team", ["a", "b"]),
        ("!team", ["c"]),
        ("team in (x, y)", ["a", "b"]),
        ("team notin (x)", ["b", "c"]),
        ("team=x,tier=web", ["a"]),
        ("team in (x,y),!tier", ["b"]),
        ("team=z", []),
    ):
        listed = await ground.admin.get(ground.admin.kustomizations, labelSelector=selector)
        assert (selector, names(listed.json)) == (selector, expected)


async def fields_select_by_name_and_namespace_only(ground: Ground) -> None:
    for name in ("a", "b"):
        await ground.admin.make(name)
    here = ground.admin.namespace
    for selector, expected in (
        ("metadata.name=a", ["a"]),
        ("metadata.name!=a", ["b"]),
        (f"metadata.namespace={here},metadata.name=b", ["b"]),
        ("metadata.namespace=elsewhere", []),
    ):
        listed = await ground.admin.get(ground.admin.kustomizations, fieldSelector=selector)
        assert (selector, names(listed.json)) == (selector, expected)
    reply = await ground.admin.get(ground.admin.kustomizations, fieldSelector="spec.path=./")
    _is_status(reply, 400, "BadRequest")
    assert reply.json["message"] == "field label not supported: spec.path"


async def a_malformed_option_is_a_bad_request(ground: Ground) -> None:
    for option, value in (
        ("labelSelector", "a===b"),
        ("fieldSelector", "metadata.name"),
        ("limit", "many"),
        ("resourceVersion", "abc"),
        ("continue", "zzz"),
    ):
        reply = await ground.admin.get(ground.admin.kustomizations, **{option: value})
        _is_status(reply, 400, "BadRequest")


async def events_are_selected_by_the_object_that_they_are_about(ground: Ground) -> None:
    path = f"/api/v1/namespaces/{ground.admin.namespace}/events"
    for name in ("a", "b"):
        about = {"kind": "Kustomization", "namespace": ground.admin.namespace, "name": name, "uid": f"uid-{name}"}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.1"},
            "involvedObject": about,
            "reason": "Progressing",
            "type": "Normal",
            "message": "working",
        }
        assert (await ground.admin.post(path, event)).status == 201
    chosen = ",".join(
        f"involvedObject.{field}={value}"
        for field, value in (
            ("kind", "Kustomization"),
            ("namespace", ground.admin.namespace),
            ("name", "a"),
            ("uid", "uid-a"),
        )
    )
    listed = (await ground.bot.get(path, fieldSelector=chosen, limit="500")).json
    assert (listed["kind"], names(listed)) == ("EventList", ["a.1"])
    assert names((await ground.bot.get(path, fieldSelector="reason=Progressing,type!=Warning")).json) == [
        "a.1",
        "b.1",
    ]
    _is_status(await ground.bot.get(path, fieldSelector="message=working"), 400, "BadRequest")


# Pages


async def pages_follow_each_other_and_show_one_moment(ground: Ground) -> None:
    for name in ("a", "c", "d", "e"):
        await ground.admin.make(name)
    first = (await ground.admin.get(ground.admin.kustomizations, limit="2")).json
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["a", "c"], 2)

    await ground.admin.make("b")
    await ground.admin.make("f")
    await ground.admin.delete(f"{ground.admin.kustomizations}/d")
    token = first["metadata"]["continue"]
    second = (await ground.admin.get(ground.admin.kustomizations, limit="1", **{"continue": token})).json
    token = second["metadata"]["continue"]
    third = (await ground.admin.get(ground.admin.kustomizations, limit="9", **{"continue": token})).json
    assert (names(second), names(third)) == (["d"], ["e"])
    assert not third["metadata"].get("continue")
    assert {page["metadata"]["resourceVersion"] for page in (first, second, third)} == {
        first["metadata"]["resourceVersion"]
    }


async def version_zero_ignores_the_limit(ground: Ground) -> None:
    made = [await ground.admin.make(name) for name in ("a", "b", "c")]
    # Version 0 is answered from a cache, whatever it holds by then: this one waits until it holds them all.
    await ground.admin.get(ground.admin.kustomizations, resourceVersion=made[-1].version)
    listed = (await ground.admin.get(ground.admin.kustomizations, limit="1", resourceVersion="0")).json
    assert (names(listed), listed["metadata"].get("continue", "")) == (["a", "b", "c"], "")


async def a_list_can_be_had_as_it_was(ground: Ground) -> None:
    made = await ground.admin.make("a")
    await ground.admin.patch(f"{ground.admin.kustomizations}/a", {"metadata": {"labels": {"team": "x"}}})
    await ground.admin.make("b")
    then = await ground.admin.get(
        ground.admin.kustomizations, resourceVersion=made.version, resourceVersionMatch="Exact"
    )
    assert (names(then.json), then.version) == (["a"], made.version)
    assert "labels" not in then.json["items"][0]["metadata"]


async def a_list_of_a_future_version_times_out(ground: Ground) -> None:
    reply = await ground.admin.get(ground.admin.kustomizations, resourceVersion="99999999")
    _is_status(reply, 504, "Timeout")
    assert reply.json["details"]["retryAfterSeconds"] == 1
    assert [cause["reason"] for cause in reply.json["details"]["causes"]] == ["ResourceVersionTooLarge"]
    assert reply.headers["Retry-After"] == "1"


# Changing


async def a_merge_patch_merges_replaces_and_removes(ground: Ground) -> None:
    made = await ground.admin.make("a", annotations={"keep": "1", "drop": "2"}, spec={"path": "./x"})
    change = {
        "metadata": {"annotations": {"drop": None, "add": "3"}},
        "spec": {"path": None, "suspend": True, "dependsOn": [{"name": "b"}]},
    }
    reply = await ground.admin.patch(f"{ground.admin.kustomizations}/a", change)
    now = reply.json
    assert (reply.status, now["metadata"]["annotations"]) == (200, {"keep": "1", "add": "3"})
    assert (now["spec"]["suspend"], now["spec"]["dependsOn"]) == (True, [{"name": "b"}])
    assert "path" not in now["spec"]
    assert int(reply.version) > int(made.version)
    assert now["metadata"]["generation"] == 2
    assert now == (await ground.admin.get(f"{ground.admin.kustomizations}/a")).json


async def annotations_labels_and_finalizers_keep_the_generation(ground: Ground) -> None:
    await ground.admin.make("a")
    for field, value in (("annotations", {"x": "y"}), ("labels", {"x": "y"}), ("finalizers", ["x/y"])):
        reply = await ground.admin.patch(f"{ground.admin.kustomizations}/a", {"metadata": {field: value}})
        assert (reply.json["metadata"][field], reply.json["metadata"]["generation"]) == (value, 1)
    await ground.admin.patch(f"{ground.admin.kustomizations}/a", {"metadata": {"finalizers": None}})


async def what_belongs_to_the_server_cannot_be_patched(ground: Ground) -> None:
    made = (await ground.admin.make("a")).json["metadata"]
    long_ago = "2020-01-01T00:00:00Z"
    change = {"creationTimestamp": long_ago, "generation": 77}
    now = (await ground.admin.patch(f"{ground.admin.kustomizations}/a", {"metadata": change})).json["metadata"]
    assert (now["creationTimestamp"], now["generation"]) == (made["creationTimestamp"], 1)
    reply = await ground.admin.patch(
        f"{ground.admin.kustomizations}/a", {"metadata": {"deletionTimestamp": long_ago}}
    )
    _is_status(reply, 422, "Invalid")
    assert "metadata.deletionTimestamp" in [cause["field"] for cause in reply.json["details"]["causes"]]


async def a_write_that_changes_nothing_leaves_no_trace(ground: Ground) -> None:
    await ground.admin.make("a", annotations={"x": "y"})
    same: Json = {"metadata": {"annotations": {"x": "y"}}}
    # The first may change the real server's record of who owns which field.
    made = await ground.admin.patch(f"{ground.admin.kustomizations}/a", same)
    for path, change in (("a", same), ("a", {}), ("a/status", {"status": {}})):
        reply = await ground.admin.patch(f"{ground.admin.kustomizations}/{path}", change)
        assert (reply.status, reply.version) == (200, made.version)
    assert (await ground.admin.put(f"{ground.admin.kustomizations}/a", made.json)).version == made.version
    assert await ground.admin.watch(ground.admin.kustomizations, resourceVersion=made.version) == []


async def a_write_over_a_newer_version_is_a_conflict(ground: Ground) -> None:
    made = await ground.admin.make("a")
    path = f"{ground.admin.kustomizations}/a"
    await ground.admin.patch(path, {"metadata": {"labels": {"x": "y"}}})
    stale = {"metadata": {"resourceVersion": made.version}, "spec": {"wait": True}}
    for reply in (
        await ground.admin.put(path, made.json),
        await ground.admin.patch(path, stale),
        await ground.admin.patch(f"{path}/status", {**stale, "status": {"x": 1}}),
    ):
        _is_status(reply, 409, "Conflict")
        assert reply.json["message"].startswith(f'Operation cannot be fulfilled on kustomizations.{KUSTOMIZE} "a": ')
        assert reply.json["details"] == _about("a")


async def a_put_replaces_all_but_the_status(ground: Ground) -> None:
    await ground.admin.make("a", annotations={"x": "y"}, spec={"path": "./x"})
    path = f"{ground.admin.kustomizations}/a"
    patched = await ground.admin.patch(f"{path}/status", {"status": {"lastAppliedRevision": "r1"}})
    new = kustomization("a", resourceVersion=patched.version, spec={"interval": "2h"})
    reply = await ground.admin.put(path, {**new, "status": {"lastAppliedRevision": "forged"}})
    assert (reply.status, reply.json["spec"]["interval"], reply.json["metadata"]["generation"]) == (200, "2h", 2)
    assert reply.json["status"] == {"lastAppliedRevision": "r1", "observedGeneration": -1}
    assert ("annotations" in reply.json["metadata"], "path" in reply.json["spec"]) == (False, False)


async def a_put_must_say_which_version_it_replaces_and_fit_its_path(ground: Ground) -> None:
    made = (await ground.admin.make("a")).json
    path = f"{ground.admin.kustomizations}/a"
    _is_status(await ground.admin.put(path, kustomization("a")), 422, "Invalid")
    _is_status(
        await ground.admin.put(path, {**made, "metadata": {**made["metadata"], "name": "b"}}), 400, "BadRequest"
    )
    _is_status(await ground.admin.put(f"{ground.admin.kustomizations}/gone", kustomization("gone")), 404, "NotFound")


async def the_status_is_written_apart_and_alone(ground: Ground) -> None:
    await ground.admin.make("a")
    path = f"{ground.admin.kustomizations}/a"
    everything = {
        "metadata": {"annotations": {"x": "y"}, "labels": {"x": "y"}},
        "spec": {"suspend": True},
        "status": {"lastAppliedRevision": "r1"},
    }
    status = (await ground.admin.patch(f"{path}/status", everything)).json
    assert status["status"] == {"lastAppliedRevision": "r1", "observedGeneration": -1}
    assert ("annotations" in status["metadata"], "labels" in status["metadata"]) == (False, False)
    assert ("suspend" in status["spec"], status["metadata"]["generation"]) == (False, 1)

    everything["status"] = {"lastAppliedRevision": "forged"}
    rest = (await ground.admin.patch(path, everything)).json
    assert rest["status"]["lastAppliedRevision"] == "r1"
    assert (rest["spec"]["suspend"], rest["metadata"]["generation"]) == (True, 2)
    assert (await ground.admin.get(f"{path}/status")).json == rest


async def a_kind_without_status_has_no_such_subresource(ground: Ground) -> None:
    path = f"/apis/notification.toolkit.fluxcd.io/v1beta3/namespaces/{ground.admin.namespace}/providers"
    given = {
        "apiVersion": "notification.toolkit.fluxcd.io/v1beta3",
        "kind": "Provider",
        "metadata": {"name": "p"},
        "spec": {"type": "slack"},
    }
    made = await ground.admin.post(path, given)
    assert (made.status, "status" in made.json) == (201, False)
    assert (await ground.admin.patch(f"{path}/p/status", {"status": {}})).status == 404


async def only_merge_patches_fit_every_kind(ground: Ground) -> None:
    await ground.admin.make("a")
    path = f"{ground.admin.kustomizations}/a"
    for media in ("application/strategic-merge-patch+json", "application/json", "text/plain"):
        _is_status(await ground.admin.patch(path, {}, media), 415, "UnsupportedMediaType")
    for body in (b"{", b"[]"):
        _is_status(await ground.admin.patch(path, body), 400, "BadRequest")


async def a_strategic_patch_of_plain_fields_works_on_a_built_in_kind(ground: Ground) -> None:
    given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}}
    made = await ground.admin.post(ground.admin.config_maps, given)
    assert (made.status, "generation" in made.json["metadata"]) == (201, False)
    change = {"data": {"x": None, "z": "3"}}
    path = f"{ground.admin.config_maps}/a"
    reply = await ground.admin.patch(path, change, "application/strategic-merge-patch+json")
    assert reply.json["data"] == {"y": "2", "z": "3"}


async def a_deployment_counts_its_generations_and_keeps_its_status_apart(ground: Ground) -> None:
    collection = f"/apis/apps/v1/namespaces/{ground.admin.namespace}/deployments"
    labels = {"app": "a"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "manager", "image": "example.com/a:v1"}]}}
    given = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod},
    }
    made = await ground.admin.post(collection, given)
    assert (made.status, made.json["metadata"]["generation"]) == (201, 1)
    scaled = await ground.admin.patch(f"{collection}/a", {"spec": {"replicas": 0}})
    assert (scaled.json["spec"]["replicas"], scaled.json["metadata"]["generation"]) == (0, 2)
    told = await ground.admin.patch(f"{collection}/a/status", {"status": {"observedGeneration": 2}})
    assert (told.json["status"]["observedGeneration"], told.json["metadata"]["generation"]) == (2, 2)
    listed = await ground.admin.get(collection, labelSelector="app=a")
    assert (listed.json["kind"], names(listed.json)) == ("DeploymentList", ["a"])


# Deleting


async def a_deletion_is_answered_with_success_and_the_uid(ground: Ground) -> None:
    uid = (await ground.admin.make("a")).json["metadata"]["uid"]
    reply = await ground.admin.delete(f"{ground.admin.kustomizations}/a", {"propagationPolicy": "Background"})
    assert (reply.status, reply.json["status"]) == (200, "Success")
    assert reply.json["details"] == {**_about("a"), "uid": uid}
    assert (await ground.admin.get(f"{ground.admin.kustomizations}/a")).status == 404


async def a_finalizer_holds_a_deletion_until_it_is_taken_off(ground: Ground) -> None:
    made = await ground.admin.make("a", finalizers=["example.com/hold"])
    path = f"{ground.admin.kustomizations}/a"
    marked = (await ground.admin.delete(path)).json
    again = (await ground.admin.delete(path)).json
    assert again == marked == (await ground.admin.get(path)).json
    assert _STAMP.fullmatch(marked["metadata"]["deletionTimestamp"])
    assert (marked["metadata"]["deletionGracePeriodSeconds"], marked["metadata"]["generation"]) == (0, 2)
    _is_status(await ground.admin.patch(path, {"metadata": {"finalizers": ["new.com/x"]}}), 422, "Invalid")

    released = await ground.admin.patch(path, {"metadata": {"finalizers": None}})
    assert (released.status, released.json["metadata"].get("finalizers")) == (200, None)
    assert (await ground.admin.get(path)).status == 404
    lines = await ground.admin.watch(ground.admin.kustomizations, resourceVersion=made.version)
    assert _events(lines) == [("MODIFIED", "a"), ("DELETED", "a")]
    # The last state that was ever stored, under the version of the deletion.
    last = lines[-1]["object"]["metadata"]
    assert (last["finalizers"], last["deletionTimestamp"]) == (
        ["example.com/hold"],
        marked["metadata"]["deletionTimestamp"],
    )
    assert int(last["resourceVersion"]) > int(marked["metadata"]["resourceVersion"])


async def a_deletion_may_insist_on_a_uid_or_a_version(ground: Ground) -> None:
    made = await ground.admin.make("a")
    path = f"{ground.admin.kustomizations}/a"
    for wrong in ({"uid": "another"}, {"resourceVersion": "1"}):
        _is_status(await ground.admin.delete(path, {"preconditions": wrong}), 409, "Conflict")
    right = {"uid": made.json["metadata"]["uid"], "resourceVersion": made.version}
    assert (await ground.admin.delete(path, {"preconditions": right})).status == 200


async def a_selection_can_be_deleted_at_once(ground: Ground) -> None:
    for name, team in (("a", "x"), ("b", "y"), ("c", "x")):
        await ground.admin.make(name, labels={"team": team})
    reply = await ground.admin.call("DELETE", ground.admin.kustomizations, labelSelector="team=x")
    assert (reply.status, names(reply.json)) == (200, ["a", "c"])
    assert names((await ground.admin.get(ground.admin.kustomizations)).json) == ["b"]


# Watching


async def a_watch_shows_only_what_is_newer_than_its_version(ground: Ground) -> None:
    await ground.admin.make("a")
    since = (await ground.admin.get(ground.admin.kustomizations)).version
    await ground.admin.make("b")
    await ground.admin.patch(f"{ground.admin.kustomizations}/a", {"spec": {"suspend": True}})
    await ground.admin.delete(f"{ground.admin.kustomizations}/b")
    lines = await ground.admin.watch(ground.admin.kustomizations, resourceVersion=since)
    assert _events(lines) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    versions = [int(line["object"]["metadata"]["resourceVersion"]) for line in lines]
    assert versions == sorted(set(versions))
    assert lines[1]["object"] == (await ground.admin.get(f"{ground.admin.kustomizations}/a")).json


async def an_open_watch_hears_at_once(ground: Ground) -> None:
    since = (await ground.admin.get(ground.admin.kustomizations)).version
    async with ground.admin.watching(ground.admin.kustomizations, resourceVersion=since) as lines:
        for name in ("a", "b"):
            made = await ground.admin.make(name)
            line = await lines.next()
            assert (line["type"], line["object"]) == ("ADDED", made.json)


async def a_watch_ends_when_its_time_is_up(ground: Ground) -> None:
    clock = asyncio.get_running_loop()
    since, began = (await ground.admin.get(ground.admin.kustomizations)).version, clock.time()
    assert await ground.admin.watch(ground.admin.kustomizations, resourceVersion=since, timeoutSeconds="1") == []
    assert 0.9 < clock.time() - began < 9


async def a_watch_from_zero_or_nowhere_begins_with_what_is_there(ground: Ground) -> None:
    for name in ("b", "a"):
        await ground.admin.make(name)
    for query in ({"resourceVersion": "0"}, {}):
        lines = await ground.admin.watch(ground.admin.kustomizations, **query)
        assert sorted(_events(lines)) == [("ADDED", "a"), ("ADDED", "b")]


async def bookmarks_come_before_the_end_to_those_who_allow_them_if_anything_happened(ground: Ground) -> None:
    since = (await ground.admin.make("a")).version
    options = {"resourceVersion": since, "timeoutSeconds": "5"}

    async def change() -> None:
        await asyncio.sleep(0.5)
        await ground.admin.patch(f"{ground.admin.kustomizations}/a", {"spec": {"suspend": True}})

    with_them, without, _ = await asyncio.gather(
        ground.admin.watch(ground.admin.kustomizations, allowWatchBookmarks="true", **options),
        ground.admin.watch(ground.admin.kustomizations, **options),
        change(),
    )
    assert [line["type"] for line in without] == ["MODIFIED"]
    assert [with_them[0]["type"], *{line["type"] for line in with_them[1:]}] == ["MODIFIED", "BOOKMARK"]
    mark = with_them[-1]["object"]
    assert (mark["kind"], mark["apiVersion"], set(mark["metadata"])) == (
        "Kustomization",
        f"{KUSTOMIZE}/v1",
        {"resourceVersion"},
    )
    assert int(mark["metadata"]["resourceVersion"]) >= int(with_them[0]["object"]["metadata"]["resourceVersion"])


async def the_end_of_what_was_there_is_marked(ground: Ground) -> None:
    await ground.admin.make("a")
    options = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    lines = await ground.admin.watch(ground.admin.kustomizations, **options)
    assert _events(lines)[:2] == [("ADDED", "a"), ("BOOKMARK", "")]
    assert lines[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def an_ancient_watch_is_told_410_inside_the_stream(ground: Ground) -> None:
    await ground.admin.make("a")
    (line,) = await ground.admin.watch(ground.admin.kustomizations, resourceVersion="1")
    told = {key: line["object"][key] for key in ("kind", "status", "reason", "code")}
    assert (line["type"], told) == (
        "ERROR",
        {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410},
    )
    assert re.fullmatch(r"too old resource version: 1 \(\d+\)", line["object"]["message"])


async def a_watch_from_the_future_stays_silent(ground: Ground) -> None:
    await ground.admin.make("a")
    assert await ground.admin.watch(ground.admin.kustomizations, resourceVersion="99999999") == []


async def what_leaves_or_enters_a_selection_looks_deleted_or_added(ground: Ground) -> None:
    path = f"{ground.admin.kustomizations}/a"
    made = await ground.admin.make("a", labels={"team": "x"})
    for team in ("x", "y", "z", "x"):
        await ground.admin.patch(path, {"metadata": {"labels": {"team": team}}, "spec": {"path": f"./{team}"}})
    await ground.admin.delete(path)
    lines = await ground.admin.watch(
        ground.admin.kustomizations, resourceVersion=made.version, labelSelector="team=x"
    )
    assert [line["type"] for line in lines] == ["MODIFIED", "DELETED", "ADDED", "DELETED"]
    left = lines[1]["object"]
    # As it was when it still belonged, under the version with which it left.
    assert (left["metadata"]["labels"], left["spec"]["path"]) == ({"team": "x"}, "./x")
    assert int(left["metadata"]["resourceVersion"]) > int(lines[0]["object"]["metadata"]["resourceVersion"])


async def one_object_can_be_watched_by_its_name(ground: Ground) -> None:
    since = (await ground.admin.make("a")).version
    await ground.admin.make("b")
    await ground.admin.patch(f"{ground.admin.kustomizations}/a", {"spec": {"suspend": True}})
    lines = await ground.admin.watch(
        ground.admin.kustomizations, resourceVersion=since, fieldSelector="metadata.name=a"
    )
    assert _events(lines) == [("MODIFIED", "a")]


async def a_watch_over_all_namespaces_sees_ours(ground: Ground) -> None:
    since = (await ground.admin.make("a")).version
    await ground.admin.make("b")
    lines = await ground.admin.watch(f"/apis/{KUSTOMIZE}/v1/kustomizations", resourceVersion=since)
    places = [(line["type"], line["object"]["metadata"]["namespace"]) for line in lines]
    assert ("ADDED", ground.admin.namespace) in places


# Tables


def _cells(table: Json) -> list[list[object]]:
    ages = [column["name"] for column in table["columnDefinitions"]].index("Age")
    for row in table["rows"]:
        assert re.fullmatch(r"\d+s", row["cells"][ages])
    return [row["cells"][:ages] + row["cells"][ages + 1 :] for row in table["rows"]]


async def a_list_can_be_had_as_a_table(ground: Ground) -> None:
    await ground.admin.make("a")
    await ground.admin.make("b")
    ready = {"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "no such path"}
    condition = {**ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}
    await ground.admin.patch(f"{ground.admin.kustomizations}/b/status", {"status": {"conditions": [condition]}})
    table = (await ground.admin.call("GET", ground.admin.kustomizations, accept=TABLE, limit="500")).json
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert table["metadata"]["resourceVersion"].isdigit()
    columns = [(each["name"], each["type"], each["format"], each["priority"]) for each in table["columnDefinitions"]]
    assert columns == [
        ("Name", "string", "name", 0),
        ("Age", "date", "", 0),
        ("Ready", "string", "", 0),
        ("Status", "string", "", 0),
    ]
    assert _cells(table) == [["a", None, None], ["b", "False", "no such path"]]
    row = table["rows"][0]["object"]
    assert (row["kind"], row["apiVersion"], row["metadata"]["name"], "spec" in row) == (
        "PartialObjectMetadata",
        "meta.k8s.io/v1",
        "a",
        False,
    )


async def a_table_row_carries_what_was_asked_for(ground: Ground) -> None:
    await ground.admin.make("a")
    path = f"{ground.admin.kustomizations}/a"
    kinds = []
    for include in ("None", "Metadata", "Object"):
        table = (await ground.admin.call("GET", path, accept=TABLE, includeObject=include)).json
        carried = table["rows"][0]["object"]
        kinds.append(carried and carried["kind"])
    assert kinds == [None, "PartialObjectMetadata", "Kustomization"]


async def the_columns_are_those_of_the_kind(ground: Ground) -> None:
    flux = "source.toolkit.fluxcd.io/v1"
    for version, plural, expected in (
        ("helm.toolkit.fluxcd.io/v2", "helmreleases", "Name Age Ready Status"),
        (flux, "gitrepositories", "Name URL Age Ready Status"),
        (flux, "ocirepositories", "Name URL Ready Status Age"),
        (flux, "helmrepositories", "Name URL Age Ready Status"),
        (flux, "buckets", "Name Endpoint Age Ready Status"),
        (flux, "externalartifacts", "Name Age Ready Status Source"),
        ("notification.toolkit.fluxcd.io/v1", "receivers", "Name Age Ready Status"),
        ("notification.toolkit.fluxcd.io/v1beta3", "alerts", "Name Age"),
        ("apiextensions.k8s.io/v1", "customresourcedefinitions", "Name Created At"),
        ("apps/v1", "deployments", "Name Ready Up-to-date Available Age"),
    ):
        table = (await ground.admin.call("GET", f"/apis/{version}/{plural}", accept=TABLE)).json
        shown = [each["name"] for each in table["columnDefinitions"] if each["priority"] == 0]
        assert (plural, " ".join(shown)) == (plural, expected)
    for plural, expected in (
        ("namespaces", "Name Status Age"),
        ("events", "Last Seen Type Reason Object Message"),
        ("pods", "Name Ready Status Restarts Age"),
        ("configmaps", "Name Data Age"),
    ):
        table = (await ground.admin.call("GET", f"/api/v1/{plural}", accept=TABLE)).json
        shown = [each["name"] for each in table["columnDefinitions"] if each["priority"] == 0]
        assert (plural, " ".join(shown)) == (plural, expected)


async def a_watch_can_be_had_as_tables(ground: Ground) -> None:
    made = await ground.admin.make("a")
    await ground.admin.patch(f"{ground.admin.kustomizations}/a", {"spec": {"suspend": True}})
    lines = await ground.admin.watch(
        ground.admin.kustomizations, accept=TABLE, resourceVersion=made.version, timeoutSeconds="1"
    )
    assert [line["type"] for line in lines] == ["MODIFIED"]
    table = lines[0]["object"]
    assert (table["kind"], [each["name"] for each in table["columnDefinitions"]]) == (
        "Table",
        ["Name", "Age", "Ready", "Status"],
    )
    assert _cells(table) == [["a", None, None]]


async def a_shape_that_nobody_can_give_is_not_acceptable(ground: Ground) -> None:
    reply = await ground.admin.call("GET", ground.admin.kustomizations, accept="image/png")
    _is_status(reply, 406, "NotAcceptable")


# Who may what


async def nobody_comes_in_without_a_known_token(ground: Ground) -> None:
    reply = await replace(ground.admin, token="a-token-that-nobody-has").get(ground.admin.kustomizations)
    _is_status(reply, 401, "Unauthorized")
    assert reply.json["message"] == "Unauthorized"
    # A server may call who comes without a token anonymous, and then forbid.
    assert (await replace(ground.admin, token="").get(ground.admin.kustomizations)).status in (401, 403)


async def what_no_rule_allows_is_forbidden_and_the_server_says_what_it_was(ground: Ground) -> None:
    here = f'in the namespace "{ground.bot.namespace}"'
    core, apps, flux = (f'in API group "{group}"' for group in ("", "apps", KUSTOMIZE))
    who = 'is forbidden: User "flux-bot" cannot'
    spaces = f"namespaces/{ground.bot.namespace}"
    for method, path, message in (
        (
            "DELETE",
            f"{ground.bot.kustomizations}/a",
            f'kustomizations.{KUSTOMIZE} "a" {who} delete resource "kustomizations" {flux} {here}',
        ),
        ("GET", f"/api/v1/{spaces}/secrets", f'secrets {who} list resource "secrets" {core} {here}'),
        (
            "GET",
            "/api/v1/secrets?watch=1",
            f'secrets {who} watch resource "secrets" {core} at the cluster scope',
        ),
        (
            "GET",
            f"/apis/apps/v1/{spaces}/deployments/x",
            f'deployments.apps "x" {who} get resource "deployments" {apps} {here}',
        ),
        ("GET", "/somewhere", 'forbidden: User "flux-bot" cannot get path "/somewhere"'),
    ):
        reply = await ground.bot.call(method, path)
        _is_status(reply, 403, "Forbidden")
        assert reply.json["message"] == message


async def the_right_to_patch_is_none_to_patch_the_status(ground: Ground) -> None:
    await ground.admin.make("a")
    path = f"{ground.bot.kustomizations}/a"
    annotated = await ground.bot.patch(path, {"metadata": {"annotations": {"x": "y"}}})
    assert annotated.status == 200
    reply = await ground.bot.patch(f"{path}/status", {"status": {}})
    _is_status(reply, 403, "Forbidden")
    assert 'cannot patch resource "kustomizations/status"' in reply.json["message"]


async def a_role_of_a_namespace_holds_there_and_for_the_names_it_lists(ground: Ground) -> None:
    here, group = ground.admin.namespace, "rbac.authorization.k8s.io"
    root = f"/apis/{group}/v1/namespaces/{here}"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["get"]}]
    head = {"apiVersion": f"{group}/v1", "metadata": {"name": "reader"}}
    subject = {"apiGroup": group, "kind": "User", "name": "flux-bot"}
    binding = {"roleRef": {"apiGroup": group, "kind": "Role", "name": "reader"}, "subjects": [subject]}
    assert (await ground.admin.post(f"{root}/roles", {**head, "kind": "Role", "rules": rules})).status == 201
    assert (await ground.admin.post(f"{root}/rolebindings", {**head, "kind": "RoleBinding", **binding})).status == 201
    for name in ("a", "b"):
        given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        await ground.admin.post(ground.admin.config_maps, given)

    # The real server's authorizer learns of a new binding by a watch of its own.
    async with asyncio.timeout(10):
        while (await ground.bot.get(f"{ground.bot.config_maps}/a")).status != 200:
            await asyncio.sleep(0.05)
    _is_status(await ground.bot.get(f"{ground.bot.config_maps}/b"), 403, "Forbidden")
    _is_status(await ground.bot.get(ground.bot.config_maps), 403, "Forbidden")
    _is_status(await ground.bot.get("/api/v1/namespaces/default/configmaps/a"), 403, "Forbidden")


async def one_may_ask_whether_one_may(ground: Ground) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    head = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    about = {"group": KUSTOMIZE, "resource": "kustomizations", "namespace": ground.bot.namespace}
    answers = []
    for caller, verb in ((ground.admin, "delete"), (ground.bot, "patch"), (ground.bot, "delete")):
        spec = {"resourceAttributes": {**about, "verb": verb}}
        reply = await caller.post(path, {**head, "spec": spec})
        assert (reply.status, reply.json["kind"]) == (201, "SelfSubjectAccessReview")
        assert reply.json["spec"] == spec
        answers.append(reply.json["status"])
    why = 'RBAC: allowed by ClusterRoleBinding "flux-bot" of ClusterRole "flux-bot" to User "flux-bot"'
    assert answers == [{"allowed": True}, {"allowed": True, "reason": why}, {"allowed": False}]


async def one_may_ask_who_one_is_and_what_one_may(ground: Ground) -> None:
    who = await ground.bot.post(
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
    )
    assert (who.status, who.json["status"]["userInfo"]) == (
        201,
        {"username": "flux-bot", "uid": "flux-bot", "groups": ["flux-bots", "system:authenticated"]},
    )
    what = await ground.bot.post(
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": "flux-system"},
        },
    )
    rules = what.json["status"]["resourceRules"]
    assert {"verbs": ["get"], "apiGroups": [""], "resources": ["namespaces"]} in rules
    assert {"verbs": ["get", "list", "watch"], "apiGroups": ["apps"], "resources": ["deployments"]} in rules


# What is served


async def everything_served_is_found_in_one_document(ground: Ground) -> None:
    reply = await ground.bot.call("GET", "/apis", accept=_DISCOVERY)
    assert reply.headers["Content-Type"].startswith("application/json;g=apidiscovery.k8s.io;v=v2;")
    assert (reply.json["kind"], reply.json["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    groups = {each["metadata"]["name"]: each for each in reply.json["items"]}
    (version,) = groups[KUSTOMIZE]["versions"]
    (found,) = version["resources"]
    assert (version["version"], version["freshness"], found["scope"]) == ("v1", "Current", "Namespaced")
    assert (found["resource"], found["singularResource"], found["shortNames"]) == (
        "kustomizations",
        "kustomization",
        ["ks"],
    )
    assert found["responseKind"] == {"group": KUSTOMIZE, "version": "v1", "kind": "Kustomization"}
    assert set(found["verbs"]) == {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
    assert [each["subresource"] for each in found["subresources"]] == ["status"]
    versions = [each["version"] for each in groups["notification.toolkit.fluxcd.io"]["versions"]]
    assert versions == ["v1", "v1beta3"]

    core = await ground.bot.call("GET", "/api", accept=_DISCOVERY)
    assert [each["metadata"] for each in core.json["items"]] == [{}]
    assert "namespaces" in [each["resource"] for each in core.json["items"][0]["versions"][0]["resources"]]


async def everything_served_is_found_group_by_group(ground: Ground) -> None:
    assert (await ground.bot.get("/api")).json["versions"] == ["v1"]
    groups = (await ground.bot.get("/apis")).json
    assert (groups["kind"], groups["apiVersion"]) == ("APIGroupList", "v1")
    preferred = {each["name"]: each["preferredVersion"]["version"] for each in groups["groups"]}
    assert (preferred[KUSTOMIZE], preferred["notification.toolkit.fluxcd.io"]) == ("v1", "v1")
    group = (await ground.bot.get(f"/apis/{KUSTOMIZE}")).json
    assert (group["kind"], group["name"]) == ("APIGroup", KUSTOMIZE)
    listed = (await ground.bot.get(f"/apis/{KUSTOMIZE}/v1")).json
    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", f"{KUSTOMIZE}/v1")
    assert [(each["name"], each["kind"], each["namespaced"]) for each in listed["resources"]] == [
        ("kustomizations", "Kustomization", True),
        ("kustomizations/status", "Kustomization", True),
    ]
    assert (await ground.bot.get("/api/v1")).json["groupVersion"] == "v1"


async def definitions_name_kinds_scope_and_columns(ground: Ground) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    found = (await ground.bot.get(f"{path}/kustomizations.{KUSTOMIZE}")).json
    spec = found["spec"]
    assert (spec["group"], spec["scope"]) == (KUSTOMIZE, "Namespaced")
    assert spec["names"] == {
        "kind": "Kustomization",
        "listKind": "KustomizationList",
        "plural": "kustomizations",
        "singular": "kustomization",
        "shortNames": ["ks"],
        "categories": ["all", "fluxcd", "fluxcd-appliers"],
    }
    (version,) = spec["versions"]
    assert (version["name"], version["served"], version["storage"]) == ("v1", True, True)
    assert [column["name"] for column in version["additionalPrinterColumns"]] == ["Age", "Ready", "Status"]
    assert "Established" in [each["type"] for each in found["status"]["conditions"]]
    assert f"helmreleases.{KUSTOMIZE.replace('kustomize', 'helm')}" in names((await ground.bot.get(path)).json)


async def version_and_health_are_told_to_everybody_with_a_name(ground: Ground) -> None:
    version = (await ground.bot.get("/version")).json
    assert (version["major"], version["minor"]) == ("1", "36")
    assert version["gitVersion"].startswith("v1.36.")
    for path in ("/readyz", "/livez", "/healthz"):
        reply = await ground.bot.get(path)
        assert (reply.status, reply.text) == (200, "ok")


async def a_path_that_names_nothing_is_not_found(ground: Ground) -> None:
    for path in (
        "/nowhere",
        "/apis/nobody.example.com/v1",
        f"/apis/{KUSTOMIZE}/v9",
        f"/apis/{KUSTOMIZE}/v9/kustomizations",
        f"/apis/{KUSTOMIZE}/v1/nothings",
    ):
        reply = await ground.admin.get(path)
        assert (path, reply.status, reply.text) == (path, 404, "404 page not found\n")


async def a_method_that_means_nothing_is_not_allowed(ground: Ground) -> None:
    for method, path in (
        ("OPTIONS", "/version"),
        ("POST", "/version"),
        ("OPTIONS", ground.admin.kustomizations),
    ):
        _is_status(await ground.admin.call(method, path), 405, "MethodNotAllowed")
    assert (await ground.admin.call("HEAD", "/version")).status == 405


async def every_answer_has_an_audit_id_and_is_not_to_be_cached(ground: Ground) -> None:
    replies = [
        await ground.admin.get(ground.admin.kustomizations),
        await ground.admin.get("/nowhere"),
        await replace(ground.admin, token="wrong").get("/version"),
    ]
    assert len({reply.headers["Audit-Id"] for reply in replies}) == len(replies)
    assert {reply.headers["Cache-Control"] for reply in replies} == {"no-cache, private"}


CHECKS: Final[tuple[Check, ...]] = tuple(
    value
    for name, value in list(globals().items())
    if asyncio.iscoroutinefunction(value) and not name.startswith("_") and value.__module__ == __name__
)
