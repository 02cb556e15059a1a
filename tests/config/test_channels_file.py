"""The allowlist's file: what is read, and that everything wrong with it is told, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config.channels_file import Broken, Loaded, load_allowlist, parse_allowlist
from bot.config.marked import DEEPEST, LARGEST
from bot.config.problems import Problem
from bot.core.channels import Allowlist, Channel, Ping, Rule, Sources, Who

EXAMPLE = Path(__file__).parents[2] / "deploy" / "allowlist.example.yaml"

RIGHT = """\
defaults: {audit_channel: C0AUDIT}
channels:
  C0SHOP:
    name: shop
    private: true
    shared: false
    clusters: [prod]
    rules:
      - name: deployers
        who: {users: [U0A]}
        verbs: [reconcile]
        kinds: [Kustomization]
        namespaces: [shop]
        names: ["*"]
"""


def problems(text: str | bytes) -> list[tuple[int, str, str]]:
    result = parse_allowlist(text.encode() if isinstance(text, str) else text)
    assert isinstance(result, Broken)
    return [(each.line, each.field, each.text) for each in result.problems]


def warnings(text: str) -> list[tuple[int, str, str]]:
    result = parse_allowlist(text.encode())
    assert isinstance(result, Loaded)
    return [(each.line, each.field, each.text) for each in result.warnings]


def changed(old: str, new: str) -> str:
    assert RIGHT.count(old) == 1
    return RIGHT.replace(old, new)


def test_the_example_file_is_the_allowlist_it_describes() -> None:
    assert load_allowlist(EXAMPLE) == Loaded(
        Allowlist(
            audit_channel="C0AUDIT",
            ping=Ping.FAILURES,
            allow_public_audit=False,
            channels=(
                Channel(
                    id="C0TEAMSHOP",
                    name="team-shop",
                    private=False,
                    shared=False,
                    clusters=("prod", "staging"),
                    default_cluster="prod",
                    default_namespace="shop",
                    audit_channel="C0SHOPAUDIT",
                    ping=Ping.LONG,
                    rules=(
                        Rule(
                            name="shop-deployers",
                            who=Who(users=frozenset({"U0ONCALL"}), groups=frozenset({"S0SHOP"})),
                            verbs=frozenset({"reconcile", "check"}),
                            clusters=("prod", "staging"),
                            kinds=frozenset({"Kustomization", "HelmRelease"}),
                            namespaces=("shop", "shop-*"),
                            names=("*",),
                            sources=Sources.OWN_NAMESPACE,
                        ),
                    ),
                ),
                Channel(
                    id="C0PLATFORM",
                    name="platform",
                    private=True,
                    shared=False,
                    clusters=("*",),
                    rules=(
                        Rule(
                            name="platform",
                            who=Who(groups=frozenset({"S0SRE"})),
                            verbs=frozenset({"*"}),
                            clusters=("*",),
                            kinds=frozenset({"*"}),
                            namespaces=("*",),
                            names=("*",),
                            sources=Sources.REFERENCED,
                            all=True,
                            force=True,
                            reset=True,
                        ),
                    ),
                ),
            ),
        )
    )


def test_a_minimal_file_gets_the_careful_defaults() -> None:
    result = parse_allowlist(RIGHT.encode())
    assert isinstance(result, Loaded)
    (channel,) = result.allowlist.channels
    (rule,) = channel.rules
    assert result.warnings == ()
    assert result.allowlist.ping is Ping.LONG
    assert (channel.default_cluster, channel.default_namespace, channel.audit_channel, channel.ping) == (None,) * 4
    assert (rule.clusters, rule.sources) == (("prod",), Sources.OWN_NAMESPACE)
    assert (rule.all, rule.force, rule.reset) == (False, False, False)


def test_every_problem_is_told_at_once_by_line_and_field() -> None:
    assert problems(
        """\
defaults: {audit_chanel: C0A, ping: loud}
channels:
  platform:
    name: 12
    private: maybe
    shared: no
    clusters: [prod, Prod/x]
    default_cluster: prd
    default_namespace: SHOP
    rules:
      - {name: a, who: {users: [bob], groups: [sre]}, verbs: [recncile], kinds: [ks], namespaces: [x], names: ["[a"]}
      - {name: a, who: [U0A], verbs: reconcile, kind: [], namespaces: [on, "[z-a]"], names: ["*"]}
      - name: b
        who: {users: [U0A], members: []}
        verbs: ["*"]
        kinds: [Pod, kustomizations]
        namespaces: [Shop]
        names: ["*"]
        sources: all
        force: "yes"
