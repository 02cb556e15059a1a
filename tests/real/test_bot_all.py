"""`all` on real Flux: a chain of four behind its source, beside what fails, is blocked or suspended."""

from bot.demo.slack.state import MessageState
from tests.real.api import Api, Ref
from tests.real.bot import conversation
from tests.real.bot_scenes import brief, nginx, release
from tests.real.grounds import Grounds
from tests.real.objects import config_map, git_repository, kustomization
from tests.real.sources import GitSource, Sources
from tests.real.stage import at_rest, failed

CHAIN = ("network", "database", "backend", "frontend")
REQUESTED = "reconcile.fluxcd.io/requestedAt"


async def test_a_chain_of_four_goes_in_its_order_after_its_source_and_what_fails_holds_only_its_own(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    repo, before = await _fleet(api, namespace, sources)
    await release(api, namespace, sources, nginx("1.0.0"))
    after = await repo.commit({f"{name}/settings.yaml": config_map(name, colour="green") for name in CHAIN})

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"all -n {namespace}", seconds=120)
        thread = await talk.until(lambda state: state.text.startswith("Details of "), since=end.message.seq)

    assert end.head.startswith(f"❌ 1 of 11 failed real {namespace} · 1 blocked, ")
    assert end.lines[1].startswith(
        f"❌ ks/{namespace}/broken: BuildFailed at {brief(after)} · kustomize build failed"
    )
    assert end.lines[2] == "blocked by it: behind"
    assert "⏸️ suspended: off" in end.lines
    assert f"{brief(before)} → {brief(after)}" in thread.text
    assert all(name in _blocks(thread) for name in (*CHAIN, "broken", "behind", "off", "nginx", "charts", "fleet"))
    tokens = [await _token(api, Ref("GitRepository", namespace, "fleet"))]
    tokens += [await _token(api, Ref("Kustomization", namespace, name)) for name in CHAIN]
    assert tokens == sorted(tokens)
    assert len({token.rpartition("-")[2] for token in tokens}) == 1
    for name in CHAIN:
        found = await api.get(Ref("Kustomization", namespace, name))
        assert found["status"]["lastAppliedRevision"] == after
    assert await _token(api, Ref("Kustomization", namespace, "behind")) == ""
    assert await _token(api, Ref("Kustomization", namespace, "off")) == ""


def _blocks(message: MessageState) -> str:
    return str(message.blocks)


async def _token(api: Api, ref: Ref) -> str:
    found = await api.get(ref)
    return str(found["metadata"].get("annotations", {}).get(REQUESTED, ""))


async def _fleet(api: Api, namespace: str, sources: Sources) -> tuple[GitSource, str]:
    """The chain at rest; `broken` does not build, `behind` waits for it, `off` is suspended."""
    repo = await sources.git(f"{namespace}-fleet")
    files = {f"{name}/settings.yaml": config_map(name, colour="blue") for name in (*CHAIN, "behind", "off")}
    before = await repo.commit({**files, "broken/kustomization.yaml": "resources: [missing.yaml]\n"})
    await api.create(git_repository(namespace, "fleet", repo.url))
    await api.until(Ref("GitRepository", namespace, "fleet"), at_rest)
    for name, parent in zip(("broken", "off", "behind", *CHAIN), ("", "", "broken", "", *CHAIN), strict=False):
        spec = {"dependsOn": [{"name": parent}]} if parent else {}
        more = {"suspend": True} if name == "off" else {}
        await api.create(
            kustomization(
                namespace, name, "GitRepository/fleet", path=f"./{name}", retryInterval="1h", **spec, **more
            )
        )
    for name in CHAIN:
        await api.until(Ref("Kustomization", namespace, name), at_rest)
    await api.until(Ref("Kustomization", namespace, "broken"), failed("BuildFailed"))
    await api.until(Ref("Kustomization", namespace, "behind"), failed("DependencyNotReady"))
    return repo, before
