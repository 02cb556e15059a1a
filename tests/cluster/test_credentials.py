"""Who we are to a server: tokens that rotate, plugins that run again, certificates, and files that are broken."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.cluster.calls import Call
from bot.cluster.client import Api
from bot.cluster.credentials import ClusterSpec, Credentials, ServiceAccount
from bot.core.errors import Overloaded, Unauthorized, Unreachable
from tests.cluster.conftest import middle
from tests.cluster.shapes import through
from tests.fakes.api_server import KS, Answer, ApiServer, Asked, kubeconfig, status
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.telemetry import FakeTelemetry

GET = Call("GET", KS, "list kustomizations")

PLUGIN = """
import json
with open({log!r}) as log:
    count = len(log.readlines())
with open({log!r}, "a") as log:
    log.write("run\\n")
status = {{"token": "token-%d" % (count + 1), "expirationTimestamp": {expires!r}}}
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}}))
"""


def tokens(server: ApiServer) -> list[str]:
    return [each.headers.get("Authorization", "") for each in server.asked]


class Door:
    """Lets one token in."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, asked: Asked) -> Answer:
        good = asked.headers.get("Authorization") == f"Bearer {self.token}"
        return Answer(200, {}) if good else status(401, "Unauthorized")


class Plugin:
    """An exec plugin that counts its runs."""

    def __init__(self, folder: Path, expires: str) -> None:
        self.log = folder / "runs"
        self.log.touch()
        self.script = folder / "plugin.py"
        self.script.write_text(PLUGIN.format(log=str(self.log), expires=expires))

    @property
    def user(self) -> dict[str, object]:
        api = "client.authentication.k8s.io/v1"
        return {"exec": {"apiVersion": api, "command": sys.executable, "args": [str(self.script)]}}

    @property
    def runs(self) -> int:
        return len(self.log.read_text().splitlines())


async def test_a_plugin_runs_once_and_again_before_its_token_ends(
    server: ApiServer, tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    # The library compares the end with the machine's time, so it must lie ahead of that too.
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    clock = FakeClock(ends - dt.timedelta(hours=1))
    plugin = Plugin(tmp_path, ends.strftime("%Y-%m-%dT%H:%M:%SZ"))
    api = Api(ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, plugin.user)), clock, telemetry)
    await api.get(GET)
    await api.get(GET)
    await clock.advance(58 * 60)
    await api.get(GET)
    await clock.advance(70)
    await api.get(GET)
    await api.close()
    assert tokens(server) == ["Bearer token-1"] * 3 + ["Bearer token-2"]
    assert plugin.runs == 2


async def test_a_plugin_whose_tokens_are_always_about_to_end_runs_at_most_every_five_seconds(
    server: ApiServer, tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    plugin = Plugin(tmp_path, MORNING.strftime("%Y-%m-%dT%H:%M:%SZ"))
    api = Api(ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, plugin.user)), clock, telemetry)
    for _ in range(10):
        await api.get(GET)
    assert plugin.runs == 1
    await clock.advance(5)
    await api.get(GET)
    await api.close()
    assert plugin.runs == 2


async def test_a_401_runs_the_plugin_again_and_the_call_succeeds(
    server: ApiServer, tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    plugin = Plugin(tmp_path, "2099-01-01T00:00:00Z")
    api = Api(ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, plugin.user)), clock, telemetry)
    await api.get(GET)
    server.on(KS, Door("token-2"))
    await clock.advance(60)
    assert await api.get(GET) == b"{}"
    await api.close()
    assert (tokens(server), plugin.runs) == (["Bearer token-1", "Bearer token-1", "Bearer token-2"], 2)


async def test_many_401s_at_once_run_the_plugin_once(
    server: ApiServer, tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    plugin = Plugin(tmp_path, "2099-01-01T00:00:00Z")
    api = Api(ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, plugin.user)), clock, telemetry)
    await api.get(GET)
    server.on(KS, Door("token-2"))
    await clock.advance(60)
    assert await asyncio.gather(*(api.get(GET) for _ in range(10))) == [b"{}"] * 10
    await api.close()
    assert plugin.runs == 2


async def test_a_plugin_that_fails_is_told_without_its_words(
    server: ApiServer, tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    user = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": ["-c", "1/0"]}
    }
    api = Api(ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, user)), clock, telemetry)
    with pytest.raises(Unauthorized, match=r"^prod: the kubeconfig's credential plugin gave no credential$"):
        await api.get(GET)
    await api.close()
    assert server.asked == []


