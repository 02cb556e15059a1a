"""What the checks cannot ask of a real server: knobs, losses, and what a simulator's owner may do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.calls import Answer, Asked, Stream
from bot.demo.kube.custom_kinds import FLUX_KINDS
from bot.demo.kube.knobs import Knobs
from bot.demo.kube.rights import MASTERS, User
from bot.demo.kube.watches import Drop
from tests.demo.kube.asking import MERGE, TABLE, Json, kustomization
from tests.fakes.virtual_loop import EPOCH, now, virtually

KS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Client:
    """Asks without a transport, as an administrator unless told otherwise."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        server.users["t"] = User("admin", (MASTERS,))

    def ask(self, method: str, path: str, body: object = None, media: str = "", **query: str) -> tuple[int, Json]:
        headers = {"authorization": "Bearer t", "content-type": media or "application/json"}
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self.server.answer(Asked(method, path, query, headers, raw))
        assert isinstance(answer, Answer)
        return answer.status, json.loads(answer.body)

    def make(self, name: str, **metadata: Any) -> str:
        """A new object's version."""
        status, made = self.ask("POST", KS, kustomization(name, **metadata))
        assert status == 201, made
        return str(made["metadata"]["resourceVersion"])

    def touch(self, name: str, value: str) -> str:
        status, made = self.ask("PATCH", f"{KS}/{name}", {"metadata": {"annotations": {"x": value}}}, MERGE)
        assert status == 200, made
        return str(made["metadata"]["resourceVersion"])

    def watch(self, path: str = KS, **query: str) -> Stream:
        headers = {"authorization": "Bearer t"}
        stream = self.server.answer(Asked("GET", path, {"watch": "1", **query}, headers))
        assert not isinstance(stream, Answer), stream
        return stream


def client(**knobs: float) -> Client:
    return Client(ApiServer(now, Random(1), Knobs(**knobs)))  # type: ignore[arg-type]


async def lines(stream: Stream) -> list[Json]:
    """All lines up to the end."""
    found = []
    while (line := await stream.next()) is not None:
        assert line.endswith(b"\n")
        found.append(json.loads(line))
    return found


def kinds(found: list[Json]) -> list[str]:
    return [each["type"] for each in found]


# Time


def test_objects_carry_the_time_and_the_uids_that_were_injected() -> None:
    async def story() -> tuple[list[str], list[str]]:
        first, second = client(), client()
        await asyncio.sleep(90)
        for each in (first, second):
            each.make("a")
        metas = [(each.server.find("Kustomization", "default", "a") or {})["metadata"] for each in (first, second)]
        return [each["creationTimestamp"] for each in metas], [each["uid"] for each in metas]

    stamps, uids = virtually(story())
    assert stamps == [(EPOCH + timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%SZ")] * 2
    assert uids[0] == uids[1]


def test_bookmarks_come_each_minute_and_two_seconds_before_the_end() -> None:
    async def story() -> list[tuple[float, str]]:
        server = client()
        since = server.make("a")
        stream = server.watch(resourceVersion=since, allowWatchBookmarks="true", timeoutSeconds="150")
        server.touch("a", "1")
        seen = []
        while (line := await stream.next()) is not None:
            seen.append((asyncio.get_running_loop().time(), json.loads(line)["type"]))
        assert asyncio.get_running_loop().time() == pytest.approx(150)
        return seen

    times = virtually(story())
    assert [kind for _, kind in times] == ["MODIFIED", "BOOKMARK", "BOOKMARK", "BOOKMARK"]
    assert [at for at, _ in times] == pytest.approx([0, 60, 120, 148])


def test_a_watch_on_which_nothing_happens_gets_no_bookmark_and_lives_as_long_as_the_knob_says() -> None:
    async def story() -> float:
        server = client(watch_life=100)
        stream = server.watch(resourceVersion=server.make("a"), allowWatchBookmarks="true")
        assert await lines(stream) == []
        return asyncio.get_running_loop().time()

    assert 100 <= virtually(story()) <= 200


def test_a_bookmark_is_as_new_as_the_newest_change_of_anything() -> None:
    async def story() -> tuple[str, str]:
        server = client()
        stream = server.watch(resourceVersion=server.make("a"), allowWatchBookmarks="true", timeoutSeconds="70")
        _, other = server.ask(
            "POST",
            "/api/v1/namespaces/default/configmaps",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}},
        )
        marks = await lines(stream)
        return marks[0]["object"]["metadata"]["resourceVersion"], other["metadata"]["resourceVersion"]

    mark, other = virtually(story())
    assert mark == other


