"""`status`, `watch` and `check` against real Flux: nothing is written, and what is told is what stands there."""

from bot.demo.slack import world
from tests.real.api import Api, Ref
from tests.real.bot import conversation
from tests.real.bot_scenes import application, brief
from tests.real.grounds import Grounds
from tests.real.sources import Sources

KINDS = ("Kustomization", "GitRepository")


async def test_how_an_application_stands_is_told_and_nothing_is_written(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    _, revision = await application(api, namespace, sources)
    before = [(await api.get(Ref(kind, namespace, "app")))["metadata"].get("annotations") for kind in KINDS]

    async with conversation(grounds.bot_kubeconfig) as talk:
        counts = await talk.say(f"status -n {namespace}")
        full = await talk.say(f"status ks {namespace}/app")
        await talk.workspace.command("sre", "platform", f"watch ks {namespace}/app")
        watched = await talk.until(lambda state: state.text.startswith("✅ ready in real"))

    assert counts.message.only_for == world.SRE
    assert counts.lines[0] == "✅ all 2 ready in real"
    assert full.lines[0].startswith(f"✅ ready real ks/{namespace}/app at {brief(revision)}")
    assert any(f"gitrepository/{namespace}/app has {brief(revision)}" in line for line in full.lines)
    assert watched.only_for is None
    after = [(await api.get(Ref(kind, namespace, "app")))["metadata"].get("annotations") for kind in KINDS]
    assert after == before


async def test_a_real_cluster_is_checked_with_the_rights_that_the_bot_has(grounds: Grounds) -> None:
    async with conversation(grounds.bot_kubeconfig) as talk:
        checked = await talk.say("check")

    assert checked.message.only_for == world.SRE
    text = checked.message.text
    assert "Kubernetes v1." in text
    assert "Flux v2.9.4: " in text
    assert "kustomize-controller" in text
    assert " served in v1: ks, " in text
    assert "the bot's role lacks" not in text
    assert "cannot be read: needs" not in text