async def test_a_plugin_slower_than_the_call_goes_on_for_the_next_one(
    server: ApiServer, tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    plugin = Plugin(tmp_path, "2099-01-01T00:00:00Z")
    gate = tmp_path / "gate"
    wait = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)\n"
    plugin.script.write_text(wait + plugin.script.read_text())
    api = Api(ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, plugin.user)), clock, telemetry)
    first = asyncio.create_task(api.get(GET))
    await clock.advance(6)
    with pytest.raises(Overloaded, match=r"^prod: the kubeconfig's credential plugin did not answer in time$"):
        await first
    gate.touch()
    await api.get(GET)
    await api.close()
    assert (plugin.runs, tokens(server)) == (1, ["Bearer token-1"])


async def test_a_token_file_is_read_again_within_a_minute_newline_or_not(
    server: ApiServer, tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    (tmp_path / "token").write_text("one\n")
    spec = ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, {"tokenFile": str(tmp_path / "token")}))
    api = Api(spec, clock, telemetry)
    await api.get(GET)
    (tmp_path / "token").write_text("two\n")
    await api.get(GET)
    await clock.advance(61)
    await api.get(GET)
    await api.close()
    assert tokens(server) == ["Bearer one", "Bearer one", "Bearer two"]


async def test_a_401_rereads_a_kubeconfig_that_was_rewritten(
    server: ApiServer, spec: ClusterSpec, api: Api, clock: FakeClock, tmp_path: Path
) -> None:
    await api.get(GET)
    server.on(KS, Door("open"))
    kubeconfig(tmp_path / "kubeconfig", server.url, {"token": "open"})
    await clock.advance(10)
    assert await api.get(GET) == b"{}"
    assert tokens(server) == ["Bearer sesame", "Bearer sesame", "Bearer open"]


async def test_a_401_to_the_same_token_is_not_asked_twice(api: Api, server: ApiServer, clock: FakeClock) -> None:
    await api.get(GET)
    server.on(KS, Door("open"))
    await clock.advance(10)
    with pytest.raises(Unauthorized):
        await api.get(GET)
    assert len(server.asked) == 2


async def test_a_plugin_that_fails_later_leaves_the_old_token_in_use(
    server: ApiServer, tmp_path: Path, telemetry: FakeTelemetry
) -> None:
    now = dt.datetime.now(dt.UTC)
    clock = FakeClock(now)
    plugin = Plugin(tmp_path, (now + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    api = Api(ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, plugin.user)), clock, telemetry)
    await api.get(GET)
    plugin.script.write_text("raise SystemExit(1)")
    await clock.advance(59 * 60 + 30)
    await api.get(GET)
    await api.close()
    assert tokens(server) == ["Bearer token-1"] * 2