def test_a_bookmark_among_tables_is_a_table_of_one_nameless_row() -> None:
    async def story() -> Json:
        server = client()
        stream = server.server.answer(
            Asked(
                "GET",
                KS,
                {
                    "watch": "1",
                    "resourceVersion": server.make("a"),
                    "allowWatchBookmarks": "true",
                    "timeoutSeconds": "9",
                },
                {"authorization": "Bearer t", "accept": TABLE},
            )
        )
        assert not isinstance(stream, Answer)
        server.touch("a", "1")
        changed, mark = await lines(stream)
        assert changed["object"]["rows"][0]["cells"] == ["a", "0s", None, None]
        assert mark["type"] == "BOOKMARK"
        table: Json = mark["object"]
        return table

    table = virtually(story())
    (row,) = table["rows"]
    assert (table["kind"], table["columnDefinitions"], row["cells"]) == ("Table", None, ["", None, None, None])
    assert row["object"]["metadata"] == {"resourceVersion": table["metadata"]["resourceVersion"]}


# What is forgotten


def test_a_watch_from_before_the_window_is_too_old() -> None:
    async def story() -> list[list[str]]:
        server = client(window=2)
        versions = [server.make("a"), *(server.touch("a", str(turn)) for turn in range(3))]
        streams = [server.watch(resourceVersion=version, timeoutSeconds="1") for version in versions]
        return [kinds(await lines(each)) for each in streams]

    assert virtually(story()) == [["ERROR"], ["MODIFIED", "MODIFIED"], ["MODIFIED"], []]


def test_the_rest_of_a_list_expires_and_can_still_be_had_inconsistently() -> None:
    server = Client(ApiServer(lambda: EPOCH, Random(1)))
    for name in ("a", "b", "c"):
        server.make(name)
    _, first = server.ask("GET", KS, limit="1")
    server.make("bb")
    server.server.forget_history()
    status, refused = server.ask("GET", KS, **{"continue": first["metadata"]["continue"]})
    assert (status, refused["reason"], refused["code"]) == (410, "Expired", 410)
    status, rest = server.ask("GET", KS, **{"continue": refused["metadata"]["continue"]})
    assert (status, [each["metadata"]["name"] for each in rest["items"]]) == (200, ["b", "bb", "c"])
    assert server.ask("GET", KS, resourceVersion="1", resourceVersionMatch="Exact")[0] == 410
    assert rest["metadata"]["resourceVersion"] == str(server.server.version)


def test_the_history_tells_each_step_of_each_object() -> None:
    server = Client(ApiServer(lambda: EPOCH, Random(1)))
    server.make("a")
    server.touch("a", "1")
    server.ask("DELETE", f"{KS}/a")
    steps = server.server.history("Kustomization")
    assert [each.happening.value for each in steps] == ["ADDED", "MODIFIED", "DELETED"]
    before = [each.before.version if each.before is not None else None for each in steps]
    assert before == [None, steps[0].version, steps[1].version]


# Streams that are lost


@pytest.mark.parametrize("how", [Drop.RESET, Drop.CUT])
def test_a_broken_watch_raises_and_loses_what_was_not_read(how: Drop) -> None:
    async def story() -> list[bytes]:
        server = client()
        stream = server.watch(resourceVersion=server.make("a"))
        server.touch("a", "1")
        assert server.server.drop_watches(how) == 1
        server.touch("a", "2")
        got = [await stream.next()] if how is Drop.CUT else []
        with pytest.raises(ConnectionResetError):
            await stream.next()
        assert server.server.open_watches == 0
        return [line for line in got if line is not None]

    # Cut in the middle of a line, or not even that.
    assert [line.endswith(b"\n") for line in virtually(story())] == ([False] if how is Drop.CUT else [])


def test_a_watch_that_the_server_closes_hands_over_what_it_has_and_ends() -> None:
    async def story() -> list[str]:
        server = client()
        stream = server.watch(resourceVersion=server.make("a"))
        server.touch("a", "1")
        server.server.drop_watches(Drop.CLOSE)
        server.touch("a", "2")
        return kinds(await lines(stream))

    assert virtually(story()) == ["MODIFIED"]


