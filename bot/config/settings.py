"""Every setting of the bot: `FLUX_BOT_…` in the environment, in a `.env` file, or as a mounted file per setting.

The environment wins over `.env`, that over mounted files, those over the defaults. docs/settings.md explains each
for operators; nothing is read before `load_settings` is called.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.config.clusters import ClusterSetting
from bot.config.values import (
    api_url,
    channel_command,
    cluster_list,
    forge_list,
    lasting,
    namespace,
    namespace_list,
    proxy_url,
    secret,
    sentence,
    team_id,
)

PREFIX: Final = "FLUX_BOT_"


class SlackMode(Enum):
    """How Slack reaches us."""

    SOCKET = "socket"
    """We open a WebSocket to Slack; needs the app-level token."""
    HTTP = "http"
    """Slack posts to us; needs the signing secret."""


class LogLevel(Enum):
    """The least important line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """All settings, checked. A field `x` is the variable `FLUX_BOT_X`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    slack_mode: SlackMode = SlackMode.SOCKET
    slack_bot_token: Annotated[SecretStr, secret("xoxb-", "the bot token: it starts with xoxb-")]
    slack_app_token: Annotated[SecretStr | None, secret("xapp-", "an app-level token: it starts with xapp-")] = None
    slack_signing_secret: Annotated[
        SecretStr | None, secret("", "a signing secret: 16 letters and digits or more")
    ] = None
    slack_team: Annotated[str | None, team_id()] = None
    """The only workspace (T…) that is served; None: the one of the bot token."""
    slack_command: Annotated[str, channel_command()] = "/flux-reconcile"
    slack_api_url: Annotated[str, api_url()] = "https://slack.com/api/"
    """Ends with a slash. Plain http only on this machine."""
    slack_proxy: Annotated[SecretStr | None, proxy_url()] = None
    """The way to Slack; may hold a password. None: straight, whatever HTTPS_PROXY says."""

    allowlist_file: Path
    clusters: Annotated[tuple[ClusterSetting, ...], NoDecode, cluster_list()]
    flux_namespace: Annotated[str, namespace()] = "flux-system"
    """Where Flux's controllers run."""
    watch_namespaces: Annotated[tuple[str, ...], NoDecode, namespace_list()] = ()
    """Empty: all, which needs rights on the whole cluster."""
    read_only: bool = False
    """Answers, but never patches."""
    read_only_words: Annotated[str, sentence()] = "this bot only reads"
    """What a request is answered with then."""
    disable_strict_tls: bool = False
    """Accepts cluster certificates that lack what strict X.509 checks ask for; they are still verified."""
    forges: Annotated[tuple[tuple[str, str], ...], NoDecode, forge_list()] = ()
    """Host and kind of forge, for compare links; the public ones are known."""

    database: SecretStr = SecretStr("flux-bot.db")
    """A file, or `postgresql://…`, which may hold a password: requests, buttons and the audit trail."""

    minimum_timeout: Annotated[timedelta, lasting("10s", "1h")] = timedelta(minutes=5)
    """The least time a request is followed before it is called not finished."""
    afterlife: Annotated[timedelta, lasting("0s", "24h")] = timedelta(minutes=30)
    """How long a failure is watched for its healing after it was told."""
    ping_after: Annotated[timedelta, lasting("0s", "24h")] = timedelta(seconds=30)
    """A success that took longer mentions its asker where `ping` is `long`."""
    controller_patience: Annotated[timedelta, lasting("5s", "1h")] = timedelta(seconds=30)
    """After that long without an answer, a request's controller is named."""
    root_wait: Annotated[timedelta, lasting("0s", "10s")] = timedelta(seconds=2)
    """How long a patch waits for its root message."""
    drain: Annotated[timedelta, lasting("0s", "10m")] = timedelta(seconds=20)
    """How long a stop waits for what is under way."""

    listen_host: str = "127.0.0.1"
    """For /healthz, /readyz and /metrics; in a pod 0.0.0.0."""
    listen_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """0: any free one."""
    slack_listen_host: str = "127.0.0.1"
    """For Slack's posts, over HTTP only: a port that may be shown to the world, as that of the probes may not."""
    slack_listen_port: Annotated[int, Field(ge=0, le=65535)] = 8081
    """0: any free one."""
    log_level: LogLevel = LogLevel.INFO
    secrets_dir: Path | None = None
    """A folder with one file per setting, named like its variable."""

    @field_validator("slack_app_token", "slack_signing_secret", mode="after")
    @classmethod
    def _needed_for_the_mode(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        needed = {SlackMode.SOCKET: "slack_app_token", SlackMode.HTTP: "slack_signing_secret"}
        mode = info.data.get("slack_mode")
        if value is None and isinstance(mode, SlackMode) and needed[mode] == info.field_name:
            raise ValueError(f"is needed when {PREFIX}SLACK_MODE is {mode.value}")
        return value


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()
