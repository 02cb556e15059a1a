"""`flux-bot demo` and `flux-bot run` as people start them: what they print, and the codes they exit with."""

import json
import signal
from pathlib import Path
from time import monotonic

from bot.demo.slack import world
from bot.demo.slack.workspace import Workspace
from tests.real.access import CONTEXT
from tests.real.api import REQUESTED, Api, Object, Ref
from tests.real.bot import Talk
from tests.real.bot_process import flux_bot, started
from tests.real.bot_scenes import application
from tests.real.grounds import Grounds
from tests.real.objects import HEALTH, watched_health
from tests.real.sources import Sources

DRAIN = 2.0


async def test_the_demo_only_reads_unless_it_is_allowed_to_write(
    grounds: Grounds, api: Api, namespace: str, sources: Sources
) -> None:
    await application(api, namespace, sources)
    demo = ("demo", "--kubeconfig", str(grounds.bot_kubeconfig), "--say", f"ks {namespace}/app --with-source")

    reads = await flux_bot(*demo)
    untouched = await _annotations(api, namespace)
    writes = await flux_bot(*demo, "--allow-writes", CONTEXT, "--json")

    assert (reads.code, reads.err, untouched) == (1, "", {})
    told = f"⛔ this demo only reads real ks/{namespace}/app"
    assert [line.strip() for line in reads.out.splitlines() if "⛔" in line] == [told, told]
    assert (writes.code, writes.err) == (0, "")
    rows = [json.loads(line) for line in writes.out.splitlines()]
    assert {tuple(row) for row in rows} == {("channel", "only_for", "ts", "thread_ts", "edited", "text", "blocks")}
    ends = [row["text"].splitlines()[0] for row in rows if row["channel"] == "platform" and row["edited"]]
    assert [end.partition(" at ")[0] for end in ends] == [f"🟰 unchanged real ks/{namespace}/app"]
    assert REQUESTED in await _annotations(api, namespace)


async def test_help_is_an_answer_and_a_refusal_is_none(grounds: Grounds) -> None:
    demo = ("demo", "--kubeconfig", str(grounds.bot_kubeconfig))

    helped = await flux_bot(*demo, "--say", "help")
    refused = await flux_bot(*demo, "--as", "dev", "--say", "ks apps")

    assert (helped.code, refused.code) == (0, 1)


async def test_a_wrong_context_and_a_wrong_allowlist_are_bad_usage(grounds: Grounds, tmp_path: Path) -> None:
    demo = ("demo", "--kubeconfig", str(grounds.bot_kubeconfig), "--say", "help")
    allowlist = tmp_path / "allowlist.yaml"
    allowlist.write_text("chanels: {}\n", "utf-8")

    context = await flux_bot(*demo, "--context", "prod")
    other = await flux_bot(*demo, "--allow-writes", "prod")
    policy = await flux_bot(*demo, "--policy", str(allowlist))

    assert [each.code for each in (context, other, policy)] == [2, 2, 2]
    assert context.err.splitlines()[-1] == (f"Error: {grounds.bot_kubeconfig} has no context prod; it has: {CONTEXT}")
    assert policy.err.splitlines()[-2:] == [
        '  line 1 chanels: unknown key; did you mean "channels"?',
        "  line 1 channels: is missing",
    ]


async def test_a_stop_during_a_health_check_is_told_recorded_and_orderly(
    grounds: Grounds, api: Api, namespace: str, sources: Sources, tmp_path: Path
) -> None:
    await api.create(
        {"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": namespace, "annotations": {HEALTH: "ok"}}}
    )
    await application(api, namespace, sources, **watched_health())
    await api.annotate(Ref("ConfigMap", namespace, "settings"), **{HEALTH: "busy"})

    async with Workspace() as workspace:
        talk = Talk(workspace, monotonic() - workspace.site.moments.passed())
        settings = _settings(grounds.bot_kubeconfig, workspace.api_url, tmp_path)
        async with started("run", "--env-file", str(tmp_path / "none"), env=settings) as process:
            await workspace.connected(timeout=30)
            request = await talk.start(f"ks {namespace}/app")
            # The root tells nothing of a run that goes its way: the cluster does.
            await api.until(Ref("Kustomization", namespace, "app"), _asked)
            process.send_signal(signal.SIGTERM)
            signalled = monotonic()
            _, log = await process.communicate()
            took = monotonic() - signalled
        end = await request.end()
    await api.annotate(Ref("ConfigMap", namespace, "settings"), **{HEALTH: "ok"})

    bad = [row for row in map(json.loads, log.splitlines()) if row["level"] not in ("debug", "info")]
    assert (process.returncode, bad) == (0, [])
    assert took < DRAIN + 10
    stopped = "the bot was stopped while it followed this; Flux goes on by itself"
    assert end.lines[:2] == [f"❌ broken off real ks/{namespace}/app", stopped]
    assert end.audit.partition(" <")[0] == (
        f"❌ #1 @sre asked to reconcile real ks/{namespace}/app in #platform · rule sre · not carried out: {stopped}"
    )


def _asked(obj: Object) -> bool:
    return REQUESTED in obj["metadata"].get("annotations", {})


def _settings(kubeconfig: Path, api_url: str, folder: Path) -> dict[str, str]:
    allowlist = folder / "allowlist.yaml"
    allowlist.write_text(
        f"""\
defaults: {{audit_channel: {world.FLUX_AUDIT}}}
channels:
  {world.PLATFORM}:
    name: platform
    private: true
    shared: false
    clusters: ["*"]
    rules:
      - {{name: sre, who: {{users: [{world.SRE}]}}, verbs: ["*"], kinds: ["*"], namespaces: ["*"], names: ["*"]}}
""",
        "utf-8",
    )
    values = {
        "SLACK_BOT_TOKEN": world.BOT_TOKEN,
        "SLACK_APP_TOKEN": world.APP_TOKEN,
        "SLACK_API_URL": api_url,
        "ALLOWLIST_FILE": str(allowlist),
        "CLUSTERS": f"{CONTEXT}={kubeconfig}#{CONTEXT}",
        "DATABASE": str(folder / "state.db"),
        "DRAIN": f"{DRAIN:.0f}s",
        "LISTEN_PORT": "0",
    }
    return {f"FLUX_BOT_{name}": value for name, value in values.items()}


async def _annotations(api: Api, namespace: str) -> dict[str, str]:
    found = await api.get(Ref("Kustomization", namespace, "app"))
    return dict(found["metadata"].get("annotations", {}))
