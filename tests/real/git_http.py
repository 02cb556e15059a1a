"""Git repositories over smart HTTP: ``git http-backend`` behind a handler, commits made by the git program."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

_BRANCH = "main"
_PEOPLE = "Test Author <author@example.com>"


class GitError(Exception):
    """git refused; the message holds its own words."""


class BareRepository:
    """One bare repository; commits are written straight into it, as a push would leave them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def create(self) -> None:
        await git("init", "--quiet", "--bare", f"--initial-branch={_BRANCH}", str(self._folder))
        await git("-C", str(self._folder), "config", "gc.auto", "0")

    async def commit(self, files: Mapping[str, str | None], message: str, branch: str) -> str:
        """Adds, changes and (None) removes files on a branch; returns the new commit's id."""
        head = await self._head(branch)
        await git(
            "-C",
            str(self._folder),
            "fast-import",
            "--quiet",
            "--date-format=now",
            feed=_stream(files, message, branch, head),
        )
        return await git("-C", str(self._folder), "rev-parse", f"refs/heads/{branch}")

    async def _head(self, branch: str) -> str:
        return await git("-C", str(self._folder), "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")


def _stream(files: Mapping[str, str | None], message: str, branch: str, head: str) -> bytes:
    """The input of ``git fast-import`` for one commit."""
    text = message.encode()
    out = [f"commit refs/heads/{branch}\ncommitter {_PEOPLE} now\ndata {len(text)}\n".encode(), text, b"\n"]
    if head:
        out.append(f"from {head}\n".encode())
    for path, content in files.items():
        if content is None:
            out.append(f"D {path}\n".encode())
        else:
            data = content.encode()
            out += [f"M 100644 inline {path}\ndata {len(data)}\n".encode(), data, b"\n"]
    return b"".join([*out, b"done\n"])


async def git(*args: str, feed: bytes = b"") -> str:
    """Runs git without the user's configuration; returns its output without the last line end."""
    process = await asyncio.create_subprocess_exec(
        "git",
        *args,
        env=_environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, problem = await process.communicate(feed)
    if process.returncode != 0:
        raise GitError(f"git {' '.join(args)}: {problem.decode(errors='replace')}")
    return out.decode().strip()


async def serve(request: web.Request, root: Path, rest: str) -> web.Response:
    """Answers one request of a git client by CGI (git-http-backend(1)); ``rest`` is the path below ``root``."""
    body = await request.read()
    env = _environment() | {
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{rest}",
        "QUERY_STRING": request.query_string,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
    }
    # aiohttp has already inflated a gzipped body, so no HTTP_CONTENT_ENCODING is passed on.
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate(body)
    return _response(out)


def _response(out: bytes) -> web.Response:
    head, _, body = out.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split()[0])
    return web.Response(status=status, headers=headers, body=body)


def _environment() -> dict[str, str]:
    nowhere = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": "/nonexistent"}
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"} | nowhere
