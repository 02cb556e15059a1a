"""HelmReleases by Slack command: a newer chart, and what Helm does about one that cannot be applied."""

from tests.real.api import REQUESTED, Api, Object, Ref, condition
from tests.real.bot import conversation, timeless
from tests.real.bot_scenes import nginx, release
from tests.real.bot_watch import watching
from tests.real.grounds import Grounds
from tests.real.sources import Sources

GOOD = nginx("1.0.0", immutable=True, colour="blue")
BAD = nginx("1.1.0", immutable=True, colour="green")


async def test_a_newer_chart_is_fetched_and_installed_stage_by_stage(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    source = await release(api, namespace, sources, nginx("1.0.0"))
    before = _artifact(await api.get(Ref("HelmRepository", namespace, "charts")))
    await source.publish(nginx("1.1.0"))

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"hr {namespace}/nginx --with-source")
        details = await talk.details(end)

    index = f"{before} → {_artifact(await api.get(Ref('HelmRepository', namespace, 'charts')))}"
    assert timeless(end.lines[:2]) == [
        f"✅ done real hr/{namespace}/nginx 1.0.0 → 1.1.0",
        "no object created or removed · nginx 1.0.0 → nginx 1.1.0 · release 1 → 2 · same values",
    ]
    assert timeless(details.splitlines()[1:4]) == [
        f"✅ source done: helmrepository/{namespace}/charts · {index}",
        f"✅ chart done: helmchart/{namespace}/{namespace}-nginx · 1.0.0 → 1.1.0",
        "✅ object done: 1.0.0 → 1.1.0",
    ]
    moved = " · 1.0.0 → 1.1.0"
    also = f" · also #1 helmrepository/{namespace}/charts, #2 helmchart/{namespace}/{namespace}-nginx"
    assert [line.partition(" <")[0] for line in timeless(end.audit.splitlines())] == [
        f"✅ #3 @sre reconciled real hr/{namespace}/nginx with source in #platform · rule demo-platform{moved}{also}"
    ]


async def test_an_upgrade_that_helm_gives_up_is_told_at_once_and_a_plain_request_is_not_sent_any_more(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    source = await release(api, namespace, sources, GOOD)
    await source.publish(BAD)
    ref = Ref("HelmRelease", namespace, "nginx")

    async with watching(api, "HelmRelease", namespace) as seen, conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"hr {namespace}/nginx --with-source")
        event = await seen.until(ref, lambda shown: shown.ready == "False" and shown.handled == shown.token != "")
        asked = await api.get(ref)
        plain = await talk.say(f"hr {namespace}/nginx")
        untouched = await api.get(ref)

    print(f"told {(end.at - event.at) * 1000:.0f} ms after the watch event")
    assert end.at - event.at < 10
    assert end.head == f"❌ stalled real hr/{namespace}/nginx: RetriesExceeded at 1.1.0"
    assert "field is immutable" in end.lines[1]
    assert end.lines[2].startswith("Flux will not try again by itself · last good: nginx 1.0.0, release 1, deployed ")
    assert end.lines[3].endswith(" To go back, set spec.chart.spec.version to 1.0.0 in Git.")
    assert (plain.head, plain.buttons) == (
        f"❌ not sent real hr/{namespace}/nginx: Helm retries exhausted",
        ["details"],
    )
    assert _token(untouched) == _token(asked) != ""


async def test_an_upgrade_that_helm_rolls_back_names_the_release_that_runs_now(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    source = await release(api, namespace, sources, GOOD, upgrade={"remediation": {"retries": 1}})
    await source.publish(BAD)

    async with conversation(grounds.bot_kubeconfig) as talk:
        end = await talk.say(f"hr {namespace}/nginx --with-source")
        details = await talk.details(end)

    after = await api.get(Ref("HelmRelease", namespace, "nginx"))
    assert condition(after, "Remediated")["reason"] == "RollbackSucceeded"
    deployed = next(each for each in after["status"]["history"] if each["status"] == "deployed")
    assert end.head == f"❌ stalled real hr/{namespace}/nginx: RetriesExceeded at 1.1.0"
    assert f" · last good: nginx 1.0.0, release {deployed['version']}, deployed " in end.lines[2]
    assert [line[:33] for line in details.splitlines() if line.startswith("Remediated")] == [
        "Remediated True RollbackSucceeded"
    ]


def _artifact(source: Object) -> str:
    """A digest as messages show it."""
    algorithm, _, digest = source["status"]["artifact"]["revision"].partition(":")
    return f"{algorithm}:{digest[:7]}"


def _token(obj: Object) -> str:
    return str(obj["metadata"].get("annotations", {}).get(REQUESTED, ""))