async def test_a_context_is_chosen_by_name_and_basic_authentication_is_sent(
    server: ApiServer, tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    path = kubeconfig(tmp_path / "k", server.url, {"token": "wrong"})
    config = yaml.safe_load(path.read_text())
    config["users"].append({"name": "v", "user": {"username": "ana", "password": "pw"}})
    config["contexts"].append({"name": "second", "context": {"cluster": "c", "user": "v"}})
    path.write_text(yaml.safe_dump(config))
    api = Api(ClusterSpec("prod", path, context="second"), clock, telemetry)
    await api.get(GET)
    await api.close()
    assert tokens(server) == ["Basic YW5hOnB3"]


MALFORMED = "the kubeconfig cannot be used: it is malformed"
NO_YAML = "the kubeconfig cannot be used: it is no YAML"
LACKS = "the kubeconfig cannot be used: something is missing in it, or its context does not exist"
ADDRESS = "the kubeconfig's address is malformed"
PLUGIN_FAILED = "the kubeconfig's credential plugin gave no credential"
API = "client.authentication.k8s.io/v1"
WHOLE = {
    "current-context": "secret",
    "clusters": [{"name": "secret", "cluster": {"server": "http://127.0.0.1:1"}}],
    "contexts": [{"name": "secret", "context": {"cluster": "secret", "user": "secret"}}],
    "users": [{"name": "secret", "user": {"token": "secret"}}],
}


def served_at(address: object) -> list[object]:
    return [{"name": "secret", "cluster": {"server": address}}]


def known_as(**user: object) -> list[object]:
    return [{"name": "secret", "user": user}]


def run(*command: str) -> list[object]:
    return known_as(exec={"apiVersion": API, "command": command[0], "args": list(command[1:])})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", MALFORMED),
        ("secret", MALFORMED),
        ("- secret", MALFORMED),
        ("[" * 5000, MALFORMED),
        ("{secret: [", NO_YAML),
        ("\0secret", NO_YAML),
        ("!!python/object/apply:os.system [secret]", NO_YAML),
    ],
    ids=["empty", "a word", "a list", "deep", "cut", "binary", "code"],
)
async def test_a_file_that_is_no_kubeconfig_is_told_without_quoting_it(
    tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry, text: str, why: str
) -> None:
    (tmp_path / "k").write_text(text)
    await refused(ClusterSpec("prod", tmp_path / "k"), clock, telemetry, why)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"current-context": None}, LACKS),
        ({"current-context": "other"}, LACKS),
        ({"contexts": "secret"}, LACKS),
        ({"contexts": None}, LACKS),
        ({"clusters": []}, LACKS),
        ({"users": []}, LACKS),
        ({"users": known_as(tokenFile="/secret")}, "the kubeconfig cannot be used: a file that it needs is missing"),
        ({"clusters": served_at(7)}, MALFORMED),
        ({"clusters": served_at("")}, ADDRESS),
        ({"clusters": served_at("not a secret address")}, ADDRESS),
        ({"clusters": served_at("ftp://secret")}, ADDRESS),
        ({"clusters": served_at("http://secret:99999")}, ADDRESS),
        ({"users": run("/no/such/secret")}, PLUGIN_FAILED),
        ({"users": run("false")}, PLUGIN_FAILED),
        ({"users": run("echo", "secret")}, PLUGIN_FAILED),
        ({"users": run("echo", json.dumps({"apiVersion": API, "kind": "ExecCredential"}))}, PLUGIN_FAILED),
        ({"users": run("echo", json.dumps({"apiVersion": "v0", "status": {"token": "secret"}}))}, PLUGIN_FAILED),
        ({"users": known_as(exec=None)}, PLUGIN_FAILED),
    ],
    ids=repr,
)
async def test_a_kubeconfig_that_cannot_be_used_is_told_without_quoting_it(
    tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry, changes: dict[str, object], why: str
) -> None:
    (tmp_path / "k").write_text(yaml.safe_dump(WHOLE | changes))
    await refused(ClusterSpec("prod", tmp_path / "k"), clock, telemetry, why)


async def test_a_missing_kubeconfig_and_one_that_is_a_folder_are_told(
    tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    await refused(ClusterSpec("prod", tmp_path / "none"), clock, telemetry, "there is no kubeconfig")
    unreadable = "the kubeconfig cannot be used: a file that it needs cannot be read"
    await refused(ClusterSpec("prod", tmp_path), clock, telemetry, unreadable)


async def refused(spec: ClusterSpec, clock: FakeClock, telemetry: FakeTelemetry, why: str) -> None:
    api = Api(spec, clock, telemetry)
    with pytest.raises(Unauthorized) as caught:
        await api.get(GET)
    await api.close()
    assert str(caught.value) == f"prod: {why}"


async def test_a_plugin_that_fails_is_not_run_for_each_who_asks_and_a_repaired_one_is_noticed(
    server: ApiServer, tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    plugin = Plugin(tmp_path, "2099-01-01T00:00:00Z")
    works = plugin.script.read_text()
    plugin.script.write_text(works + "raise SystemExit(1)")
    api = Api(ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, plugin.user)), clock, telemetry)
    for _ in range(10):
        with pytest.raises(Unauthorized, match="gave no credential"):
            await api.get(GET)
    assert plugin.runs == 1
    plugin.script.write_text(works)
    await clock.advance(2)
    await api.get(GET)
    await api.close()
    assert (plugin.runs, server.asked[0].headers["Authorization"]) == (2, "Bearer token-2")


