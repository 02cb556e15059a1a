"""Reading the settings: from where, in which order, and every complaint at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import DotEnvSettingsSource
from pydantic_settings.exceptions import SettingsError

from bot.config.problems import nearest_word, printable
from bot.config.settings import PREFIX, Settings, variable

_NAMES: Final = frozenset(variable(field) for field in Settings.model_fields)
_FOR_TESTS: Final = f"{PREFIX}TEST_"
_SERVICE_LINK: Final = re.compile(
    r".*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)"
)
"""What Kubernetes adds for each Service of the namespace: one called `flux-bot` gives FLUX_BOT_SERVICE_HOST."""


@dataclass(frozen=True, slots=True, order=True)
class SettingProblem:
    """One variable that is wrong."""

    variable: str
    text: str
    """The end of a sentence that begins with the variable; holds no value."""


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """The bot cannot start with these settings."""

    problems: tuple[SettingProblem, ...]
    """All of them, in the order of their names; at least one."""

    def __str__(self) -> str:
        count = len(self.problems)
        head = "1 setting is wrong:" if count == 1 else f"{count} settings are wrong:"
        return "\n".join([head, *(f"  {each.variable} {each.text}" for each in self.problems)])


def load_settings(env_file: Path | None = Path(".env")) -> Settings | Misconfigured:
    """The settings from environment, `env_file` (if it exists) and secrets folder, or everything wrong with them."""
    try:
        written = _written(env_file)
        folder = _secrets_dir(written)
        if isinstance(folder, SettingProblem):
            return Misconfigured((folder,))
        return _checked(env_file, folder, _unknown((*os.environ, *written)))
    except SettingsError as error:
        return Misconfigured((SettingProblem(variable("secrets_dir"), printable(f"cannot be used: {error}", 200)),))
    except (OSError, UnicodeDecodeError) as error:
        where = getattr(error, "filename", None) or env_file or ""
        return Misconfigured((SettingProblem(printable(str(where), 200), f"cannot be read: {_why(error)}"),))


def _checked(
    env_file: Path | None, folder: Path | None, unknown: tuple[SettingProblem, ...]
) -> Settings | Misconfigured:
    # The fields come from outside, which a type checker that reads the class for a constructor cannot know.
    build: Callable[..., Settings] = Settings
    try:
        settings = build(_env_file=env_file, _env_file_encoding="utf-8", _secrets_dir=folder)
    except ValidationError as error:
        wrong = map(_problem, error.errors(include_url=False, include_context=False, include_input=False))
        return Misconfigured(tuple(sorted({*unknown, *wrong})))
    return Misconfigured(unknown) if unknown else settings


def _written(env_file: Path | None) -> dict[str, str | None]:
    """The variables of a .env file, names in capitals; a missing file has none."""
    source = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8")
    return {name.upper(): value for name, value in source.env_vars.items()}


def _secrets_dir(written: dict[str, str | None]) -> Path | SettingProblem | None:
    name = variable("secrets_dir")
    text = next((value for key, value in os.environ.items() if key.upper() == name), "") or written.get(name)
    if not text:
        return None
    folder = Path(text).expanduser()
    return folder if folder.is_dir() else SettingProblem(name, "is no folder")


def _unknown(names: Iterable[str]) -> tuple[SettingProblem, ...]:
    """Our prefix on a name that is no setting: a typing error that would otherwise be a default in disguise."""
    return tuple(
        SettingProblem(printable(name, 80), f"is no setting{_meant(name)}")
        for name in sorted({name.upper() for name in names})
        if name.startswith(PREFIX)
        and name not in _NAMES
        and not name.startswith(_FOR_TESTS)
        and not _SERVICE_LINK.fullmatch(name)
    )


def _meant(name: str) -> str:
    # Without the prefix, which all of them share and which makes every name look near.
    field = nearest_word(name.removeprefix(PREFIX), Settings.model_fields)
    return f"; did you mean {variable(field)}?" if field else ""


def _problem(error: ErrorDetails) -> SettingProblem:
    field = str(error["loc"][0]) if error["loc"] else ""
    match error["type"]:
        case "missing":
            text = "is not set"
        case "bool_parsing":
            text = "must be true or false"
        case "int_parsing":
            text = "must be a number"
        case _:
            text = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return SettingProblem(variable(field), text)


def _why(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    return error.strerror or type(error).__name__
