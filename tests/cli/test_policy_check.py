"""`flux-bot policy check FILE`."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from bot.cli import main

EXAMPLE = Path(__file__).parents[2] / "deploy" / "allowlist.example.yaml"


def check(file: Path) -> Result:
    return CliRunner().invoke(main, ["policy", "check", str(file)])


def test_a_right_file_is_told_in_words() -> None:
    result = check(EXAMPLE)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "#team-shop (C0TEAMSHOP), public, not shared",
        "  clusters: prod, staging · unless named: prod",
        "  namespace, unless named: shop",
        "  audit: C0AUDIT, C0SHOPAUDIT · ping: long",
        (
            "  shop-deployers: S0SHOP, U0ONCALL may check, reconcile · kinds: HelmRelease, Kustomization"
            " · namespaces: shop, shop-* · names: any · clusters: prod, staging · sources: own-namespace"
        ),
        "",
        "#platform (C0PLATFORM), private, not shared",
        "  clusters: any · unless named: asks if several",
        "  namespace, unless named: flux-system",
        "  audit: C0AUDIT · ping: failures",
        (
            "  platform: S0SRE may do everything · kinds: any · namespaces: any · names: any · clusters: any"
            " · sources: referenced · also: all, force, reset"
        ),
        "",
        "2 channels, 2 rules, no problems",
    ]


def test_a_wrong_file_is_told_line_by_line_and_exits_with_one(tmp_path: Path) -> None:
    file = tmp_path / "allowlist.yaml"
    file.write_text("defaults: {pin: never}\nchannels:\n  C0A:\n    name: a\n    private: 1\n", "utf-8")
    result = check(file)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        (
            f"{file}:3 channels.C0A: warning: has no audit channel, here or in defaults:"
            " what is done here is told nowhere else"
        ),
        f'{file}:1 defaults.pin: unknown key; did you mean "ping"?',
        f"{file}:3 channels.C0A.clusters: is missing",
        f"{file}:3 channels.C0A.rules: is missing",
        f"{file}:3 channels.C0A.shared: is missing",
        f'{file}:5 channels.C0A.private: must be true or false, not "1"',
        f"{file}: 5 problems",
    ]


def test_a_problem_of_the_whole_file_has_no_field(tmp_path: Path) -> None:
    file = tmp_path / "allowlist.yaml"
    file.write_bytes(b"a: [\n")
    result = check(file)
    assert result.exit_code == 1
    first, last = result.output.splitlines()
    assert first.startswith(f"{file}:2: not YAML: ")
    assert last == f"{file}: 1 problem"


def test_warnings_alone_are_shown_and_exit_with_zero(tmp_path: Path) -> None:
    file = tmp_path / "allowlist.yaml"
    file.write_text("channels: {}\n", "utf-8")
    result = check(file)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"{file}:1 channels: warning: empty: nobody may do anything",
        "0 channels, 0 rules, no problems",
    ]


def test_rules_that_name_nobody_say_so(tmp_path: Path) -> None:
    file = tmp_path / "allowlist.yaml"
    text = EXAMPLE.read_text("utf-8").replace("who: {groups: [S0SRE]}", "who: {users: ['*']}")
    file.write_text(text.replace("groups: [S0SHOP]", "groups:").replace("users: [U0ONCALL]", "users: []"), "utf-8")
    lines = check(file).output.splitlines()
    assert [line.split(" may ")[0] for line in lines if " may " in line] == [
        "  shop-deployers: nobody",
        "  platform: everybody",
    ]
