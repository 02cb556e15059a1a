"""Allowlists made to hurt: refused with their line, in bounded time and memory, and no error hides another."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from time import monotonic

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.config.channels_file import Broken, Loaded, parse_allowlist
from bot.config.marked import LARGEST, MOST
from bot.config.problems import Problem

TEN = """\
defaults: {ping: loud}
channels:
  platform:
    name: 12
    private: maybe
    shared: false
    clusters: [Prod/x]
    rules:
      - name: a
        who: {users: [bob]}
        verbs: [recncile]
        kinds: [Pod]
        namespaces: [Shop]
        names: ["[a"]
        force: "yes"
"""
CHANNEL = """\
channels:
  C0SHOP:
    name: shop
    private: true
    shared: false
"""


def test_ten_errors_of_one_file_are_all_told_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("allowlist.yaml").write_text(TEN, "utf-8")
    for name, value in (
        ("SLACK_BOT_TOKEN", "xoxb-1-not-a-real-token"),
        ("SLACK_APP_TOKEN", "xapp-1-not-a-real-token"),
        ("CLUSTERS", "prod=in-cluster"),
        ("ALLOWLIST_FILE", "allowlist.yaml"),
    ):
        monkeypatch.setenv(f"FLUX_BOT_{name}", value)
    result = CliRunner().invoke(main, ["run"])
    assert (result.exit_code, result.stdout) == (2, "")
    lines = [line for line in result.stderr.splitlines() if "warning" not in line]
    assert [line.partition(": ")[0] for line in lines] == [
        "allowlist.yaml:1 defaults.ping",
        "allowlist.yaml:3 channels.platform",
        "allowlist.yaml:4 channels.platform.name",
        "allowlist.yaml:5 channels.platform.private",
        "allowlist.yaml:7 channels.platform.clusters[0]",
        "allowlist.yaml:10 channels.platform.rules[0].who.users[0]",
        "allowlist.yaml:11 channels.platform.rules[0].verbs[0]",
        "allowlist.yaml:12 channels.platform.rules[0].kinds[0]",
        "allowlist.yaml:13 channels.platform.rules[0].namespaces[0]",
        "allowlist.yaml:14 channels.platform.rules[0].names[0]",
        "allowlist.yaml:15 channels.platform.rules[0].force",
        "allowlist.yaml",
    ]
    assert lines[-1] == "allowlist.yaml: 11 problems"


def filled(unit: str, head: str = "", tail: str = "") -> bytes:
    """As often as a file may hold it."""
    room = LARGEST - len(head) - len(tail)
    return f"{head}{unit * (room // len(unit))}{tail}".encode()


def laughs() -> str:
    """Each line unfolds to nine times the one before: ten thousand million million words from a kilobyte."""
    rows = ["l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    rows += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 16)]
    return "\n".join((*rows, "channels: *l15\n"))


TOO_MANY = f"more than {MOST:,} words, lists and mappings"
AN_ALIAS = 'an alias; write it out (and a name that starts with "*" in quotes)'
BOMBS: dict[str, tuple[bytes, str]] = {
    "a billion laughs": (laughs().encode(), AN_ALIAS),
    "an alias of itself": (b"channels: &a [*a]\n", AN_ALIAS),
    "a merge of itself": (b"channels: &a\n  <<: *a\n", AN_ALIAS),
    "a key that is an alias": (b"a: &a channels\n*a : {}\n", AN_ALIAS),
    "the same key": (filled("a: x\n"), TOO_MANY),
    "items": (filled("- 7\n"), TOO_MANY),
    "empty lists": (filled("[],", "channels: [", "]"), TOO_MANY),
    "brackets": (filled("[", "channels: "), "nested too deeply"),
    "braces": (filled("{", "channels: "), "nested too deeply"),
    "dashes": (filled("- ", "channels:\n  "), "nested too deeply"),
    "anchors": (filled("- &a x\n"), "not YAML: "),
    "documents": (filled("---\n"), "not YAML: expected a single document"),
    "tags": (filled("- !!python/object/apply:os.system [x]\n"), "must be a mapping (`key: value`), not a list"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(name: str) -> None:
    data, why = BOMBS[name]
    began = monotonic()
    result = parse_allowlist(data)
    assert isinstance(result, Broken)
    assert any(each.text.startswith(why) for each in result.problems)
    assert monotonic() - began < 50


def test_what_would_unfold_to_gigabytes_takes_no_megabyte() -> None:
    data, _ = BOMBS["a billion laughs"]
    tracemalloc.start()
    try:
        parse_allowlist(data)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1024 * 1024


@pytest.mark.parametrize("sign", ["\x00", "\x1b[31m", "\u202e", "\ud800", "\u2028", "<!channel>", "`" * 9, "\x85"])
def test_hostile_signs_in_words_and_keys_are_told_in_printable_letters(sign: str) -> None:
    for text in (
        CHANNEL.replace("name: shop", f'name: "{_escaped(sign)}"'),
        CHANNEL.replace("C0SHOP:", f'"{_escaped(sign)}":'),
        CHANNEL + f'    rules: ["{_escaped(sign)}"]\n',
        CHANNEL + f"    {sign}: x\n",
    ):
        result = parse_allowlist(text.encode("utf-8", "surrogatepass"))
        assert isinstance(result, Broken)
        assert all(each.text.isprintable() and each.field.isprintable() for each in result.problems)


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


def test_a_rule_of_forty_thousand_globs_is_read_and_a_name_of_as_many_letters_refused() -> None:
    rule = 'rules: [{name: a, who: {users: ["*"]}, verbs: ["*"], kinds: ["*"], namespaces: ["*"], names: [NAMES]}]'
    many = ", ".join(f"app-{n}" for n in range(40_000))
    right = CHANNEL + "    clusters: [prod]\n    " + rule.replace("NAMES", many) + "\n"
    assert isinstance(parse_allowlist(right.encode()), Loaded)
    long = CHANNEL + "    clusters: [prod]\n    " + rule.replace("NAMES", f'"[{"a" * 40_000}"') + "\n"
    result = parse_allowlist(long.encode())
    assert isinstance(result, Broken)
    assert result.problems == (
        Problem(
            7,
            "channels.C0SHOP.rules[0].names[0]",
            f'"[{"a" * 58}…" has a "[" or "]" without its other half',
        ),
    )
