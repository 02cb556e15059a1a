"""Force and cancel on real Flux: what the second press does, what is lost, and what goes on after a cancel."""

from bot.demo.slack import world
from tests.real.api import Api, Object, Ref
from tests.real.bot import conversation
from tests.real.bot_scenes import application, nginx, release
from tests.real.grounds import Grounds
from tests.real.sources import Sources

REQUESTED, FORCED = "reconcile.fluxcd.io/requestedAt", "reconcile.fluxcd.io/forceAt"


async def test_only_the_second_press_makes_helm_install_the_same_chart_again(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await release(api, namespace, sources, nginx("1.0.0"))
    ref = Ref("HelmRelease", namespace, "nginx")

    async with conversation(grounds.bot_kubeconfig) as talk:
        question = await talk.say(f"hr {namespace}/nginx --force")
        untouched = await api.get(ref)
        end = await talk.press(question, "force")

    assert (question.message.only_for, question.buttons) == (world.SRE, ["force"])
    assert question.head == f"⚠️ not sent yet: force runs one install or upgrade of real hr/{namespace}/nginx"
    assert question.lines[2].startswith("now: nginx 1.0.0, release 1, deployed ")
    assert (_note(untouched, REQUESTED), _versions(untouched)) == ("", [1])
    assert end.head.startswith(f"✅ done real hr/{namespace}/nginx changed at 1.0.0 in ")
    assert end.lines[1] == "nginx 1.0.0 again · release 1 → 2 · same values"
    forced = await api.get(ref)
    assert _versions(forced) == [2, 1]
    assert _note(forced, FORCED) == _note(forced, REQUESTED) == forced["status"]["lastHandledForceAt"]


async def test_a_force_that_a_missing_dependency_swallowed_is_told_with_the_failure(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await release(api, namespace, sources, nginx("1.0.0"))
    ref = Ref("HelmRelease", namespace, "nginx")
    await api.patch(ref, {"spec": {"dependsOn": [{"name": "database"}]}})

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.press(await talk.say(f"hr {namespace}/nginx --force --reset"), "force")

    assert end.head.startswith(f"❌ failed real hr/{namespace}/nginx: ")
    lost = "was lost: the run that took it ended early; ask again"
    assert f"the force {lost} · the reset {lost}" in end.message.text
    after = await api.get(ref)
    assert _versions(after) == [1]
    assert after["status"]["lastHandledReconcileAt"] == _note(after, REQUESTED)
    assert after["status"].get("lastHandledForceAt", "") != _note(after, FORCED)


async def test_a_cancel_ends_the_wait_and_flux_handles_the_request_all_the_same(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await application(api, namespace, sources)
    ref = Ref("Kustomization", namespace, "app")
    later = {"apiVersion": "v1", "kind": "ConfigMap", "name": "later", "namespace": namespace}
    await api.patch(ref, {"spec": {"healthChecks": [later], "timeout": "5m"}})

    async with conversation(grounds.bot_kubeconfig) as talk:
        started = await talk.start(f"ks {namespace}/app")
        asked = await api.until(ref, lambda found: _note(found, REQUESTED) != "")
        root = await started.says("⏳")
        delivery = await talk.workspace.press("sre", root, "offer:cancel")
        assert delivery.error is None
        end = await started.end()

    assert end.head.startswith(f"⏹️ cancelled real ks/{namespace}/app after ")
    assert end.lines[1] == "it had been asked already: Flux goes on by itself"
    assert "cancelled by @sre" in end.lines[2]
    assert "cancelled: by @sre; already asked" in end.audit
    assert f"<@{world.SRE}>" not in "".join(state.text for state in talk.thread(end))
    token = _note(asked, REQUESTED)
    meta = {"name": "later", "namespace": namespace}
    await api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    await api.until(ref, lambda found: found["status"].get("lastHandledReconcileAt") == token)


def _note(found: Object, name: str) -> str:
    return str(found["metadata"].get("annotations", {}).get(name, ""))


def _versions(found: Object) -> list[int]:
    """Helm's revisions, newest first."""
    return [row["version"] for row in found["status"]["history"]]
