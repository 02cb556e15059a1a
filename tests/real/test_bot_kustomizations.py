"""A Kustomization by Slack command: what was pushed is applied and told; what is broken is told at its event."""

from bot.demo.slack import world
from tests.real.api import Api, Ref
from tests.real.bot import Talk, conversation, timeless
from tests.real.bot_scenes import application, brief
from tests.real.bot_watch import Shown, watching
from tests.real.grounds import Grounds
from tests.real.objects import config_map
from tests.real.sources import Sources

TOLD_WITHIN = 10.0
"""Seconds from the watch event to the message: ten times the goal, for a machine that is busy with other things."""


async def test_a_pushed_commit_is_fetched_and_applied_and_the_change_is_named(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    repo, first = await application(api, namespace, sources, {"old.yaml": config_map("old", colour="blue")})
    second = await repo.commit({"old.yaml": None, "new.yaml": config_map("new", colour="green")})

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app --with-source")
        details = await talk.details(end)

    moved = f"{brief(first)} → {brief(second)}"
    assert timeless(end.lines[:3]) == [
        f"✅ applied real ks/{namespace}/app {moved}",
        "1 created · 1 removed",
        "health not checked (the Kustomization has no wait or healthChecks)",
    ]
    assert timeless(details.splitlines()[1:5]) == [
        f"✅ source done: gitrepository/{namespace}/app · {moved}",
        f"✅ object done: {moved}",
        f"1 created: ConfigMap/{namespace}/new",
        f"1 removed: ConfigMap/{namespace}/old",
    ]
    also = f" · also #1 gitrepository/{namespace}/app"
    assert [line.partition(" <")[0] for line in timeless(end.audit.splitlines())] == [
        f"✅ #2 @sre reconciled real ks/{namespace}/app with source in #platform · rule demo-platform · {moved}{also}"
    ]
    assert (await api.get(Ref("Kustomization", namespace, "app")))["status"]["lastAppliedRevision"] == second


async def test_a_broken_commit_is_told_at_its_event_and_the_root_says_when_it_healed(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    repo, first = await application(api, namespace, sources)
    broken = await repo.commit({"kustomization.yaml": "resources: [missing.yaml]\n"})

    async with watching(api, "Kustomization", namespace) as seen, conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app --with-source")
        event = await seen.until(Ref("Kustomization", namespace, "app"), _answered_badly)
        mention = await _mention(talk, namespace)
        healed = await repo.commit({"kustomization.yaml": "resources: [settings.yaml]\n"})
        await api.request(Ref("GitRepository", namespace, "app"), "somebody-else")
        edited = await talk.edited(end, lambda text: text.startswith("✅"))

    print(f"told {(end.at - event.at) * 1000:.0f} ms after the watch event")
    assert end.at - event.at < TOLD_WITHIN
    assert end.head == f"❌ failed real ks/{namespace}/app: BuildFailed at {brief(broken)}"
    assert "missing.yaml" in end.lines[1]
    assert end.lines[2].startswith("Flux retries at ")
    assert end.lines[2].endswith(f" · still running {brief(first)}")
    assert end.buttons == ["retry", "details"]
    assert mention == f"❌ failed real ks/{namespace}/app: BuildFailed at {brief(broken)} <@{world.SRE}>"
    assert timeless(edited.text.splitlines()[:1]) == [
        f"✅ healed real ks/{namespace}/app {brief(first)} → {brief(healed)}"
    ]


async def test_unchanged_has_its_own_words_and_offers_to_fetch(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    repo, first = await application(api, namespace, sources, wait=True)

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app")
        second = await repo.commit({"settings.yaml": config_map(colour="green")})
        fetched = await talk.press(end, "with-source")
        again = await talk.press(end, "with-source")

    assert end.head == f"🟰 unchanged real ks/{namespace}/app at {brief(first)}"
    assert end.buttons == ["with-source", "details"]
    assert timeless([fetched.head]) == [f"✅ done real ks/{namespace}/app {brief(first)} → {brief(second)}"]
    assert (again.message.only_for, again.lines) == (
        world.SRE,
        [
            f"⛔ refused here: real ks/{namespace}/app --with-source",
            "this button was pressed before, and each one works once (sre)",
        ],
    )


def _answered_badly(shown: Shown) -> bool:
    return shown.ready == "False" and shown.handled == shown.token != ""


async def _mention(talk: Talk, namespace: str) -> str:
    state = await talk.until(lambda state: "<@" in state.text and namespace in state.text)
    return state.text
