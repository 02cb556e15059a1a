"""Settings from environment, file and folder; every complaint at once, and never a secret in one."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.config.clusters import ClusterSetting
from bot.config.loading import Misconfigured, SettingProblem, load_settings
from bot.config.settings import LogLevel, Settings, SlackMode

BOT, APP, SIGNING = "xoxb-1-not-a-real-token", "xapp-1-not-a-real-token", "0123456789abcdef0123456789abcdef"
ENOUGH = {
    "FLUX_BOT_SLACK_BOT_TOKEN": BOT,
    "FLUX_BOT_SLACK_APP_TOKEN": APP,
    "FLUX_BOT_ALLOWLIST_FILE": "/etc/flux-bot/allowlist.yaml",
    "FLUX_BOT_CLUSTERS": "prod=in-cluster",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("FLUX_BOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **changed: str | None) -> Settings | Misconfigured:
    for name, value in {**ENOUGH, **{f"FLUX_BOT_{name}": value for name, value in changed.items()}}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return load_settings()


def right(settings: Settings | Misconfigured) -> Settings:
    assert isinstance(settings, Settings), str(settings)
    return settings


def wrong(settings: Settings | Misconfigured) -> list[tuple[str, str]]:
    assert isinstance(settings, Misconfigured)
    return [(each.variable.removeprefix("FLUX_BOT_"), each.text) for each in settings.problems]


def test_with_the_least_that_is_needed_the_defaults_are_these(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = right(given(monkeypatch))
    assert settings.model_dump(exclude={"slack_bot_token", "slack_app_token", "database"}) == {
        "slack_mode": SlackMode.SOCKET,
        "slack_signing_secret": None,
        "slack_team": None,
        "slack_command": "/flux-reconcile",
        "slack_api_url": "https://slack.com/api/",
        "slack_proxy": None,
        "allowlist_file": Path("/etc/flux-bot/allowlist.yaml"),
        "clusters": ({"name": "prod", "kubeconfig": None, "context": None},),
        "flux_namespace": "flux-system",
        "watch_namespaces": (),
        "read_only": False,
        "read_only_words": "this bot only reads",
        "disable_strict_tls": False,
        "forges": (),
        "minimum_timeout": timedelta(minutes=5),
        "afterlife": timedelta(minutes=30),
        "ping_after": timedelta(seconds=30),
        "controller_patience": timedelta(seconds=30),
        "root_wait": timedelta(seconds=2),
        "drain": timedelta(seconds=20),
        "listen_host": "127.0.0.1",
        "listen_port": 8080,
        "slack_listen_host": "127.0.0.1",
        "slack_listen_port": 8081,
        "log_level": LogLevel.INFO,
        "secrets_dir": None,
    }
    assert settings.slack_bot_token.get_secret_value() == BOT
    assert settings.slack_app_token is not None
    assert settings.slack_app_token.get_secret_value() == APP
    assert settings.clusters == (ClusterSetting("prod"),)


def test_without_anything_everything_needed_is_told_at_once() -> None:
    assert wrong(load_settings()) == [
        ("ALLOWLIST_FILE", "is not set"),
        ("CLUSTERS", "is not set"),
        ("SLACK_APP_TOKEN", "is needed when FLUX_BOT_SLACK_MODE is socket"),
        ("SLACK_BOT_TOKEN", "is not set"),
    ]


def test_http_needs_the_signing_secret_and_no_app_token(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = given(monkeypatch, SLACK_MODE="http", SLACK_APP_TOKEN="")
    assert wrong(missing) == [("SLACK_SIGNING_SECRET", "is needed when FLUX_BOT_SLACK_MODE is http")]
    settings = right(given(monkeypatch, SLACK_MODE="http", SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET=SIGNING))
    assert (settings.slack_mode, settings.slack_app_token) == (SlackMode.HTTP, None)


def test_every_wrong_value_is_told_in_the_order_of_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(
        monkeypatch,
        SLACK_MODE="carrier-pigeon",
        SLACK_BOT_TOKEN=APP,
        SLACK_TEAM="acme",
        SLACK_COMMAND="flux reconcile",
        SLACK_API_URL="http://slack.example/api/",
        CLUSTERS="prod",
        FLUX_NAMESPACE="Flux_System",
        WATCH_NAMESPACES="shop, Shop",
        READ_ONLY="perhaps",
        FORGES="git.example.com=svn",
        MINIMUM_TIMEOUT="2h",
        DRAIN="20",
        LISTEN_PORT="80800",
        LOG_LEVEL="loud",
    )
    assert wrong(settings) == [
        ("CLUSTERS", "entry 1 is not NAME=in-cluster, NAME=KUBECONFIG or NAME=KUBECONFIG#CONTEXT"),
        ("DRAIN", "must be a time between 0s and 10m, such as 30s, 5m or 1m30s"),
        ("FLUX_NAMESPACE", "is not a namespace's name"),
        (
            "FORGES",
            "entry 1 is not HOST=KIND, where KIND is github, gitlab, gitea, bitbucket, bitbucket-server or azure",
        ),
        ("LISTEN_PORT", "must be less than or equal to 65535"),
        ("LOG_LEVEL", "must be 'debug', 'info', 'warning' or 'error'"),
        ("MINIMUM_TIMEOUT", "must be a time between 10s and 1h, such as 30s, 5m or 1m30s"),
        ("READ_ONLY", "must be true or false"),
        ("SLACK_API_URL", "must be https: the bot token is sent there"),
        ("SLACK_BOT_TOKEN", "is not the bot token: it starts with xoxb-"),
        (
            "SLACK_COMMAND",
            "is not a slash command: a slash, then up to 31 small letters, digits, dashes, underscores",
        ),
        ("SLACK_MODE", "must be 'socket' or 'http'"),
        ("SLACK_TEAM", "is not a workspace id (T…)"),
        ("WATCH_NAMESPACES", "entry 2 is not a namespace's name"),
    ]


def test_the_message_is_a_line_a_problem() -> None:
    problems = (SettingProblem("FLUX_BOT_A", "is not set"), SettingProblem("FLUX_BOT_B", "must be true or false"))
    assert str(Misconfigured(problems)) == (
        "2 settings are wrong:\n  FLUX_BOT_A is not set\n  FLUX_BOT_B must be true or false"
    )
    assert str(Misconfigured(problems[:1])) == "1 setting is wrong:\n  FLUX_BOT_A is not set"


@pytest.mark.parametrize(
    "name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "CLUSTERS", "SLACK_API_URL", "SLACK_PROXY"]
)
def test_a_wrong_value_is_never_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    settings = given(monkeypatch, **{name: "hunter2 hunter2"})
    assert isinstance(settings, Misconfigured)
    assert "hunter2" not in str(settings)
    assert "hunter2" not in repr(settings)


def test_secrets_do_not_show_in_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(right(given(monkeypatch, SLACK_SIGNING_SECRET=SIGNING)))
    assert [secret for secret in (BOT, APP, SIGNING) if secret in shown] == []


def test_lists_and_times_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = right(
        given(
            monkeypatch,
            CLUSTERS="prod=/k.yaml#p, edge=in-cluster",
            WATCH_NAMESPACES="shop, flux-system,shop",
            FORGES="Git.Example.com=gitlab, code.example:8443=bitbucket-server",
            AFTERLIFE="1h30m",
            READ_ONLY="true",
        )
    )
    assert settings.clusters == (ClusterSetting("prod", Path("/k.yaml"), "p"), ClusterSetting("edge"))
    assert settings.watch_namespaces == ("shop", "flux-system")
    assert settings.forges == (("git.example.com", "gitlab"), ("code.example:8443", "bitbucket-server"))
    assert (settings.afterlife, settings.read_only) == (timedelta(minutes=90), True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4000/api/", "http://localhost/api/", "http://[::1]:1/", "https://x/"]
)
def test_plain_http_is_for_this_machine_only(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert right(given(monkeypatch, SLACK_API_URL=url)).slack_api_url == url


@pytest.mark.parametrize(
    "url",
    ["https://slack.com/api", "https://u:p@slack.com/api/", "ftp://slack.com/", "slack.com/api/", "https://[x/"],
)
def test_an_address_that_cannot_be_a_base_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    ((name, text),) = wrong(given(monkeypatch, SLACK_API_URL=url))
    assert (name, text.startswith("must ")) == ("SLACK_API_URL", True)


@pytest.mark.parametrize(
    "url",
    ["http://proxy:3128", "https://proxy.example", "http://user:hunter2@10.0.0.1:8080", "http://[::1]:3128/\n"],
)
def test_a_proxy_is_read_and_never_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    settings = right(given(monkeypatch, SLACK_PROXY=url))
    assert settings.slack_proxy is not None
    assert settings.slack_proxy.get_secret_value() == url.strip()
    assert "://" not in repr(settings.slack_proxy)
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "proxy:3128",
        "socks5://hunter2@proxy:1080",
        "http://",
        "http://:3128",
        "http://u:hunter2@proxy:port",
        "http://u:hunter2@proxy:99999",
        "http://u:hunter2@proxy/path",
        "http://u:hunter2@proxy?x=1",
        "http://u:hunter2#@proxy",
        "http://u:hunter2 @proxy",
        "http://[hunter2",
    ],
)
def test_a_proxy_that_is_none_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    ((name, text),) = wrong(given(monkeypatch, SLACK_PROXY=url))
    assert (name, text.startswith("must ")) == ("SLACK_PROXY", True)
    assert "hunter2" not in text


def test_the_environment_wins_over_the_file_and_the_file_over_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name, value in (("SLACK_BOT_TOKEN", BOT + "\n"), ("SLACK_COMMAND", "/c"), ("FLUX_NAMESPACE", "c")):
        (folder / f"FLUX_BOT_{name}").write_text(value, encoding="utf-8")
    (folder / "..data").mkdir()
    (tmp_path / ".env").write_text(
        f"FLUX_BOT_SECRETS_DIR={folder}\nFLUX_BOT_SLACK_COMMAND=/b\nFLUX_BOT_FLUX_NAMESPACE=b\nOTHER=1\n", "utf-8"
    )
    settings = right(given(monkeypatch, SLACK_BOT_TOKEN=None, FLUX_NAMESPACE="a"))
    assert settings.slack_bot_token.get_secret_value() == BOT
    assert (settings.slack_command, settings.flux_namespace) == ("/b", "a")


def test_a_mounted_token_needs_no_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "flux_bot_slack_app_token").write_text(APP + "\n", encoding="utf-8")
    settings = right(given(monkeypatch, SLACK_APP_TOKEN="", SECRETS_DIR=str(tmp_path)))
    assert settings.slack_app_token is not None
    assert settings.slack_app_token.get_secret_value() == APP


def test_a_folder_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert wrong(given(monkeypatch, SECRETS_DIR=str(tmp_path / "none"))) == [("SECRETS_DIR", "is no folder")]


def test_a_typing_error_in_a_name_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FLUX_BOT_SLACK_COMAND=/x\n", "utf-8")
    assert wrong(given(monkeypatch, READ_ONY="true")) == [
        ("READ_ONY", "is no setting; did you mean FLUX_BOT_READ_ONLY?"),
        ("SLACK_COMAND", "is no setting; did you mean FLUX_BOT_SLACK_COMMAND?"),
    ]


def test_a_wrong_name_and_a_wrong_value_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong(given(monkeypatch, READ_ONY="true", DRAIN="soon")) == [
        ("DRAIN", "must be a time between 0s and 10m, such as 30s, 5m or 1m30s"),
        ("READ_ONY", "is no setting; did you mean FLUX_BOT_READ_ONLY?"),
    ]


def test_white_space_around_a_token_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert right(given(monkeypatch, SLACK_BOT_TOKEN=f" {BOT}\n")).slack_bot_token.get_secret_value() == BOT


def test_even_the_librarys_own_error_hides_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_BOT_TOKEN="hunter2", LISTEN_PORT="hunter2")
    build: Callable[..., Settings] = Settings
    with pytest.raises(ValidationError) as caught:
        build()
    assert "hunter2" not in str(caught.value)


def test_what_kubernetes_and_the_tests_add_is_no_typing_error(monkeypatch: pytest.MonkeyPatch) -> None:
    links = {
        "PORT": "tcp://10.0.0.1:80",
        "SERVICE_HOST": "10.0.0.1",
        "SERVICE_PORT_HTTP": "80",
        "PORT_80_TCP_ADDR": "x",
    }
    right(given(monkeypatch, **links, TEST_KUBECONFIG="/x"))


def test_a_file_that_cannot_be_read_is_told_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"FLUX_BOT_SLACK_COMMAND=\xff\n")
    found = given(monkeypatch)
    assert isinstance(found, Misconfigured)
    assert found.problems == (SettingProblem(".env", "cannot be read: not UTF-8"),)


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = right(given(monkeypatch))
    with pytest.raises(ValueError, match="frozen"):
        settings.read_only = True