"""
    ) == [
        (1, "defaults.audit_chanel", 'unknown key; did you mean "audit_channel"?'),
        (1, "defaults.ping", '"loud" is not never, failures, long or always'),
        (
            3,
            "channels.platform",
            "is no channel id: C… as Slack shows at the end of the channel's details, never its name",
        ),
        (4, "channels.platform.name", 'must be a text; "12" needs quotes'),
        (5, "channels.platform.private", 'must be true or false, not "maybe"'),
        (
            7,
            "channels.platform.clusters[1]",
            '"Prod/x" can never fit: such names are made of letters, digits and any of ". _ - @ :"',
        ),
        (
            8,
            "channels.platform.default_cluster",
            '"prd" is not among the channel\'s clusters; did you mean "prod"?',
        ),
        (9, "channels.platform.default_namespace", '"SHOP" is not a namespace\'s name'),
        (11, "channels.platform.rules[0].kinds[0]", '"ks" is no Flux kind; did you mean "Kustomization"?'),
        (11, "channels.platform.rules[0].names[0]", '"[a" has a "[" or "]" without its other half'),
        (
            11,
            "channels.platform.rules[0].verbs[0]",
            '"recncile" is not reconcile, status, history, check, cancel or *; did you mean "reconcile"?',
        ),
        (
            11,
            "channels.platform.rules[0].who.groups[0]",
            '"sre" is not a user group id (S…); names change, ids do not',
        ),
        (
            11,
            "channels.platform.rules[0].who.users[0]",
            '"bob" is not a user id (U… or W…) or "*"; names change, ids do not',
        ),
        (12, "channels.platform.rules[1].kind", 'unknown key; did you mean "kinds"?'),
        (12, "channels.platform.rules[1].kinds", "is missing"),
        (12, "channels.platform.rules[1].name", '"a" is the name of another rule, in line 11'),
        (12, "channels.platform.rules[1].namespaces[0]", 'must be a text; "on" needs quotes'),
        (12, "channels.platform.rules[1].namespaces[1]", '"[z-a]" holds a range that is upside down'),
        (
            12,
            "channels.platform.rules[1].verbs",
            'must be a list, as `[…]` or with dashes, not "reconcile"',
        ),
        (12, "channels.platform.rules[1].who", "must be a mapping (`key: value`), not a list"),
        (14, "channels.platform.rules[2].who.members", "unknown key; known here: users, groups"),
        (16, "channels.platform.rules[2].kinds[0]", '"Pod" is no Flux kind, spelled as the API spells it'),
        (
            16,
            "channels.platform.rules[2].kinds[1]",
            '"kustomizations" is no Flux kind; did you mean "Kustomization"?',
        ),
        (
            17,
            "channels.platform.rules[2].namespaces[0]",
            '"Shop" can never fit: such names are made of small letters, digits and dashes',
        ),
        (19, "channels.platform.rules[2].sources", '"all" is not own-namespace, referenced or none'),
        (20, "channels.platform.rules[2].force", 'must be true or false, not "yes"'),
    ]


def test_each_required_key_is_missed() -> None:
    assert problems("channels:\n  C0SHOP:\n    rules:\n      - {}\n") == [
        (2, "channels.C0SHOP.clusters", "is missing"),
        (2, "channels.C0SHOP.name", "is missing"),
        (2, "channels.C0SHOP.private", "is missing"),
        (2, "channels.C0SHOP.shared", "is missing"),
        *(
            (4, f"channels.C0SHOP.rules[0].{key}", "is missing")
            for key in ("kinds", "name", "names", "namespaces", "verbs", "who")
        ),
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "\n\n"])
def test_an_empty_file_lacks_its_channels(text: str) -> None:
    assert problems(text) == [(1, "channels", "is missing: the file is empty")]


def test_a_file_that_is_no_mapping_is_told() -> None:
    assert problems("- channels\n") == [(1, "", "must be a mapping (`key: value`), not a list")]
    assert problems("just words\n") == [(1, "", 'must be a mapping (`key: value`), not "just words"')]


def test_a_key_that_stands_twice_is_told_at_its_second_place() -> None:
    assert problems(RIGHT + "  C0SHOP: {}\n") == [(15, "channels.C0SHOP", "stands twice; first in line 3")]
    assert problems(changed("    shared: false\n", "    shared: false\n    private: false\n")) == [
        (7, "channels.C0SHOP.private", "stands twice; first in line 5")
    ]


def test_a_rule_name_is_unique_in_the_whole_file_even_on_one_line() -> None:
    rule = "{name: x, who: {users: [U0A]}, verbs: ['*'], kinds: ['*'], namespaces: ['*'], names: ['*']}"
    two = f"channels:\n  C0A: {{name: a, private: true, shared: false, clusters: [p], rules: [{rule}, {rule}]}}\n"
    assert problems(two) == [(2, "channels.C0A.rules[1].name", '"x" is the name of another rule, in line 2')]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("who: {users: [U0A]}", "who: {users: []}", "who.users"),
        ("who: {users: [U0A]}", "who: {users: null}", "who.users"),
        ("verbs: [reconcile]", "verbs:", "verbs"),
        ("kinds: [Kustomization]", "kinds: []", "kinds"),
        ("namespaces: [shop]", "namespaces: ~", "namespaces"),
        ('names: ["*"]', "names: []", "names"),
    ],
)
def test_an_empty_list_is_legal_means_nobody_and_is_warned_of(old: str, new: str, field: str) -> None:
    line = changed(old, new)[: RIGHT.index(old)].count("\n") + 1
    assert warnings(changed(old, new)) == [
        (line, f"channels.C0SHOP.rules[0].{field}", "empty: fits nobody and nothing")
    ]


@pytest.mark.parametrize("who", ["who:", "who: {}"])
def test_a_rule_without_people_is_legal_means_nobody_and_is_warned_of(who: str) -> None:
    assert warnings(changed("who: {users: [U0A]}", who)) == [
        (10, "channels.C0SHOP.rules[0].who", "empty: fits nobody; name users or groups")
    ]


def test_a_file_without_channels_is_legal_and_warned_of() -> None:
    assert warnings("channels: {}\n") == [(1, "channels", "empty: nobody may do anything")]
    assert warnings("channels:\n") == [(1, "channels", "empty: nobody may do anything")]


def test_a_channel_that_is_audited_nowhere_is_warned_of() -> None:
    text = "has no audit channel, here or in defaults: what is done here is told nowhere else"
    assert warnings(changed("defaults: {audit_channel: C0AUDIT}\n", "")) == [(2, "channels.C0SHOP", text)]


def test_a_rules_cluster_that_its_channel_does_not_hold_is_warned_of() -> None:
    text = '"dev" is not among the channel\'s clusters, so this rule never reaches it'
    assert warnings(changed("verbs: [reconcile]", "verbs: [reconcile]\n        clusters: [dev, prod]")) == [
        (12, "channels.C0SHOP.rules[0].clusters[0]", text)
    ]


def test_null_is_as_good_as_absent_for_what_is_optional() -> None:
    assert (
        warnings(changed("    clusters: [prod]\n", "    clusters: [prod]\n    default_cluster:\n    ping: ~\n")) == []
    )


def test_a_null_where_a_word_must_stand_is_told() -> None:
    assert problems(changed("private: true", "private:")) == [
        (5, "channels.C0SHOP.private", "must be true or false, not nothing")
    ]
    assert problems(changed("name: shop", "name:")) == [(4, "channels.C0SHOP.name", "must be a text, not nothing")]


def test_a_word_that_is_only_tagged_a_truth_value_is_none() -> None:
    assert problems(changed("private: true", "private: !!bool banana")) == [
        (5, "channels.C0SHOP.private", 'must be true or false, not "banana"')
    ]


@pytest.mark.parametrize("power", ["all", "force", "reset"])
def test_each_power_is_given_by_its_own_word_only(power: str) -> None:
    result = parse_allowlist(changed("verbs: [reconcile]", f"verbs: [reconcile]\n        {power}: true").encode())
    assert isinstance(result, Loaded)
    rule = result.allowlist.channels[0].rules[0]
    assert [word for word in ("all", "force", "reset") if getattr(rule, word)] == [power]


@pytest.mark.parametrize("id_", ["team-shop", "c0shop", "D0SHOP", "U0SHOP", '"#shop"', "C", '"C0SHOP\\n"'])
def test_only_a_channel_id_names_a_channel(id_: str) -> None:
    found = problems(changed("C0SHOP:", f"{id_}:"))
    assert [(line, text[:16]) for line, _, text in found] == [(3, "is no channel id")]


def test_what_yaml_would_misread_needs_quotes() -> None:
    assert problems(changed("clusters: [prod]", "clusters: [no, 1e3, 2020-01-01]")) == [
        (7, "channels.C0SHOP.clusters[0]", 'must be a text; "no" needs quotes'),
        (7, "channels.C0SHOP.clusters[2]", 'must be a text; "2020-01-01" needs quotes'),
    ]


def test_a_star_without_quotes_gets_a_hint() -> None:
    ((line, field, text),) = problems(changed('names: ["*"]', "names: [*]"))
    assert (line, field) == (14, "")
    assert text.endswith('(a "*" must stand in quotes)')


def test_aliases_are_refused_so_that_nothing_unfolds() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nchannels: [*b, *b]\n"
    assert problems(bomb) == [(2, "", 'an alias; write it out (and a name that starts with "*" in quotes)')]


def test_tags_make_nothing() -> None:
    text = changed("name: shop", "name: !!python/object/apply:os.system [id]")
    assert problems(text) == [(4, "channels.C0SHOP.name", "must be a text, not a list")]


def test_a_merge_key_is_a_key_nobody_knows() -> None:
    ((line, field, text),) = problems(changed("name: shop", "name: shop\n    <<: {private: false}"))
    assert (line, field) == (5, 'channels.C0SHOP."<<"')
    assert text.startswith("unknown key; known here: name, private")


def test_deep_nesting_is_refused_before_it_is_followed() -> None:
    assert problems("a: " + "[" * 100_000) == [(1, "", "nested too deeply")]
    shallow = "x: " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    assert ("nested too deeply" in str(problems(shallow))) is False


def test_a_file_larger_than_a_mebibyte_is_refused() -> None:
    assert problems(b"#" * (LARGEST + 1)) == [(0, "", "larger than 1024 KiB")]
    assert problems(b"#" * LARGEST) == [(1, "channels", "is missing: the file is empty")]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: b\nc: \xff", (2, "", "not UTF-8")),
        (b"a: b\nc: \x00", (2, "", "a character that YAML does not allow")),
        (b'a: "\\UFFFFFFFF"', (0, "", "not YAML: an escape or a number out of range")),
        (b"%YAML 1" + b"1" * 5000 + b".1\n---\na", (0, "", "not YAML: an escape or a number out of range")),
        (b"? [a]\n: b\n", (1, "", "a key that is no plain word")),
        (b"channels: {}\n---\nchannels: {}\n", (2, "", "not YAML: expected a single document")),
    ],
)
def test_bytes_that_are_no_file_of_ours_are_one_problem(data: bytes, expected: tuple[int, str, str]) -> None:
    ((line, field, text),) = problems(data)
    assert (line, field, text[: len(expected[2])]) == expected


def test_a_byte_order_mark_does_not_disturb() -> None:
    assert isinstance(parse_allowlist(b"\xef\xbb\xbf" + RIGHT.encode()), Loaded)


def test_hostile_words_are_told_in_printable_letters_and_cut() -> None:
    found = problems(changed("name: shop", r'name: "a\ud800\e[31mb"'))
    assert found == [(4, "channels.C0SHOP.name", "holds characters that do not print")]
    ((_, _, text),) = problems(changed("kinds: [Kustomization]", f"kinds: [{'x' * 500}]"))
    assert text == f'"{"x" * 59}…" is no Flux kind, spelled as the API spells it'


def test_a_file_that_is_not_there_is_a_problem_like_any_other(tmp_path: Path) -> None:
    assert load_allowlist(tmp_path / "none.yaml") == Broken(
        (Problem(0, "", "cannot be read: No such file or directory"),)
    )
    assert load_allowlist(tmp_path) == Broken((Problem(0, "", "cannot be read: Is a directory"),))
