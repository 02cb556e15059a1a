"""A kubeconfig that is missing, malformed or expired stops nothing: the bot starts, says what is wrong, and goes on
as soon as the file is right."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config.clusters import ClusterSetting
from bot.demo.kube.rights import MASTERS, User
from tests.e2e.stage import CLUSTER, CLUSTER_TOKEN, staged
from tests.e2e.ward import APPS, Spoil, Ward, cured, passed
from tests.fakes.api_server import kubeconfig

SECRET = "not-for-anybody"
HEAD = f"❌ not sent {APPS}: the bot cannot log in to the cluster"


def missing(file: Path) -> None:
    file.unlink(missing_ok=True)


def cut_off(file: Path) -> None:
    file.write_text("{apiVersion: v1, users: [" + SECRET)


def nested(file: Path) -> None:
    file.write_text("[" * 5000)


def without_context(file: Path) -> None:
    _change(file, lambda config: config.update({"contexts": []}))


def without_address(file: Path) -> None:
    _change(file, lambda config: config["clusters"][0]["cluster"].update({"server": SECRET}))


def with_a_failing_plugin(file: Path) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", f"import sys; print('{SECRET}', file=sys.stderr); sys.exit(1)"],
    }
    _change(file, lambda config: config["users"][0].update({"user": {"exec": plugin}}))


def _change(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = yaml.safe_load(file.read_text())
    change(config)
    file.write_text(yaml.safe_dump(config))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (missing, "there is no kubeconfig"),
        (cut_off, "the kubeconfig cannot be used: it is no YAML"),
        (nested, "the kubeconfig cannot be used: it is malformed"),
        (
            without_context,
            "the kubeconfig cannot be used: something is missing in it, or its context does not exist",
        ),
        (without_address, "the kubeconfig's address is malformed"),
    ],
)
def test_a_kubeconfig_that_is_no_good_is_told_and_its_repair_needs_no_restart(
    tmp_path: Path, spoil: Spoil, why: str
) -> None:
    whole = []

    def spoiled(file: Path) -> None:
        whole.append(file.read_text())
        spoil(file)

    async def story(ward: Ward) -> None:
        await asyncio.sleep(60)
        assert (await ward.say()).text.splitlines()[:2] == [HEAD, f"prod: {why}"]
        assert SECRET not in "".join(ward.texts)
        ward.config.write_text(whole[0])
        await asyncio.sleep(6)
        assert (await ward.say()).text.startswith(f"🟰 unchanged {APPS}")
        assert SECRET not in ward.log.getvalue()

    cured(story, tmp_path, spoil=spoiled)


async def test_a_plugin_that_fails_is_told_without_its_words(tmp_path: Path) -> None:
    own = kubeconfig(tmp_path / "own", "http://127.0.0.1:1", {}, context=CLUSTER)
    with_a_failing_plugin(own)
    async with staged("ks-unchanged", tmp_path, clusters=(ClusterSetting(CLUSTER, own, CLUSTER),)) as stage:
        end = await stage.say("ks ks-unchanged/app")
        assert end.text.splitlines()[:2] == [
            "❌ not sent prod ks/ks-unchanged/app: the bot cannot log in to the cluster",
            "prod: the kubeconfig's credential plugin gave no credential",
        ]
        assert SECRET not in "".join(state.text for state in stage.history)
        assert SECRET not in stage.log.getvalue()


def test_a_token_that_has_expired_is_told_and_a_new_one_is_picked_up(tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        expire(ward)
        ward.lose_watches()
        await asyncio.sleep(60)
        why = "prod: the API server does not accept the bot's credentials"
        assert (await ward.say()).text.splitlines()[:2] == [HEAD, why]
        renew(ward)
        await asyncio.sleep(10)
        assert (await ward.say()).text.startswith(f"🟰 unchanged {APPS}")

    cured(story, tmp_path)


def test_a_token_that_expires_in_the_middle_of_a_follow_delays_the_end_and_changes_it_not(tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        await ward.new_revision_waits()
        since = await ward.type()
        await ward.patched()
        await asyncio.sleep(1)
        expire(ward)
        ward.lose_watches()
        await asyncio.sleep(30)
        ward.carry_on()
        await asyncio.sleep(30)
        assert ward.workspace.history[-1].text.startswith("⏳")
        renew(ward)
        renewed_at = passed()
        assert (await ward.end(since)).text.startswith(f"✅ applied {APPS} ")
        assert passed() - renewed_at < 15

    cured(story, tmp_path)


def expire(ward: Ward) -> None:
    del ward.server.users[CLUSTER_TOKEN]


def renew(ward: Ward) -> None:
    """Another token, as whoever rotates them would write it into the file."""
    ward.server.users[f"{CLUSTER_TOKEN}-2"] = User("flux-bot", (MASTERS,))
    ward.config.write_text(ward.config.read_text().replace(CLUSTER_TOKEN, f"{CLUSTER_TOKEN}-2"))
