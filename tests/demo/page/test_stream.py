"""What the stream tells: all that one person sees, nothing that others see, and only what is new."""

from __future__ import annotations

from bot.demo.clusters import Cluster
from bot.demo.manifests import git_repository, helm_release, helm_repository, kustomization
from bot.demo.page.feed import Entry, Feed
from bot.demo.page.server import Page
from bot.demo.slack.state import Draft
from bot.demo.slack.workspace import Workspace
from bot.demo.slack.world import BOT_USER, DEV, FLUX_AUDIT, PLATFORM, SRE
from tests.demo.page.browser import Browser, Json


def entry(key: str, stamp: int) -> Entry:
    return Entry(key, stamp, lambda: {"stamp": stamp})


def test_a_feed_tells_everything_first_and_then_what_has_changed() -> None:
    feed = Feed()
    assert feed.news([entry("a", 1), entry("b", 1)]) == {
        "put": {"a": {"stamp": 1}, "b": {"stamp": 1}},
        "gone": [],
    }
    assert feed.news([entry("a", 1), entry("b", 1)]) is None
    assert feed.news([entry("a", 2), entry("c", 1)]) == {"put": {"a": {"stamp": 2}, "c": {"stamp": 1}}, "gone": ["b"]}


def post(workspace: Workspace, text: str, channel: str = PLATFORM, only_for: str | None = None) -> str:
    draft = Draft(workspace.roster.channel(channel), BOT_USER, text, only_for=only_for)
    return workspace.site.board.post(draft, "chat.postMessage").ts


def texts(known: Json) -> list[str]:
    return [each["text"] for key, each in known.items() if key.startswith("message/")]


async def test_each_sees_what_slack_would_show_them(page: Page, browser: Browser) -> None:
    workspace = page.workspace
    post(workspace, "for all")
    post(workspace, "for sre", only_for=SRE)
    post(workspace, "for dev", only_for=DEV)
    post(workspace, "the record", FLUX_AUDIT)
    async with browser.sees("sre") as stream:
        known = await stream.until(lambda known: "words" in known)
        assert texts(known) == ["for all", "for sre", "the record"]
    async with browser.sees("dev") as stream:
        known = await stream.until(lambda known: "words" in known)
        assert texts(known) == ["for all", "for dev"]
        channels = {each["name"] for key, each in known.items() if key.startswith("channel/")}
        assert "flux-audit" not in channels
        assert "flux-audit" not in str(known)


async def test_posts_edits_and_deletions_arrive(page: Page, browser: Browser) -> None:
    board = page.workspace.site.board
    async with browser.sees("sre") as stream:
        await stream.until(lambda known: "words" in known)
        key = f"message/{PLATFORM}/{post(page.workspace, 'running')}"
        await stream.until(lambda known: key in known)
        message = board.current()[0]
        board.edit(message, Draft(page.workspace.roster.channel(PLATFORM), BOT_USER, "done"), "chat.update")
        known = await stream.until(lambda known: known[key]["text"] == "done")
        assert known[key]["edited"] is True
        board.delete(board.current()[0], "chat.delete")
        await stream.until(lambda known: key not in known)


async def test_an_edit_with_blocks_is_not_marked_as_slack_does_not(page: Page, browser: Browser) -> None:
    board, channel = page.workspace.site.board, page.workspace.roster.channel(PLATFORM)
    ts = post(page.workspace, "running")
    blocks = ({"type": "divider"},)
    board.edit(board.current()[0], Draft(channel, BOT_USER, "done", blocks), "chat.update")
    async with browser.sees("sre") as stream:
        known = await stream.until(lambda known: "words" in known)
    assert known[f"message/{PLATFORM}/{ts}"]["edited"] is False


async def test_rows_say_what_stands_in_the_objects(browser: Browser, cluster: Cluster) -> None:
    cluster.server.place(git_repository("flux-system", "fleet", "https://git.example.com/fleet"))
    cluster.server.place(kustomization("apps", source="GitRepository/fleet"))
    async with browser.sees("sre") as stream:
        known = await stream.until(lambda known: "object/demo/Kustomization/flux-system/apps" in known)
        row = known["object/demo/Kustomization/flux-system/apps"]
        assert (row["short"], row["ready"], row["suspended"], row["acts"]) == (
            "ks",
            None,
            False,
            ["push", "push-broken", "suspend"],
        )
        stored = cluster.server.find("Kustomization", "flux-system", "apps")
        assert stored is not None
        ready = {"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "no such file"}
        later = {"type": "Reconciling", "status": "True", "reason": "ProgressingWithRetry", "message": ""}
        stamp = {"lastTransitionTime": "2026-11-24T12:00:00Z"}
        conditions = [{**ready, **stamp}, {**later, **stamp}]
        status = {"conditions": conditions, "lastAppliedRevision": "main@sha1:0123456789abcdef"}
        cluster.server.place({**stored, "status": status})
        known = await stream.until(lambda known: known[place]["ready"] == "False")
        row = known[place]
    assert (row["reason"], row["message"], row["busy"]) == ("BuildFailed", "no such file", False)
    assert (row["revision"], row["since"]) == ("main@sha1:0123456789abcdef", "2026-11-24T12:00:00Z")


place = "object/demo/Kustomization/flux-system/apps"


async def test_an_object_that_was_asked_is_busy_until_it_has_answered(browser: Browser, cluster: Cluster) -> None:
    asked = {"reconcile.fluxcd.io/requestedAt": "now"}
    obj = kustomization("apps")
    obj = {**obj, "metadata": {**obj["metadata"], "annotations": asked}}
    cluster.server.place({**obj, "status": {"lastHandledReconcileAt": "before"}})
    async with browser.sees("sre") as stream:
        assert (await stream.until(lambda known: place in known))[place]["busy"] is True
        stored = cluster.server.find("Kustomization", "flux-system", "apps")
        assert stored is not None
        cluster.server.place({**stored, "status": {"lastHandledReconcileAt": "now"}})
        await stream.until(lambda known: known[place]["busy"] is False)


async def test_acts_are_offered_where_something_lies_outside(browser: Browser, cluster: Cluster) -> None:
    for each in (
        helm_repository("shop", "charts", "https://charts.example.com/shop"),
        helm_repository("shop", "oci-charts", "oci://registry.example.com/charts"),
        helm_release("shop", "redis", "charts"),
        helm_release("shop", "lost", "missing"),
    ):
        cluster.server.place(each)
    async with browser.sees("sre") as stream:
        known = await stream.until(lambda known: "object/demo/HelmRelease/shop/redis" in known)
    offered = {key.rpartition("/")[2]: each["acts"] for key, each in known.items() if key.startswith("object/")}
    assert offered == {
        "charts": ["break", "suspend"],
        "oci-charts": ["suspend"],
        "redis": ["suspend"],
        "lost": ["suspend"],
    }
