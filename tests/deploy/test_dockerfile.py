"""The Dockerfile: linted, pinned, and a small door. tests/real/test_deploy.py executes its steps."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path, PurePosixPath

import pytest

from tests.deploy.building import BuildError, build
from tests.deploy.container import Mount, Run, hindrance
from tests.deploy.dockerfile import Ignored, stages
from tests.deploy.rendered import DEPLOY, ROOT, rendered

FILE = DEPLOY / "Dockerfile"
TEXT = FILE.read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture
def contained() -> None:
    """Where nobody may mount, no container can be played. CI may, and lets nothing be skipped."""
    if hindrance():
        pytest.skip(hindrance())


def test_hadolint_finds_nothing() -> None:
    program = shutil.which("hadolint", path=sysconfig.get_path("scripts"))
    assert program is not None
    said = subprocess.run([program, "--no-color", str(FILE)], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert "hadolint ignore" not in TEXT


def test_hadolint_would_find_something(tmp_path: Path) -> None:
    program = shutil.which("hadolint", path=sysconfig.get_path("scripts"))
    assert program is not None
    worse = tmp_path / "Dockerfile"
    worse.write_text(TEXT.replace("python:3.11-slim-bookworm", "python:latest"), "utf-8")
    said = subprocess.run([program, "--no-color", str(worse)], capture_output=True, text=True, check=False)
    assert "DL3007" in said.stdout


def test_it_stands_on_a_slim_python_that_the_package_supports_by_its_tag() -> None:
    bases = {each.base for each in stages(TEXT)}
    (base,) = bases
    found = re.fullmatch(r"python:(3\.\d+)-slim-[a-z]+", base)
    assert found is not None
    assert f"Programming Language :: Python :: {found[1]}" in PROJECT["classifiers"]


def test_what_it_installs_is_pinned_and_nothing_of_pip_gets_into_the_image() -> None:
    build_stage, last = stages(TEXT)
    commands = " ".join(each.rest for each in build_stage.instructions if each.word == "RUN")
    assert "--constraint constraints.txt" in commands
    assert "venv --without-pip" in commands
    assert "http" not in commands
    assert [each.word for each in last.instructions if each.word == "RUN"] == []
    assert [each.rest for each in last.instructions if each.word == "COPY"] == [
        "--from=build /opt/flux-bot /opt/flux-bot"
    ]


def test_it_runs_as_the_pods_user_by_number_without_a_shell() -> None:
    *_, last = stages(TEXT)
    user, entry, cmd, port = (last.last(word) for word in ("USER", "ENTRYPOINT", "CMD", "EXPOSE"))
    assert user is not None
    assert entry is not None
    assert cmd is not None
    assert port is not None
    base = rendered(DEPLOY / "kustomize" / "base")
    security = base.pod["securityContext"]
    assert user.rest == f"{security['runAsUser']}:{security['runAsGroup']}"
    assert entry.argv() == ["/opt/flux-bot/bin/flux-bot"]
    assert cmd.argv() == base.container["args"]
    assert port.rest == base.settings["FLUX_BOT_LISTEN_PORT"]


def test_its_labels_say_what_the_package_says() -> None:
    *_, last = stages(TEXT)
    label = last.last("LABEL")
    assert label is not None
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in label.pairs({}).items()}
    said = (labels["title"], labels["version"], labels["licenses"])
    assert said == (PROJECT["name"], PROJECT["version"], PROJECT["license"])


def test_nothing_reaches_the_builder_but_what_is_copied() -> None:
    ignored = Ignored.read((ROOT / ".dockerignore").read_text("utf-8"))
    build_stage, _ = stages(TEXT)
    copied = {source for each in build_stage.instructions if each.word == "COPY" for source in each.flags()[1][:-1]}
    kept = {path.name for path in ROOT.iterdir() if not ignored(PurePosixPath(path.name))}
    assert kept == copied
    for secret in (
        ".env",
        ".git/config",
        "slack.env",
        "deploy/kustomize/mine/allowlist.yaml",
        "bot/__pycache__/x.pyc",
    ):
        assert ignored(PurePosixPath(secret))
    assert not ignored(PurePosixPath("bot/cli/run.py"))


# --- the builder of the tests itself --------------------------------------------------------------------------------


def built(folder: Path, text: str, files: dict[str, str] | None = None) -> str:
    """Builds it and answers what the container says."""
    context = folder / "context"
    for name, content in {".dockerignore": "**/*.log\n", **(files or {})}.items():
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text(content)
    file = folder / "Dockerfile"
    file.write_text(text)
    image = build(file, context, folder / "image")
    run = Run([*image.entrypoint, *image.cmd], read_only=True)
    said = subprocess.run(image.command(run), capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout


WORKS = """\
FROM any AS one
WORKDIR /making
COPY notes ./notes
RUN cat notes/a > /making/made \\
 # as Docker does, comments between the lines are left out
 && test ! -e notes/b.log
FROM any
ENV WORDS="from ${PATH}"
COPY --from=one /making/made /data/
USER 65532:65532
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["cat /data/made; echo $WORDS; grep CapEff /proc/self/status; ! touch /data/more 2>/dev/null"]
"""
NOTES = {"notes/a": "kept\n", "notes/b.log": "left out\n"}


@pytest.mark.usefixtures("contained")
def test_steps_are_executed_in_order_and_the_image_cannot_be_written(tmp_path: Path) -> None:
    kept, words, powers = built(tmp_path, WORKS, NOTES).splitlines()
    assert (kept, words.startswith("from /usr/local/bin:")) == ("kept", True)
    assert powers.split() == ["CapEff:", "0000000000000000"]


@pytest.mark.usefixtures("contained")
@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("RUN false", "exit code 1"),
        ("RUN no-such-program", "exit code 127"),
        ("COPY nothing ./", "No such file"),
        ("COPY notes/b.log ./", r"\.dockerignore leaves it out"),
        ("RUN echo x > /usr/bin/x", "exit code"),
        ("RUN mount -t tmpfs none /tmp", "exit code"),
    ],
)
def test_a_broken_step_ends_the_build_and_is_named(step: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=rf"(?s)line 3: {re.escape(step)}.*{why}"):
        built(tmp_path, f"FROM any\nWORKDIR /making\n{step}\nCMD []\n", NOTES)


@pytest.mark.usefixtures("contained")
def test_nothing_of_this_machine_changes_but_what_is_mounted_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given").chmod(0o777)
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / ".dockerignore").write_text("")
    (tmp_path / "Dockerfile").write_text("FROM any\n")
    image = build(tmp_path / "Dockerfile", tmp_path / "context", tmp_path / "image")
    mounts = [Mount(tmp_path / "given", "/given", read_only=False), Mount(tmp_path, "/seen")]
    words = "touch /given/x; touch /seen/x /etc/x; ls /root /home"
    said = subprocess.run(
        image.command(Run(["/bin/sh", "-c", words], mounts=mounts)), capture_output=True, text=True, check=False
    )
    assert (tmp_path / "given" / "x").exists()
    assert not (tmp_path / "x").exists()
    assert not Path("/etc/x").exists()
    assert "/seen/x" in said.stderr


def test_an_instruction_that_is_not_known_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 2: ONBUILD"):
        stages("FROM any\nONBUILD RUN true\n")
