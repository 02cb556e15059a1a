"""The manifests as kubectl renders them: the bot's rights are those it uses, and its pod can do nothing else."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import pytest
import yaml

from bot.config.agreement import disagreements
from bot.config.channels_file import Loaded, load_allowlist
from bot.config.loading import load_settings
from bot.config.settings import Settings, SlackMode, variable
from bot.core.kinds import ASKABLE, KINDS
from bot.demo.kube.attempts import attempt_of
from bot.demo.kube.calls import Asked
from bot.demo.kube.paths import read_path
from bot.demo.kube.rights import BASIC_RULES, covers
from tests.deploy.pod import Account, Pod
from tests.deploy.rendered import BASE, EXAMPLE, FLUX_NAMESPACE, NAME, ROOT, Json, Rendered, rendered
from tests.e2e.stage import Stage, staged

SECRET = BASE / "secret.example.yaml"
VERBS = ("get", "list", "watch", "patch")
OF_THE_CLUSTER = (
    *("Namespace", "ClusterRole", "ClusterRoleBinding"),
    *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
)
FOLDERS = pytest.mark.parametrize("folder", [BASE, EXAMPLE], ids=lambda folder: folder.name)


@pytest.fixture
def base() -> Rendered:
    return rendered(BASE)


# --- rights ---------------------------------------------------------------------------------------------------------


def asked_of_kinds() -> set[str]:
    """The verbs that bot/cluster uses on the kinds of Flux, by how it names its calls."""
    return {
        *re.findall(r'f"(\w+) \{[\w.]*kind\.plural\}"', cluster_sources()),
        *re.findall(r'self\._doing\("(\w+)"\)', cluster_sources()),
    }


def asked_besides() -> set[tuple[str, str]]:
    """Verb and plural of its calls about anything else."""
    return set(re.findall(r'"(get|list|watch|patch|create|update|delete) ([a-z]+)"', cluster_sources()))


def cluster_sources() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "bot" / "cluster").glob("*.py")))


def everybodys() -> set[tuple[str, str]]:
    """What whoever has a name may do in any cluster."""
    return {(verb, plural) for rule in BASIC_RULES for verb in rule["verbs"] for plural in rule.get("resources", ())}


def test_the_bot_may_do_what_its_code_asks_for_verb_by_verb_and_nothing_else(base: Rendered) -> None:
    assert asked_of_kinds() == set(VERBS)
    reading = {(verb, kind.group, kind.plural, "") for kind in KINDS for verb in VERBS if verb != "patch"}
    writing = {("patch", kind.group, kind.plural, "") for kind in ASKABLE}
    besides = {("list", "", "events", ""), ("get", "", "namespaces", "")}
    besides |= {("list", "apps", "deployments", FLUX_NAMESPACE)}
    assert {(verb, plural) for verb, _, plural, _ in besides} == asked_besides() - everybodys()
    assert base.grants() == reading | writing | besides


def test_no_rule_has_a_wildcard_a_subresource_or_more_than_these_verbs(base: Rendered) -> None:
    for role in (*base.all("ClusterRole"), *base.all("Role")):
        assert "aggregationRule" not in role
        for rule in role["rules"]:
            assert set(rule) == {"apiGroups", "resources", "verbs"}
            assert "*" not in f"{rule}"
            assert "/" not in f"{rule['resources']}"
            assert set(rule["verbs"]) <= set(VERBS)
            assert not {"secrets", "configmaps", "pods", "serviceaccounts"} & set(rule["resources"])


def test_the_account_is_bound_to_these_roles_and_nobody_else_is(base: Rendered) -> None:
    account = {"kind": "ServiceAccount", "name": NAME, "namespace": NAME}
    bindings = [*base.all("ClusterRoleBinding"), *base.all("RoleBinding")]
    assert [each["subjects"] for each in bindings] == [[account], [account]]
    assert [each["roleRef"]["kind"] for each in bindings] == ["ClusterRole", "Role"]
    assert {each["roleRef"]["name"] for each in bindings} == {NAME}
    assert base.one("ServiceAccount")["automountServiceAccountToken"] is False


def test_the_addition_guards_every_group_that_the_bot_may_write_to() -> None:
    policy = rendered(EXAMPLE).one("ValidatingAdmissionPolicy")["spec"]
    (rule,) = policy["matchConstraints"]["resourceRules"]
    assert set(rule["apiGroups"]) == {group for verb, group, _, _ in rendered(BASE).grants() if verb == "patch"}
    assert (rule["operations"], rule["resources"], rule["apiVersions"]) == (["UPDATE"], ["*"], ["*"])
    assert policy["failurePolicy"] == "Fail"
    (condition,) = policy["matchConditions"]
    assert condition["expression"].endswith(f"== 'system:serviceaccount:{NAME}:{NAME}'")


def allowed(base: Rendered, asked: Asked) -> bool:
    attempt = attempt_of(asked, asked.path, read_path(asked.path))
    rules: list[tuple[Json, str]] = [(rule, "") for rule in BASIC_RULES]
    for role in (*base.all("ClusterRole"), *base.all("Role")):
        rules += [(rule, role["metadata"].get("namespace", "")) for rule in role["rules"]]
    return any(covers(rule, attempt) for rule, namespace in rules if namespace in ("", attempt.namespace))


def used(stage: Stage) -> list[Asked]:
    return [Asked(each.method, each.path, each.query, {}, each.body) for each in stage.cluster.server.asked]


async def test_a_success_a_failure_and_a_missing_namespace_take_no_more_than_these_rights(
    base: Rendered, tmp_path: Path
) -> None:
    calls: list[Asked] = []
    for recording, since in (("ks-unchanged", 0), ("ks-build-failure", 1)):
        folder = tmp_path / recording
        folder.mkdir()
        async with staged(recording, folder, since=since) as stage:
            await stage.say(f"ks {recording}/app")
            await stage.say("ks nowhere/app")
            calls += used(stage)
    attempts = [attempt_of(each, each.path, read_path(each.path)) for each in calls]
    assert {"get", "list", "watch", "patch"} <= {each.verb for each in attempts}
    assert {"events", "namespaces"} <= {each.resource for each in attempts}
    assert [(each.method, each.path) for each in calls if not allowed(base, each)] == []


# --- the pod --------------------------------------------------------------------------------------------------------


@FOLDERS
def test_everything_has_its_place_and_the_same_labels(folder: Path) -> None:
    for each in rendered(folder).objects:
        meta = each["metadata"]
        named = {"Role": FLUX_NAMESPACE, "RoleBinding": FLUX_NAMESPACE}.get(each["kind"], NAME)
        assert meta.get("namespace", "") == ("" if each["kind"] in OF_THE_CLUSTER else named), each["kind"]
        assert meta["labels"]["app.kubernetes.io/name"] == NAME
    assert rendered(folder).all("Secret") == []


def test_the_pod_cannot_become_anybody_or_write_anything(base: Rendered) -> None:
    assert base.pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert base.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "privileged": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(base.pod)
    writable = [each["mountPath"] for each in base.container["volumeMounts"] if not each.get("readOnly")]
    assert writable == ["/tmp", "/var/lib/flux-reconcile-bot"]
    (state,) = [each["persistentVolumeClaim"] for each in base.pod["volumes"] if "persistentVolumeClaim" in each]
    assert state["claimName"] == base.one("PersistentVolumeClaim")["metadata"]["name"]
    assert base.settings["FLUX_BOT_DATABASE"].startswith("/var/lib/flux-reconcile-bot/")
    (tmp,) = [each["emptyDir"] for each in base.pod["volumes"] if "emptyDir" in each]
    assert tmp == {"medium": "Memory", "sizeLimit": "16Mi"}
    assert set(base.container["resources"]["requests"]) == {"cpu", "memory"}
    assert set(base.container["resources"]["limits"]) == {"memory"}
    namespace = base.one("Namespace")["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"


def test_there_is_one_bot_at_a_time_and_it_may_finish(base: Rendered) -> None:
    spec = base.one("Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    drain = Settings.model_fields["drain"].default
    # docs/settings.md: at least ten seconds more.
    assert base.pod["terminationGracePeriodSeconds"] >= drain.total_seconds() + 10
    assert variable("drain") not in base.settings
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_probes_ask_what_the_bot_answers_where_it_listens(base: Rendered) -> None:
    (port,) = base.container["ports"]
    assert str(port["containerPort"]) == base.settings["FLUX_BOT_LISTEN_PORT"]
    assert base.settings["FLUX_BOT_LISTEN_HOST"] == "0.0.0.0"
    asked = {name: base.container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: get["path"] for name, get in asked.items()} == {
        "startup": "/healthz",
        "liveness": "/healthz",
        "readiness": "/readyz",
    }
    assert {get["port"] for get in asked.values()} == {port["name"]}
    # A check may take two seconds before it is answered for it.
    assert {base.container[f"{name}Probe"]["timeoutSeconds"] for name in asked} == {3}


def test_the_network_lets_in_probes_and_out_to_names_slack_and_the_api_server(base: Rendered) -> None:
    policy = base.one("NetworkPolicy")["spec"]
    labels = base.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == [{"ports": [{"protocol": "TCP", "port": base.container["ports"][0]["name"]}]}]
    out = {(each["protocol"], each["port"]) for rule in policy["egress"] for each in rule["ports"]}
    assert out == {("UDP", 53), ("TCP", 53), ("TCP", 443), ("TCP", 6443)}
    names, rest = policy["egress"]
    assert {each["port"] for each in names["ports"]} == {53}
    assert len(names["to"]) == 2
    assert "to" not in rest


# --- settings and allowlist -----------------------------------------------------------------------------------------


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.upper().startswith("FLUX_BOT_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def secret() -> dict[str, Json]:
    """The example as the API server would store it."""
    example = yaml.safe_load(SECRET.read_text("utf-8"))
    data = {key: base64.b64encode(text.encode()).decode() for key, text in example["stringData"].items()}
    return {example["metadata"]["name"]: {**example, "data": data}}


def test_the_secret_is_an_example_that_is_never_applied_and_holds_no_token() -> None:
    (found,) = secret().values()
    assert found["metadata"] == {"name": f"{NAME}-slack", "namespace": NAME}
    assert all(value.endswith("-replace-with-your-own") for value in found["stringData"].values())
    assert SECRET.name not in (BASE / "kustomization.yaml").read_text("utf-8")


@FOLDERS
def test_the_bot_starts_with_the_settings_and_files_that_its_pod_is_given(
    folder: Path, tmp_path: Path, clean: pytest.MonkeyPatch
) -> None:
    account = Account("127.0.0.1", 1, b"", "token")
    found = rendered(folder)
    pod = Pod(found, secret(), account, tmp_path)
    places = {each["mountPath"]: str(tmp_path / each["name"]) for each in found.container["volumeMounts"]}
    for name, value in found.settings.items():
        place = next((each for each in places if value.startswith(f"{each}/") or value == each), "")
        clean.setenv(name, value.replace(place, places[place], 1) if place else value)
    settings = load_settings(None)
    assert isinstance(settings, Settings), str(settings)
    assert settings.slack_mode is SlackMode.SOCKET
    assert settings.slack_bot_token.get_secret_value() == "xoxb-replace-with-your-own"
    assert settings.slack_app_token is not None
    assert [each.in_cluster for each in settings.clusters] == [True]
    allowlist = load_allowlist(settings.allowlist_file)
    assert isinstance(allowlist, Loaded)
    assert [*disagreements(allowlist.allowlist, settings.clusters)] == []
    assert [channel.name for channel in allowlist.allowlist.channels] == (["platform"] if folder == EXAMPLE else [])
    assert pod.token.folder.is_dir()


def test_nobody_may_do_anything_until_an_overlay_says_so(base: Rendered) -> None:
    text = base.one("ConfigMap", f"{NAME}-allowlist")["data"]["allowlist.yaml"]
    assert yaml.safe_load(text) == {"channels": {}}


def test_a_changed_allowlist_and_a_changed_setting_start_a_new_pod(base: Rendered) -> None:
    """The bot reads both once: the names that the Deployment refers to are made of their content."""
    other = rendered(EXAMPLE)
    for part in ("allowlist", "settings"):
        ours, theirs = (each.one("ConfigMap", f"{NAME}-{part}")["metadata"]["name"] for each in (base, other))
        assert ours != theirs
        assert ours in f"{base.pod}"
        assert theirs in f"{other.pod}"


def test_the_image_has_the_version_of_the_package(base: Rendered) -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version is not None
    assert base.container["image"] == f"{NAME}:{version[1]}"
    assert rendered(EXAMPLE).container["image"].endswith(f"/{NAME}:{version[1]}")
    assert base.container["args"] == ["run"]