def test_a_waiting_reader_is_told_at_once_that_its_stream_is_lost() -> None:
    async def story() -> float:
        server = client()
        reading = asyncio.create_task(server.watch(resourceVersion=server.make("a")).next())
        await asyncio.sleep(5)
        server.server.drop_watches(kind="HelmRelease")
        await asyncio.sleep(1)
        assert not reading.done()
        server.server.drop_watches(kind="Kustomization")
        with pytest.raises(ConnectionResetError):
            await reading
        return asyncio.get_running_loop().time()

    assert virtually(story()) == pytest.approx(6)


def test_a_reader_that_is_too_slow_loses_its_stream() -> None:
    async def story() -> list[str]:
        server = client(watch_buffer=3)
        stream = server.watch(resourceVersion=server.make("a"))
        for turn in range(9):
            server.touch("a", str(turn))
        assert server.server.open_watches == 0
        return kinds(await lines(stream))

    assert virtually(story()) == ["MODIFIED"] * 4


def test_a_closed_stream_costs_nothing_more() -> None:
    async def story() -> None:
        server = client()
        stream = server.watch(resourceVersion=server.make("a"))
        stream.close()
        stream.close()
        server.touch("a", "1")
        assert (server.server.open_watches, await stream.next()) == (0, None)

    virtually(story())


def test_a_cancelled_wait_loses_no_line() -> None:
    async def story() -> list[str]:
        server = client()
        stream = server.watch(resourceVersion=server.make("a"), timeoutSeconds="20")
        found: list[Json] = []
        for turn in range(3):
            reading = asyncio.create_task(stream.next())
            await asyncio.sleep(1)
            # It comes in the same moment in which nobody wants it any more.
            server.touch("a", str(turn))
            reading.cancel()
            (line,) = await asyncio.gather(reading, return_exceptions=True)
            found += [json.loads(line)] if isinstance(line, bytes) else []
        return kinds(found + await lines(stream))

    assert virtually(story()) == ["MODIFIED"] * 3


# The owner's hand


def test_an_object_is_placed_with_its_status_and_its_namespace_is_made() -> None:
    server = ApiServer(lambda: EPOCH, Random(1))
    given_one = {**kustomization("a", namespace="new"), "status": {"lastAppliedRevision": "r1"}}
    made = server.place(given_one)
    assert (made["status"], made["metadata"]["generation"]) == ({"lastAppliedRevision": "r1"}, 1)
    assert (server.find("Namespace", "", "new") or {})["status"] == {"phase": "Active"}

    changed = {**kustomization("a", namespace="new", spec={"suspend": True}), "status": {"lastAppliedRevision": "r2"}}
    again = server.place(changed)
    assert (again["status"]["lastAppliedRevision"], again["metadata"]["generation"]) == ("r2", 2)
    assert again["metadata"]["uid"] == made["metadata"]["uid"]
    assert again == server.find("Kustomization", "new", "a")


def test_what_the_server_would_refuse_cannot_be_placed() -> None:
    server = ApiServer(lambda: EPOCH, Random(1))
    with pytest.raises(ValueError, match=r"spec\.prune in body must be of type boolean"):
        server.place(kustomization("a", namespace="default", spec={"prune": "x"}))
    with pytest.raises(ValueError, match="no kind Spaceship of v1 is served"):
        server.place({"apiVersion": "v1", "kind": "Spaceship", "metadata": {"name": "a"}})
    with pytest.raises(LookupError):
        server.find("Spaceship", "", "a")


def test_a_kind_can_be_withdrawn_and_installed_again() -> None:
    async def story() -> list[str]:
        server = client()
        crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/kustomizations.kustomize.toolkit.fluxcd.io"
        assert server.ask("GET", crd)[0] == 200
        stream = server.watch(resourceVersion=server.make("a"))
        server.server.withdraw("Kustomization")
        assert server.ask("GET", crd)[0] == 404
        gone = server.server.answer(Asked("GET", KS, headers={"authorization": "Bearer t"}))
        assert isinstance(gone, Answer)
        assert (gone.status, gone.body) == (404, b"404 page not found\n")
        assert "kustomize.toolkit.fluxcd.io" not in json.dumps(server.ask("GET", "/apis")[1])

        server.server.install(next(each for each in FLUX_KINDS if each.kind == "Kustomization"))
        assert server.ask("GET", crd)[0] == 200
        assert server.ask("GET", KS)[1]["items"] == []
        return kinds(await lines(stream))

    assert virtually(story()) == ["DELETED"]


