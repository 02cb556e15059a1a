"""What is done on the page is done in the workspace and in the clusters, and what cannot be done is told."""

from __future__ import annotations

import pytest

from bot.core.commands import Unparsed
from bot.core.parsing import parse
from bot.demo.clusters import Cluster
from bot.demo.flux.contents import Chart, Folder, Tree
from bot.demo.flux.origins import Unauthorized
from bot.demo.manifests import config_map, git_repository, helm_release, helm_repository, kustomization
from bot.demo.page.outside import TYPO
from bot.demo.page.server import Page
from bot.demo.page.words import words
from bot.demo.slack.world import PLATFORM
from tests.demo.page.browser import Browser

GIT = "https://git.example.com/fleet"
CHARTS = "https://charts.example.com/shop"


async def test_an_ordinary_message_stands_in_its_channel_or_thread(page: Page, browser: Browser) -> None:
    assert await browser.act(do="say", person="dev", channel="random", text="  hello  ") is None
    (root,) = page.workspace.messages("random")
    assert await browser.act(do="say", person="sre", channel="random", text="hi", thread=root.ts) is None
    assert [(each.text, each.thread_ts) for each in page.workspace.messages("random")] == [
        ("hello", None),
        ("hi", root.ts),
    ]


async def test_a_command_that_nobody_takes_is_complained_of_by_slack(page: Page, browser: Browser) -> None:
    said = await browser.act(do="say", person="sre", channel="platform", text="/flux-reconcile ks apps")
    assert said is None
    (complaint,) = page.workspace.visible_to("sre")
    assert complaint.text == '/flux-reconcile failed with the error "dispatch_failed"'


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ({"person": "dev", "channel": "flux-audit", "text": "x"}, "dev is not in flux-audit"),
        ({"person": "sre", "channel": "old-project", "text": "x"}, "old-project is archived"),
        ({"person": "former", "channel": "random", "text": "x"}, "former is deactivated"),
        ({"person": "nobody", "channel": "random", "text": "x"}, "nobody here is called 'nobody'"),
        ({"person": "sre", "channel": "nowhere", "text": "x"}, "no channel here is called 'nowhere'"),
        ({"person": "sre", "channel": "random", "text": "   "}, "a message has 1 to 12,000 characters"),
        ({"person": "sre", "channel": "random", "text": "x" * 12_001}, "a message has 1 to 12,000 characters"),
        (
            {"person": "sre", "channel": "random", "text": "/deploy"},
            "/deploy is no command of this workspace; /flux-reconcile is the only one",
        ),
        (
            {"person": "sre", "channel": "random", "text": "/flux-reconcile help", "thread": "1.0"},
            "Slack takes no commands in threads; they belong into the channel",
        ),
        ({"person": "outsider", "channel": "partners", "text": "/flux-reconcile help"}, "another organisation"),
    ],
)
async def test_what_slack_would_not_let_anybody_do_is_refused(
    page: Page, browser: Browser, act: dict[str, str], why: str
) -> None:
    refused = await browser.act(do="say", **act)
    assert refused is not None
    assert why in refused
    assert page.workspace.history == []


async def test_messages_and_modals_that_are_gone_are_refused(browser: Browser) -> None:
    gone = {"person": "sre", "channel": PLATFORM, "ts": "1.0", "action": "a", "block": "b"}
    assert await browser.act(do="press", **gone) == "that message is gone"
    assert await browser.act(do="fill", **gone, state={}) == "that message is gone"
    for act in ({"do": "close"}, {"do": "submit", "values": {}}):
        assert await browser.act(person="sre", view="V1", **act) == "that window is closed"


def change(
    what: str, kind: str = "Kustomization", name: str = "apps", namespace: str = "flux-system"
) -> dict[str, str]:
    return {"do": "change", "cluster": "demo", "kind": kind, "namespace": namespace, "name": name, "what": what}


@pytest.fixture
def fleet(cluster: Cluster) -> Cluster:
    """A Git repository with what apps is built from."""
    tree = Tree({"apps": Folder((config_map("apps", colour="blue"),)), "infra": Folder()})
    cluster.origins.git(GIT).push(tree, "First")
    cluster.server.place(git_repository("flux-system", "fleet", GIT))
    cluster.server.place(kustomization("apps", source="GitRepository/fleet"))
    return cluster


async def test_commits_change_break_and_mend_one_path(browser: Browser, fleet: Cluster) -> None:
    git = fleet.origins.git(GIT)
    assert await browser.act(**change("push-broken")) is None
    assert git.tree().folders["apps"].broken == TYPO
    assert await browser.act(**change("push")) is None
    folder = git.tree().folders["apps"]
    assert (folder.broken, folder.manifests[0]["data"]) == ("", {"colour": "blue", "commit": "3"})
    assert await browser.act(**change("push", "GitRepository", "fleet")) is None
    assert [each.message for each in git.branches["main"]] == ["First", "Break apps", "Change apps", "Change docs"]
    assert git.tree().folders["apps"] == folder
    assert git.tree().folders["infra"] == Folder()


