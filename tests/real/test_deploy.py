"""docs/install.md typed as it stands on the real API server, with the image, the app and the manifests of deploy/."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import aiohttp
import pytest
import yaml

from bot.demo.slack import world
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.workspace import Workspace
from tests.conftest import NO_SKIPS
from tests.deploy.building import build
from tests.deploy.container import Image, hindrance
from tests.deploy.install_page import Step, steps
from tests.deploy.rendered import BASE, DEPLOY, FLUX_NAMESPACE, NAME, ROOT, rendered
from tests.real.api import Access, Api, ApiError, Ref
from tests.real.bot import Talk, timeless
from tests.real.bot_scenes import brief
from tests.real.control_plane import ControlPlane
from tests.real.deployed import ACCOUNTS, Checkout, Running, running_pod, token_of
from tests.real.objects import config_map, git_repository, kustomization
from tests.real.processes import free_ports
from tests.real.sources import GitSource, Sources
from tests.real.stage import at_rest

pytestmark = pytest.mark.timeout(240)

MINE = "deploy/kustomize/mine"
FLUX = Ref("Kustomization", FLUX_NAMESPACE, "flux-system")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Every step of the Dockerfile, executed; this machine plays its base image (tests/deploy/building.py)."""
    if hindrance():
        (pytest.fail if os.environ.get(NO_SKIPS) else pytest.skip)(hindrance())
    with tempfile.TemporaryDirectory(prefix="flux-bot-image-") as folder:
        yield build(DEPLOY / "Dockerfile", ROOT, Path(folder))


@pytest.fixture
async def fleet(api: Api, sources: Sources) -> AsyncIterator[tuple[GitSource, str]]:
    """What `flux bootstrap` makes, and a commit that Flux has not fetched; its first revision."""
    repo = await sources.git(f"fleet-{monotonic():.0f}")
    first = await repo.commit({"settings.yaml": config_map("fleet", colour="blue")}, message="Begin")
    source = Ref("GitRepository", FLUX_NAMESPACE, "flux-system")
    await api.create(git_repository(FLUX_NAMESPACE, "flux-system", repo.url))
    await api.until(source, at_rest)
    await api.create(kustomization(FLUX_NAMESPACE, "flux-system", "GitRepository/flux-system"))
    await api.until(FLUX, at_rest)
    yield repo, first
    for ref in (FLUX, source):
        await api.delete(ref)
        await api.until_gone(ref)


async def test_six_steps_lead_from_an_empty_workspace_to_the_first_reconcile(
    control_plane: ControlPlane, api: Api, fleet: tuple[GitSource, str], image: Image, tmp_path: Path
) -> None:
    repo, first = fleet
    second = await repo.commit({"settings.yaml": config_map("fleet", colour="green")})
    checkout = Checkout.at(tmp_path, control_plane)
    app, allow, build_it, tokens, start, ask = steps()

    async with workspace_of_the_manifest() as workspace:
        # 1: the workspace above grants what the manifest asks for, and gives these tokens.
        write_tokens(checkout, app)
        # 2
        await type_all(checkout, allow, skip=("python3", ".venv/bin/pip"), until=".venv/bin/flux-bot")
        put_ids(checkout)
        (check,) = [each for each in allow.commands if each[0] == ".venv/bin/flux-bot"]
        assert "1 rule, no problems" in (await checkout.type(check)).out
        # 3: this is the image that the fixture built from the same file.
        assert build_it.commands[0][:4] == ["docker", "build", "-f", "deploy/Dockerfile"]
        await point_at(checkout, workspace)
        # 4
        await type_all(checkout, tokens)
        assert not (checkout.folder / "slack.env").exists()
        # 5
        applied = await type_all(checkout, start, skip=("kubectl logs", "kubectl rollout"))
        assert "Warning" not in applied
        async with running_pod(api, control_plane, image, tmp_path / "pod") as bot:
            await ready(bot)
            await play_kubelet(api)
            rolled_out = await type_all(checkout, start, skip=("kubectl kustomize", "kubectl apply", "kubectl logs"))
            assert "successfully rolled out" in rolled_out
            # 6
            talk = Talk(workspace, 0.0)
            helped, done = [await talk.say(text) for text in ask.slack]
            details = await talk.details(done)
            code = await bot.stop(rendered(BASE).pod["terminationGracePeriodSeconds"])

    assert helped.message.only_for == world.SRE
    assert timeless(done.lines[:1]) == [
        f"✅ applied prod ks/flux-system/flux-system {brief(first)} → {brief(second)}"
    ]
    assert "source done" in details
    assert "@sre reconciled prod ks/flux-system/flux-system with source in #platform" in done.audit
    assert (await api.get(FLUX))["status"]["lastAppliedRevision"] == second
    log = [json.loads(line) for line in bot.log]
    assert (code, [line for line in log if line["level"] not in ("debug", "info")]) == (0, [])


