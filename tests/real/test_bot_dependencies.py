"""A chain of dependencies whose deepest object fails: named for those who may see it, and for nobody else."""

import secrets
from pathlib import Path

from bot.demo.slack import world
from tests.real.api import Api, Ref
from tests.real.bot import Talk, conversation, written_allowlist
from tests.real.grounds import Grounds
from tests.real.objects import config_map, git_repository, kustomization
from tests.real.sources import Sources
from tests.real.stage import failed

ALLOWLIST = """\
defaults:
  audit_channel: {audit}
channels:
  {platform}:
    name: platform
    private: true
    shared: false
    clusters: ["*"]
    rules:
      - {{name: platform, who: {{groups: [{sre}]}}, verbs: ["*"], kinds: ["*"], namespaces: ["*"], names: ["*"]}}
  {team_shop}:
    name: team-shop
    private: false
    shared: false
    clusters: ["*"]
    default_namespace: {shop}
    rules:
      - name: shop
        who: {{groups: [{dev}]}}
        verbs: [reconcile]
        kinds: [Kustomization]
        namespaces: ["{shop}"]
        names: ["*"]
"""


async def test_the_deepest_object_that_fails_is_named_with_its_reason(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await _chain(api, namespace, namespace, sources)

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"ks {namespace}/frontend")

    assert end.head == f"❌ failed real ks/{namespace}/frontend: BuildFailed of ks/{namespace}/database"
    assert end.lines[1].startswith(f"ks/{namespace}/database: kustomize build failed: ")
    assert end.lines[2].startswith("chain: frontend → backend → database · Flux retries at ")


async def test_a_link_that_a_channel_may_not_see_is_neither_named_nor_described_there(
    grounds: Grounds, api: Api, namespace: str, sources: Sources, tmp_path: Path
) -> None:
    hidden = f"hidden-{secrets.token_hex(4)}"
    await api.create({"kind": "Namespace", "metadata": {"name": hidden}})
    await _chain(api, namespace, hidden, sources)
    text = ALLOWLIST.format(
        audit=world.FLUX_AUDIT,
        platform=world.PLATFORM,
        team_shop=world.TEAM_SHOP,
        sre=world.PLATFORM_TEAM,
        dev=world.SHOP_TEAM,
        shop=namespace,
    )

    async with conversation(grounds.bot_kubeconfig, written_allowlist(tmp_path / "allowlist.yaml", text)) as talk:
        end = await talk.say("ks frontend", who="dev", where="team-shop")
        await talk.details(end)
        refused = await talk.say(f"ks {hidden}/database", who="dev", where="team-shop")
        missing = await talk.say(f"ks {hidden}/no-such-thing", who="dev", where="team-shop")
        shown = _visible_to_dev(talk, before=refused.message.seq)

    assert [word for word in (hidden, "database", "BuildFailed", "missing.yaml") if word in shown] == []
    assert end.head == f"❌ failed real ks/{namespace}/frontend: DependencyNotReady"
    assert end.lines[2].startswith("chain: frontend → backend → something this channel may not see · ")
    assert (refused.head, refused.message.only_for) == (
        f"⛔ refused here: reconcile real ks/{hidden}/database",
        world.DEV,
    )
    assert missing.lines[1:] == refused.lines[1:], "hidden and missing must read alike"


def _visible_to_dev(talk: Talk, before: int) -> str:
    """All that dev ever saw, blocks and all, before the first message about what they named themselves."""
    return "\n".join(
        f"{state.text}{state.blocks}"
        for state in talk.history
        if state.seq < before and state.channel == world.TEAM_SHOP and state.only_for in (None, world.DEV)
    )


async def _chain(api: Api, namespace: str, below: str, sources: Sources) -> None:
    """frontend depends on backend, that on ``below``/database, which does not build."""
    for where in dict.fromkeys((namespace, below)):
        repo = await sources.git(f"{where}-fleet")
        await repo.commit(
            {
                "frontend/settings.yaml": config_map("frontend", colour="blue"),
                "backend/settings.yaml": config_map("backend", colour="blue"),
                "database/kustomization.yaml": "resources: [missing.yaml]\n",
            }
        )
        await api.create(git_repository(where, "fleet", repo.url))
    fleet = "GitRepository/fleet"
    depends = {"backend": {"name": "database", "namespace": below}, "frontend": {"name": "backend"}}
    await api.create(kustomization(below, "database", fleet, path="./database", retryInterval="1h"))
    for name, on in depends.items():
        await api.create(kustomization(namespace, name, fleet, path=f"./{name}", dependsOn=[on], retryInterval="1h"))
    await api.until(Ref("Kustomization", below, "database"), failed("BuildFailed"))
    await api.until(Ref("Kustomization", namespace, "frontend"), failed("DependencyNotReady"))