async def test_a_source_is_broken_and_healed(browser: Browser, fleet: Cluster) -> None:
    git = fleet.origins.git(GIT)
    assert await browser.act(**change("break", "GitRepository", "fleet")) is None
    assert git.fault == Unauthorized()
    refused = await browser.act(**change("break", "GitRepository", "fleet"))
    assert refused == "break is nothing that can be done to fleet"
    assert await browser.act(**change("heal", "GitRepository", "fleet")) is None
    assert git.fault is None


async def test_a_release_is_one_minor_version_newer(browser: Browser, cluster: Cluster) -> None:
    charts = cluster.origins.helm(CHARTS)
    charts.publish(Chart("redis", "1.9.3", (config_map("redis", memory="1Gi"),)))
    charts.publish(Chart("redis", "1.10.0"))
    charts.publish(Chart("podinfo", "6.0.0"))
    cluster.server.place(helm_repository("shop", "charts", CHARTS))
    cluster.server.place(helm_release("shop", "redis", "charts"))
    assert await browser.act(**change("release", "HelmRelease", "redis", "shop")) is None
    released = {(each.name, each.version) for each in charts.index.charts}
    assert released == {("redis", "1.9.3"), ("redis", "1.10.0"), ("redis", "1.11.0"), ("podinfo", "6.0.0")}
    async with browser.sees("sre") as stream:
        known = await stream.until(lambda known: "object/demo/HelmRelease/shop/redis" in known)
    assert known["object/demo/HelmRelease/shop/redis"]["newest"] == "1.11.0"


async def test_objects_are_suspended_and_resumed(browser: Browser, fleet: Cluster) -> None:
    for what, suspended in (("suspend", True), ("resume", False)):
        assert await browser.act(**change(what)) is None
        stored = fleet.server.find("Kustomization", "flux-system", "apps")
        assert stored is not None
        assert stored["spec"]["suspend"] is suspended


async def test_what_is_no_act_of_the_object_is_refused(browser: Browser, fleet: Cluster) -> None:
    del fleet
    assert await browser.act(**change("delete")) == "delete is nothing that can be done to apps"
    assert await browser.act(**change("push", name="lost")) == "lost is gone"
    assert await browser.act(**change("push", kind="Secret")) == "apps is gone"
    assert await browser.act(**{**change("push"), "cluster": "prod"}) == "prod is no simulated cluster"
    assert await browser.act(do="slow", cluster="demo", controller="x", on=True) == "there is no x"
    assert await browser.act(do="fault", id="meteor", on=True) == "there is no fault meteor"


async def test_faults_begin_and_end_and_count(page: Page, browser: Browser, cluster: Cluster) -> None:
    async with browser.sees("sre") as stream:
        await stream.until(lambda known: known.get("fault/slack-429", {}).get("on") is False)
        assert await browser.act(do="fault", id="slack-429", on=True) is None
        assert await browser.act(do="fault", id="slack-429", on=True) is None, "twice is once"
        async with browser.session.post(f"{page.workspace.api_url}chat.postMessage") as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "5")
        known = await stream.until(lambda known: known["fault/slack-429"]["hits"] == 1)
        assert known["fault/slack-429"]["where"] == "Slack"
        assert await browser.act(do="fault", id="slack-429", on=False) is None
        await stream.until(lambda known: not known["fault/slack-429"]["on"])
    assert page.workspace.faults.rules == []

    assert await browser.act(do="fault", id="watch/demo", on=True) is None
    path = f"{cluster.site.url}/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"
    for token, query, status in (("bot", "?watch=true&timeoutSeconds=0", 503), ("bot", "", 200), ("admin", "", 200)):
        async with browser.session.get(f"{path}{query}", headers={"Authorization": f"Bearer {token}"}) as response:
            assert response.status == status, (token, query)


def test_the_words_that_the_box_completes_are_words_of_the_bot() -> None:
    told = words().value()
    verbs, options = told["verbs"], told["options"]
    assert isinstance(verbs, list)
    assert isinstance(options, list)
    assert {"status", "help", "all"} <= set(verbs)
    values = {"--resource": "ks", "--timeout": "5m", "--for": "5m", "--selector": "a=b", "--name": "apps"}
    for option in options:
        typed = f"{option} {values.get(option, 'demo') if option in _VALUED else ''}".strip()
        text = typed if option in ("--resource", "--all-namespaces", "--failing") else f"ks apps {typed}"
        found = parse(text)
        assert not (isinstance(found, Unparsed) and found.trouble.name == "UNKNOWN_OPTION"), option


_VALUED = {"--resource", "--name", "--namespace", "--cluster", "--timeout", "--for", "--selector"}
