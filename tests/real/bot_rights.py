"""A bot with fewer rights than it needs."""

from pathlib import Path

import yaml

from tests.real.access import bot_rights
from tests.real.api import Api


async def kubeconfig_without_patch(api: Api, namespace: str, like: Path, target: Path) -> Path:
    """A kubeconfig of a service account that reads whatever the bot reads, and changes nothing."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    await api.call("POST", accounts, {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "reader"}})
    role = f"reader-{namespace}"
    rules = [
        {**rule, "verbs": [verb for verb in rule["verbs"] if verb != "patch"]} for rule in bot_rights()[0]["rules"]
    ]
    await api.create({"kind": "ClusterRole", "metadata": {"name": role}, "rules": rules})
    await api.create(
        {
            "kind": "ClusterRoleBinding",
            "metadata": {"name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": namespace}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        }
    )
    wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    issued = await api.call("POST", f"{accounts}/reader/token", wanted)
    config = yaml.safe_load(like.read_text())
    config["users"][0]["user"] = {"token": issued["status"]["token"]}
    target.touch(mode=0o600)
    target.write_text(yaml.safe_dump(config))
    return target
