"""Six steps that can be typed as they stand. Here their names are checked; tests/real/test_deploy.py types them."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import yaml
from click.testing import CliRunner

from bot.cli import main
from bot.config.settings import Settings, variable
from bot.core.commands import Help, Reconcile
from bot.core.kinds import KUSTOMIZATION
from bot.core.parsing import parse
from tests.deploy.install_page import PAGE, steps
from tests.deploy.rendered import BASE, EXAMPLE, NAME, ROOT, kubectl, rendered

ALL = [words for step in steps() for words in step.commands]


def test_there_are_six_steps_in_order() -> None:
    assert [step.number for step in steps()] == [1, 2, 3, 4, 5, 6]
    assert [step.title for step in steps()] == [
        "Make the Slack app",
        "Say who may do what",
        "Build the image",
        "Bring the tokens into the cluster",
        "Start it",
        "Reconcile",
    ]


def test_every_program_is_one_that_the_page_asks_for() -> None:
    assert {words[0] for words in ALL} == {
        *("cp", "rm", "python3", ".venv/bin/pip", ".venv/bin/flux-bot", "docker", "kubectl"),
    }


def test_every_path_exists_or_was_made_by_a_step_before() -> None:
    made = {"deploy/kustomize/mine": EXAMPLE, "slack.env": ROOT / ".env.example"}
    for word in (word for words in ALL for word in words):
        if re.match(r"(deploy|docs|bot)/|.+\.(ya?ml|env|txt)$", word):
            place = next((word.replace(name, str(path)) for name, path in made.items() if name in word), word)
            assert (ROOT / place).exists(), word


def test_every_setting_is_one_of_the_bots() -> None:
    named = set(re.findall(r"FLUX_BOT_[A-Z_]+", PAGE))
    assert named <= {variable(field) for field in Settings.model_fields}
    assert set(steps()[0].settings) == set(yaml.safe_load((BASE / "secret.example.yaml").read_text())["stringData"])


def test_every_object_is_one_that_is_made() -> None:
    found = {(each["kind"].lower(), each["metadata"]["name"]) for each in rendered(EXAMPLE).objects}
    named = {word for words in ALL for word in words if re.fullmatch(r"[a-z]+/flux[a-z-]+", word)}
    assert named == {f"deployment/{NAME}"}
    assert ("deployment", NAME) in found
    namespaces = {words[words.index("--namespace") + 1] for words in ALL if "--namespace" in words}
    assert namespaces == {NAME}
    assert f"`{NAME}-settings`" in PAGE
    assert rendered(EXAMPLE).one("ConfigMap", f"{NAME}-settings")


def test_the_image_that_is_built_is_the_one_that_is_run() -> None:
    (build,) = [words for words in ALL if words[:2] == ["docker", "build"]]
    (push,) = [words for words in ALL if words[:2] == ["docker", "push"]]
    image = rendered(EXAMPLE).container["image"]
    assert build == ["docker", "build", "-f", "deploy/Dockerfile", "-t", image, "."]
    assert push[2] == image


def test_the_secret_that_is_made_is_the_one_that_is_mounted(tmp_path: Path) -> None:
    (words,) = [words for words in ALL if words[:3] == ["kubectl", "create", "secret"]]
    (tmp_path / "slack.env").write_text("".join(f"{name}={value}\n" for name, value in steps()[0].settings.items()))
    said = subprocess.run(
        [kubectl(), *words[1:], "--dry-run=client", "-o", "yaml"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    made, example = yaml.safe_load(said.stdout), yaml.safe_load((BASE / "secret.example.yaml").read_text())
    assert made["metadata"]["name"] == example["metadata"]["name"]
    assert made["metadata"]["namespace"] == example["metadata"]["namespace"]
    assert set(made["data"]) == set(example["stringData"])
    assert base64.b64decode(made["data"]["FLUX_BOT_SLACK_BOT_TOKEN"]).decode() == "xoxb-…"
    (mounted,) = [each["secret"]["secretName"] for each in rendered(EXAMPLE).pod["volumes"] if "secret" in each]
    assert mounted == made["metadata"]["name"]


def test_the_example_allowlist_passes_the_check_that_is_asked_for() -> None:
    (words,) = [words for words in ALL if words[0] == ".venv/bin/flux-bot"]
    path = str(ROOT / words[-1]).replace("/mine/", "/example/")
    said = CliRunner().invoke(main, [*words[1:-1], path])
    assert said.exit_code == 0, said.output
    assert "no problems" in said.output
    assert "warning" not in said.output


def test_the_environment_is_made_as_the_readme_makes_it() -> None:
    line = next(line for line in steps()[1].shell if line.startswith("python3"))
    assert line in (ROOT / "README.md").read_text("utf-8")


def test_what_is_typed_in_slack_asks_for_help_and_for_what_bootstrap_made() -> None:
    helped, asked = (parse(text) for text in steps()[-1].slack)
    assert isinstance(helped, Help)
    assert isinstance(asked, Reconcile)
    (target,) = asked.targets
    assert (target.kind, target.name, asked.options.with_source) == (KUSTOMIZATION, "flux-system", True)


def test_the_bot_is_invited_by_the_name_that_it_has() -> None:
    manifest = yaml.safe_load((ROOT / "deploy" / "slack" / "manifest.yaml").read_text("utf-8"))
    assert f"/invite @{manifest['features']['bot_user']['display_name']}" in PAGE
    assert {f"{command['command']} " for command in manifest["features"]["slash_commands"]} == {"/flux-reconcile "}