async def test_a_kubeconfig_that_points_to_no_certificate_is_refused(
    tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text("no certificate")
    path = kubeconfig(
        tmp_path / "k", "https://127.0.0.1:1", {"token": "x"}, **{"certificate-authority": str(authority)}
    )
    api = Api(ClusterSpec("prod", path), clock, telemetry)
    with pytest.raises(Unauthorized, match=r"^prod: the kubeconfig's certificates cannot be used$"):
        await api.get(GET)
    await api.close()


def certificates(folder: Path, days: int = 1) -> ssl.SSLContext:
    """A self-signed certificate for loopback in `folder`, good for so many days, and a server context that shows
    it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(today - dt.timedelta(days=3))
        .not_valid_after(today + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.crt", folder / "key.pem")
    return context


def in_cluster(folder: Path, url: str) -> ClusterSpec:
    port = url.rpartition(":")[2]
    environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port}
    account = ServiceAccount(folder / "token", folder / "ca.crt", environment)
    return ClusterSpec("here", in_cluster=True, service_account=account)


async def test_inside_a_cluster_the_mounted_token_is_sent_over_tls_and_its_rotation_is_noticed(
    tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    server = ApiServer()
    server.on(KS, Answer(200, {}))
    (tmp_path / "token").write_text("first\n")
    async with server.running(certificates(tmp_path)):
        api = Api(in_cluster(tmp_path, server.url), clock, telemetry, middle)
        await api.get(GET)
        (tmp_path / "token").write_text("second")
        await clock.advance(61)
        await api.get(GET)
        server.on(KS, Door("third"))
        (tmp_path / "token").write_text("third")
        await clock.advance(6)
        await api.get(GET)
        await api.close()
    assert tokens(server) == ["Bearer first", "Bearer second", "Bearer second", "Bearer third"]
    assert server.asked[0].headers["Accept-Encoding"] == "identity"


async def test_a_certificate_nobody_vouches_for_is_refused(
    tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    certificates(other)
    (other / "token").write_text("first")
    server = ApiServer()
    async with server.running(certificates(tmp_path)):
        api = Api(in_cluster(other, server.url), clock, telemetry)
        with pytest.raises(Unreachable, match=r"certificate is not one that the bot trusts$"):
            await api.get(GET)
        await api.close()
    assert server.asked == []


async def test_a_servers_certificate_that_has_expired_is_refused(
    tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    (tmp_path / "token").write_text("first")
    server = ApiServer()
    async with server.running(certificates(tmp_path, days=-1)):
        api = Api(in_cluster(tmp_path, server.url), clock, telemetry)
        with pytest.raises(Unreachable, match=r"certificate is not one that the bot trusts$"):
            await api.get(GET)
        await api.close()
    assert server.asked == []


async def test_a_client_certificate_that_whoever_ends_tls_refuses_is_a_connection_that_broke_off(
    tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    certificates(old, days=-1)
    server, context = ApiServer(), certificates(tmp_path)
    context.load_verify_locations(old / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    async with server.running(context):
        user = {"client-certificate": str(old / "ca.crt"), "client-key": str(old / "key.pem")}
        authority = {"certificate-authority": str(tmp_path / "ca.crt")}
        api = Api(
            ClusterSpec("prod", kubeconfig(tmp_path / "k", server.url, user, **authority)), clock, telemetry, middle
        )
        # API servers themselves answer such a one with 401.
        with pytest.raises(Unreachable, match=r"^prod: "):
            await through(clock, api.get(GET))
        await api.close()
    assert server.asked == []


async def test_a_mount_that_is_not_there_is_told(tmp_path: Path, clock: FakeClock, telemetry: FakeTelemetry) -> None:
    api = Api(in_cluster(tmp_path, "https://127.0.0.1:1"), clock, telemetry)
    with pytest.raises(Unauthorized, match=r"^here: the service account's mount cannot be used"):
        await api.get(GET)


async def test_strict_certificate_checks_can_be_relaxed_and_the_environment_is_never_asked(
    spec: ClusterSpec, clock: FakeClock
) -> None:
    for lenient in (True, False):
        configuration = await Credentials(replace(spec, lenient_certificates=lenient), clock).current()
        assert configuration.disable_strict_ssl_verification is lenient
        assert configuration.client_session_kwargs == {"trust_env": False}


async def test_a_proxy_of_the_kubeconfig_is_used_unless_another_is_given(
    server: ApiServer, tmp_path: Path, clock: FakeClock
) -> None:
    path = kubeconfig(tmp_path / "k", server.url, {"token": "x"}, **{"proxy-url": "http://127.0.0.1:3128"})
    found = [
        (await Credentials(ClusterSpec("prod", path, proxy=proxy), clock).current()).proxy
        for proxy in (None, "http://127.0.0.1:8080", "")
    ]
    assert found == ["http://127.0.0.1:3128", "http://127.0.0.1:8080", ""]