async def test_a_new_token_in_the_mount_is_taken_when_the_old_one_is_refused(
    control_plane: ControlPlane, api: Api, fleet: tuple[GitSource, str], image: Image, tmp_path: Path
) -> None:
    checkout = Checkout.at(tmp_path, control_plane)
    async with workspace_of_the_manifest() as workspace:
        await install(checkout, workspace)
        async with running_pod(api, control_plane, image, tmp_path / "pod") as bot:
            await ready(bot)
            talk = Talk(workspace, 0.0)
            before = await talk.say("ks flux-system")
            old = (bot.pod.token.folder / "token").read_text()
            assert await status_of(control_plane, old) == 200
            # A token is good as long as its account: with the next one of that name it is worth nothing.
            await api.call("DELETE", f"{ACCOUNTS}/{NAME}")
            await install(checkout, workspace)
            await worthless(control_plane, old)
            bot.pod.renew(await token_of(api))
            after = await talk.say("ks flux-system")
            assert await bot.stop(40) == 0

    assert before.head.startswith("🟰 unchanged prod ks/flux-system/flux-system")
    assert after.head.startswith("🟰 unchanged prod ks/flux-system/flux-system")


async def worthless(plane: ControlPlane, token: str) -> None:
    """Returns once the server refuses it: what it has accepted it remembers for some seconds."""
    async with asyncio.timeout(60):
        while await status_of(plane, token) != 401:
            await asyncio.sleep(0.5)


async def status_of(plane: ControlPlane, token: str) -> int:
    """What the API server answers to this token."""
    async with Api(Access(plane.server, plane.admin.tls, token)) as client:
        try:
            await client.get(Ref("Namespace", "", NAME))
        except ApiError as error:
            return error.status
    return 200


async def type_all(checkout: Checkout, step: Step, skip: tuple[str, ...] = (), until: str = "") -> str:
    """Types the commands of a step, but those that begin like one of `skip`; answers all that they said."""
    said = ""
    for words in step.commands:
        if until and words[0] == until:
            break
        if not " ".join(words).startswith(skip):
            ended = await checkout.type(words)
            said += ended.out + ended.err
    return said


@asynccontextmanager
async def workspace_of_the_manifest() -> AsyncIterator[Workspace]:
    manifest = yaml.safe_load((DEPLOY / "slack" / "manifest.yaml").read_text("utf-8"))
    async with Workspace(Knobs(scopes=frozenset(manifest["oauth_config"]["scopes"]["bot"]))) as workspace:
        yield workspace


def write_tokens(checkout: Checkout, app: Step) -> None:
    given = {"FLUX_BOT_SLACK_BOT_TOKEN": world.BOT_TOKEN, "FLUX_BOT_SLACK_APP_TOKEN": world.APP_TOKEN}
    lines = [f"{name}={given[name]}\n" for name in app.settings]
    (checkout.folder / "slack.env").write_text("".join(lines), "utf-8")


def put_ids(checkout: Checkout) -> None:
    checkout.edit(
        f"{MINE}/allowlist.yaml",
        ("C0AUDIT", world.FLUX_AUDIT),
        ("C0PLATFORM", world.PLATFORM),
        ("U0YOU", world.SRE),
    )


async def point_at(checkout: Checkout, workspace: Workspace) -> None:
    """What makes this Slack and this machine differ from a real one: an address and a port."""
    (port,) = free_ports(1)
    cluster = "- FLUX_BOT_CLUSTERS=prod=in-cluster"
    own = (f"API_URL={workspace.api_url}", f"LISTEN_PORT={port}")
    lines = [cluster, f"- FLUX_BOT_SLACK_{own[0]}", f"- FLUX_BOT_{own[1]}", "- FLUX_BOT_LISTEN_HOST=127.0.0.1"]
    checkout.edit(f"{MINE}/kustomization.yaml", (cluster, "\n      ".join(lines)))


async def install(checkout: Checkout, workspace: Workspace) -> None:
    """Steps 1 to 5 again, as far as they were not done in this checkout."""
    app, allow, _, tokens, start, _ = steps()
    if not (checkout.folder / MINE).exists():
        await type_all(checkout, allow, until="python3")
        put_ids(checkout)
        await point_at(checkout, workspace)
        write_tokens(checkout, app)
        await checkout.type(["kubectl", "delete", "secret", f"{NAME}-slack", "-n", NAME, "--ignore-not-found"])
        await type_all(checkout, tokens)
    await type_all(checkout, start, skip=("kubectl logs", "kubectl rollout"))


async def ready(bot: Running) -> None:
    """Asks what the probes ask, until both are content."""
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            assert bot.process.returncode is None, "".join(bot.log)
            said = [json.loads(line) for line in bot.log if line.startswith("{")]
            base = next((f"http://127.0.0.1:{line['port']}" for line in said if line["event"] == "listening"), "")
            if base and {await _status(session, base + path) for path in ("/healthz", "/readyz")} == {200}:
                return
            await asyncio.sleep(0.1)


async def _status(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(url) as response:
        return response.status


async def play_kubelet(api: Api) -> None:
    """Says of the Deployment what Kubernetes would, now that its pod is ready: no controller of it runs here."""
    ref = Ref("Deployment", NAME, NAME)
    generation = (await api.get(ref))["metadata"]["generation"]
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 1)
    await api.patch(ref, {"status": {"observedGeneration": generation, **counts}}, subresource="status")
