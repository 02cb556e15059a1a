"""Who may do what in the control plane of the tests, and the kubeconfigs that say how to get there."""

import base64
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.real.api import KINDS, Access, Object

BOT = "flux-bot"
CONTEXT = "real"
FLUX_NAMESPACE = "flux-system"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Bearer tokens of the server's token file."""

    admin: str
    bot: str

    def lines(self) -> str:
        """The token file: the admin is above all rules, the bot has only what ``bot_rights`` binds."""
        return f'{self.admin},admin,admin,"system:masters"\n{self.bot},{BOT},{BOT},"flux-bots"\n'


def bot_rights() -> list[Object]:
    """The bot may read and patch Flux objects, and read events, CRDs, namespaces and Flux's Deployments."""
    read = ["get", "list", "watch"]
    groups: dict[str, list[str]] = {}
    for version, plural in KINDS.values():
        groups.setdefault(version.split("/")[0], []).append(plural)
    rules = [
        *(
            {"apiGroups": [group], "resources": plurals, "verbs": [*read, "patch"]}
            for group, plurals in groups.items()
        ),
        {"apiGroups": [""], "resources": ["events"], "verbs": read},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        {
            "apiGroups": ["apiextensions.k8s.io"],
            "resources": ["customresourcedefinitions"],
            "verbs": ["get", "list"],
        },
    ]
    deployments = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": read}]
    here = {"name": BOT, "namespace": FLUX_NAMESPACE}
    return [
        {"kind": "ClusterRole", "metadata": {"name": BOT}, "rules": rules},
        {"kind": "ClusterRoleBinding", "metadata": {"name": BOT}, **_binds("ClusterRole")},
        {"kind": "Role", "metadata": here, "rules": deployments},
        {"kind": "RoleBinding", "metadata": here, **_binds("Role")},
    ]


def _binds(kind: str) -> Object:
    group = "rbac.authorization.k8s.io"
    return {
        "roleRef": {"apiGroup": group, "kind": kind, "name": BOT},
        "subjects": [{"apiGroup": group, "kind": "User", "name": BOT}],
    }


def write_kubeconfig(target: Path, *, server: str, authority: Path | None, user: str, token: str) -> Path:
    """A kubeconfig with one context, named ``real``, whose namespace is Flux's."""
    cluster: Object = {"server": server}
    if authority is not None:
        cluster["certificate-authority-data"] = base64.b64encode(authority.read_bytes()).decode()
    target.touch(mode=0o600)
    target.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": CONTEXT,
                "clusters": [{"name": CONTEXT, "cluster": cluster}],
                "users": [{"name": user, "user": {"token": token}}],
                "contexts": [
                    {
                        "name": CONTEXT,
                        "context": {"cluster": CONTEXT, "user": user, "namespace": FLUX_NAMESPACE},
                    }
                ],
            }
        )
    )
    return target


def read_kubeconfig(source: Path) -> Access:
    """The current context of somebody's kubeconfig: a token or a client certificate; other ways in are refused."""
    config = yaml.safe_load(source.read_text())
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]
    if strange := {"exec", "auth-provider", "username"} & set(user):
        raise ValueError(f"the test client cannot use {', '.join(strange)}: give a kubeconfig with a token or a pair")
    token = user.get("token") or (Path(user["tokenFile"]).read_text().strip() if "tokenFile" in user else None)
    tls = _tls(cluster, user, source.parent) if cluster["server"].startswith("https:") else None
    return Access(cluster["server"], tls, token)


def _tls(cluster: dict[str, Any], user: dict[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _material(cluster, "certificate-authority", folder)
    tls = ssl.create_default_context(cadata=authority)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    certificate = _material(user, "client-certificate", folder)
    key = _material(user, "client-key", folder)
    if certificate and key:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
            pair.write(certificate + "\n" + key)
            pair.flush()
            tls.load_cert_chain(pair.name)
    return tls


def _material(holder: dict[str, Any], field: str, folder: Path) -> str | None:
    if data := holder.get(f"{field}-data"):
        return base64.b64decode(data).decode()
    return (folder / holder[field]).read_text() if field in holder else None


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)
