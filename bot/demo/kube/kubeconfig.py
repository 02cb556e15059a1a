"""A kubeconfig for the simulator, for kubectl as well as for a program that sends tokens over plain HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from bot.demo.kube.attempts import as_user


@dataclass(frozen=True, slots=True)
class Entry:
    """One context: where the server is (no slash at the end), as whom to come, in which namespace to be.

    kubectl sends no token over plain HTTP, so the token stands in the server's path. With `bearer` it is a token in
    the usual place, for clients that do send it.
    """

    url: str
    token: str
    namespace: str = "default"
    bearer: bool = False


def kubeconfig(contexts: Mapping[str, Entry], current: str = "") -> str:
    """The file's text; `current` is the context that is used when none is named, the first one by default."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current or next(iter(contexts), ""),
        "clusters": [{"name": name, "cluster": {"server": _server(each)}} for name, each in contexts.items()],
        "users": [
            {"name": name, "user": {"token": each.token} if each.bearer else {}} for name, each in contexts.items()
        ],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name, "namespace": each.namespace}}
            for name, each in contexts.items()
        ],
    }
    return yaml.safe_dump(config, sort_keys=False)


def _server(entry: Entry) -> str:
    return entry.url if entry.bearer else entry.url + as_user(entry.token)
