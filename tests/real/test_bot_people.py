"""Who may press and type what: everybody passes the same gate, and a refusal is between the bot and them."""

from bot.demo.slack import world
from bot.demo.slack.state import MessageState
from tests.real.api import REQUESTED, Api, Ref
from tests.real.bot import conversation
from tests.real.bot_scenes import application, brief
from tests.real.grounds import Grounds
from tests.real.objects import config_map
from tests.real.sources import Sources


async def test_a_button_pressed_by_somebody_without_rights_is_refused_to_them_alone(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await application(api, namespace, sources)

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/app")
        asked = await _token(api, namespace)
        refused = await talk.press(end, "with-source", who="dev")
        pressed = await talk.press(end, "with-source")

    assert refused.message.only_for == world.DEV
    assert refused.lines[:3] == [
        f"⛔ refused here: real ks/{namespace}/app --with-source",
        "nearest rule: demo-platform, but you are not named in it",
        "who may here: @sre (rule demo-platform)",
    ]
    assert pressed.head.startswith("🟰 unchanged")
    assert await _token(api, namespace) != asked
    assert _seen_by_others(talk.history) == []


async def test_a_retry_after_the_fix_is_carried_out(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    repo, first = await application(api, namespace, sources, retryInterval="1h")
    await repo.commit({"kustomization.yaml": "resources: [missing.yaml]\n"})

    async with conversation(grounds.bot_kubeconfig) as talk:
        failed = await talk.say(f"ks {namespace}/app --with-source")
        fixed = await repo.commit({"kustomization.yaml": None, "settings.yaml": config_map(colour="green")})
        retried = await talk.press(failed, "retry")

    assert failed.head.startswith(f"❌ failed real ks/{namespace}/app: BuildFailed")
    assert retried.head.startswith(f"✅ applied real ks/{namespace}/app {brief(first)} → {brief(fixed)} in ")


async def test_a_guest_and_a_channel_that_is_not_listed_are_refused_and_recorded(
    grounds: Grounds, namespace: str
) -> None:
    async with conversation(grounds.bot_kubeconfig) as talk:
        guest = await talk.say(f"ks {namespace}/app", who="guest")
        elsewhere = await talk.say(f"ks {namespace}/app", where="random")
        dev = await talk.say(f"ks {namespace}/app", who="dev")

    assert [(end.message.only_for, end.lines[1]) for end in (guest, elsewhere, dev)] == [
        (world.GUEST, "the allowlist lets no guests in"),
        (world.SRE, "this channel is not on the allowlist; whoever keeps that can add it"),
        (world.DEV, "nearest rule: demo-platform, but you are not named in it"),
    ]
    assert [end.audit.partition(" was refused ")[2] for end in (guest, elsewhere, dev)] == [
        f"ks {namespace}/app in #platform · guests may not",
        f"ks {namespace}/app in #random · this channel is not on the allowlist",
        f"ks {namespace}/app in #platform · nearest demo-platform: you are not named in it",
    ]


def _seen_by_others(history: list[MessageState]) -> list[str]:
    """Refusals that stand where more people than the asker read them, the audit channel apart."""
    return [
        state.text
        for state in history
        if state.text.startswith("⛔") and state.only_for is None and state.channel != world.FLUX_AUDIT
    ]


async def _token(api: Api, namespace: str) -> str:
    found = await api.get(Ref("Kustomization", namespace, "app"))
    return str(found["metadata"].get("annotations", {}).get(REQUESTED, ""))
