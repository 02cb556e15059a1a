"""Builds an image from its Dockerfile: each instruction carried out in order, the first that fails ends it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from tests.deploy.container import Image, Run, blank, folder_in, image_root, owned
from tests.deploy.dockerfile import Ignored, Instruction, Stage, stages

STEP_SECONDS = 240.0
LeftOut = Callable[[str, list[str]], set[str]]
"""Of a folder and the names in it, those that are not copied."""
_PASSED = ("SSL_CERT_FILE", "PIP_CERT", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "HTTPS_PROXY", "NO_PROXY")
"""Variables that a build takes over from whoever builds: how this machine reaches its registry."""


class BuildError(Exception):
    """A step failed; the message says which one and what it said."""


def build(file: Path, context: Path, folder: Path) -> Image:
    """The last stage of the file, every step of every stage executed below `folder`. Raises BuildError."""
    ignored = Ignored.read((context / ".dockerignore").read_text("utf-8"))
    made: dict[str, Image] = {}
    image: Image | None = None
    for number, stage in enumerate(stages(file.read_text("utf-8"))):
        image = _Building(stage, blank(folder / f"{number}-{stage.name or 'last'}"), context, ignored, made).image()
        made[stage.name or str(number)] = image
    if image is None:
        raise BuildError(f"{file} has no FROM")
    return image


class _Building:
    """One stage, instruction by instruction."""

    def __init__(self, stage: Stage, tree: Path, context: Path, ignored: Ignored, made: Mapping[str, Image]) -> None:
        self._stage = stage
        self._context = context
        self._ignored = ignored
        self._made = made
        self._now = Image(
            tree=tree,
            env={"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
            user=(image_root(), image_root()),
            workdir="/",
            entrypoint=(),
            cmd=(),
            labels={},
        )

    def image(self) -> Image:
        for each in self._stage.instructions:
            try:
                self._now = self._after(each)
            except (OSError, ValueError, LookupError) as error:
                raise BuildError(f"{each}\n{error}") from error
        return self._now

    def _after(self, each: Instruction) -> Image:
        now = self._now
        match each.word:
            case "RUN":
                self._run(each)
            case "COPY":
                self._copy(each)
            case "WORKDIR":
                owned(folder_in(now.tree, each.rest))
                return replace(now, workdir=each.rest)
            case "USER":
                uid, gid = each.rest.split(":")
                # Somebody without an account lives in /.
                return replace(now, user=(int(uid), int(gid)), env={**now.env, "HOME": "/"})
            case "ENV":
                return replace(now, env={**now.env, **each.pairs(now.env)})
            case "LABEL":
                return replace(now, labels={**now.labels, **each.pairs({})})
            case "ENTRYPOINT":
                return replace(now, entrypoint=tuple(each.argv()))
            case "CMD":
                return replace(now, cmd=tuple(each.argv()))
            case "EXPOSE":
                pass
            case _:
                raise ValueError("no step that is played here")
        return now

    def _run(self, each: Instruction) -> None:
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        command = self._now.command(Run(["/bin/sh", "-c", each.rest], env=passed))
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=STEP_SECONDS, check=False
        )
        if ended.returncode != 0:
            raise BuildError(f"{each}\nexit code {ended.returncode}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")

    def _copy(self, each: Instruction) -> None:
        flags, (*sources, target) = each.flags()
        if set(flags) - {"from"}:
            raise ValueError(f"a flag of COPY that is not played here: {', '.join(flags)}")
        # A target that is no absolute path lies below the working folder.
        place = target if target.startswith("/") else f"{self._now.workdir}/{target}"
        into = target.endswith("/") or len(sources) > 1
        for source in sources:
            if "from" in flags:
                self._take(self._made[flags["from"]].tree / source.lstrip("/"), place, into, lambda *_: set())
            else:
                self._take_from_context(PurePosixPath(source), place, into)

    def _take_from_context(self, source: PurePosixPath, place: str, into: bool) -> None:
        if self._ignored(source):
            raise FileNotFoundError(f"{source} is not in the context: .dockerignore leaves it out")

        def left_out(folder: str, names: list[str]) -> set[str]:
            at = PurePosixPath(Path(folder).relative_to(self._context))
            return {name for name in names if self._ignored(at / name)}

        self._take(self._context / source, place, into, left_out)

    def _take(self, source: Path, place: str, into: bool, left_out: LeftOut) -> None:
        if source.is_dir():
            target = folder_in(self._now.tree, place)
            shutil.copytree(source, target, symlinks=True, ignore=left_out, dirs_exist_ok=True)
        else:
            at = PurePosixPath(place)
            target = folder_in(self._now.tree, str(at if into else at.parent)) / (source.name if into else at.name)
            shutil.copy2(source, target, follow_symlinks=False)
        owned(target)