def test_a_deleted_namespace_takes_along_what_lies_in_it() -> None:
    server = Client(ApiServer(lambda: EPOCH, Random(1)))
    for name, finalizers in (("held", ["a.com/hold"]), ("free", [])):
        server.server.place(kustomization(name, namespace="shop", finalizers=finalizers))
    path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/shop/kustomizations"
    status, marked = server.ask("DELETE", "/api/v1/namespaces/shop")
    assert (status, marked["status"]["phase"]) == (200, "Terminating")
    assert [each["metadata"]["name"] for each in server.ask("GET", path)[1]["items"]] == ["held"]
    status, refused = server.ask("POST", path, kustomization("late"))
    assert (status, refused["reason"]) == (403, "Forbidden")
    assert "because it is being terminated" in refused["message"]

    server.ask("PATCH", f"{path}/held", {"metadata": {"finalizers": None}}, MERGE)
    assert server.ask("GET", "/api/v1/namespaces/shop")[0] == 404


def test_dry_run_is_refused_rather_than_done_for_real() -> None:
    server = Client(ApiServer(lambda: EPOCH, Random(1)))
    server.make("a")
    before = server.server.version
    for method, path, body in (
        ("POST", KS, kustomization("b")),
        ("PATCH", f"{KS}/a", {"spec": {"suspend": True}}),
        ("DELETE", f"{KS}/a", None),
    ):
        status, said = server.ask(method, path, body, MERGE if method == "PATCH" else "", dryRun="All")
        assert (status, said["message"]) == (400, "this server does not know dry run")
    assert server.ask("DELETE", f"{KS}/a", {"dryRun": ["All"]})[0] == 400
    assert server.server.version == before


def test_a_token_may_stand_in_front_of_the_path() -> None:
    server = ApiServer(lambda: EPOCH, Random(1))
    server.users["secret"] = User("admin", (MASTERS,))

    def status(path: str, headers: Mapping[str, str]) -> int:
        answer = server.answer(Asked("GET", path, headers=headers))
        assert isinstance(answer, Answer)
        return answer.status

    assert status(f"/as/secret{KS}", {}) == 200
    assert status("/as/secret/api/v1/namespaces/default", {}) == 200
    assert status(f"/as/wrong{KS}", {"authorization": "Bearer secret"}) == 401
    assert status(KS, {"authorization": "bearer secret"}) == 200
    assert status(KS, {"authorization": "Basic secret"}) == 401
    assert status("/as/secret", {}) == 404


# Whatever is sent


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "FOO"]),
    path=st.one_of(
        st.text(max_size=40).map("/".__add__),
        st.sampled_from(
            [KS, f"{KS}/a", f"{KS}/a/status", "/api/v1/namespaces", "/api/v1/namespaces/default", "/apis"]
        ),
        st.lists(st.sampled_from(["api", "apis", "v1", "namespaces", "default", "", "..", "%2F", "pods"])).map(
            lambda parts: "/" + "/".join(parts)
        ),
    ),
    query=st.dictionaries(
        st.sampled_from(["limit", "continue", "resourceVersion", "labelSelector", "fieldSelector", "timeoutSeconds"]),
        st.one_of(st.text(max_size=20), st.sampled_from(["0", "1", "a=b", "-1", "9" * 30])),
        max_size=3,
    ),
    body=st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["metadata", "spec", "status", "kind", "name", "labels"]), inner)
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    media=st.sampled_from(["application/json", MERGE, "application/vnd.kubernetes.protobuf", "", ";;="]),
    accept=st.sampled_from(
        ["", "*/*", DISCOVERY, "application/json;as=Table;v=v1;g=meta.k8s.io", "text/plain", ";,;="]
    ),
)
def test_nothing_that_is_sent_makes_it_fail(
    method: str, path: str, query: dict[str, str], body: bytes, media: str, accept: str
) -> None:
    server = Client(ApiServer(lambda: EPOCH, Random(1)))
    server.make("a", labels={"a": "b"})
    headers = {"authorization": "Bearer t", "content-type": media, "accept": accept}
    answer = server.server.answer(Asked(method, path, query, headers, body))
    assert isinstance(answer, Answer)
    assert 200 <= answer.status < 600
    if answer.headers["Content-Type"] == "application/json":
        assert json.loads(answer.body)
    # And what is stored is still sound.
    assert server.ask("GET", "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations")[0] == 200


def test_versions_only_ever_grow() -> None:
    server = Client(ApiServer(lambda: EPOCH, Random(1)))
    versions = [
        int(server.make("a")),
        int(server.make("b")),
        int(server.touch("a", "1")),
        int(server.touch("b", "1")),
    ]
    assert all(one < other for one, other in pairwise(versions))
