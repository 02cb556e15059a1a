"""Properties of the grammar: it never raises, and whatever anybody prints pastes back."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.core.commands import (
    Command,
    Help,
    History,
    Reconcile,
    ReconcileAll,
    Selection,
    Status,
    Target,
    Unparsed,
    Watch,
)
from bot.core.parsing import MAX_TEXT, parse
from bot.core.printing import cluster_of, flux_line, on_cluster, printed, reconcile, reconcile_all, target_of
from bot.core.requests import Options
from bot.core.resources import Ref
from tests.core import strategies as some

fragments = st.sampled_from(
    [
        *("ks", "hr", "source", "git", "image", "on", "in", "with", "--name", "-n", "--resource=", "--with-source"),
        *(
            "=true",
            "--timeout",
            "90s",
            "'",
            '"',
            "/",
            "//",
            ",",
            ";",
            "\n",
            " ",
            "-",
            "--",
            "all",
            "*",
            "?",
            "prod",
            ".",
        ),
        *(
            "-A",
            "-l ",
            "a=b",
            "--failing",
            "status ",
            "watch ",
            "history ",
            "--since 7d",
            "--by ",
            "@U0DEV",
            "check ",
            "cancel ",
            "--for 5m",
            "shop-*",
            "[",
            "web-?",
        ),
        *("ks/a/b", "\ud800", "\x00", "İ", "\u212a", "\u202e", "\u00a0", "flux", "reconcile", "/flux-reconcile"),
        "a" * 300,
    ]
)
texts = st.one_of(st.text(st.characters(exclude_categories=()), max_size=60), st.lists(fragments).map("".join))


@given(texts)
@example("--name=\ud800 ks on\udfff")
def test_every_text_is_a_command_or_says_why_not(text: str) -> None:
    assert isinstance(parse(text), Command | Unparsed)


@given(st.lists(fragments, max_size=30).map(" ".join))
def test_what_a_text_is_understood_as_is_told_in_words_that_mean_the_same(text: str) -> None:
    command = parse(text)
    if not isinstance(command, Unparsed):
        assert parse(printed(command)) == command


@given(texts)
def test_what_is_shown_of_a_text_that_is_no_command_is_short(text: str) -> None:
    command = parse(text)
    if isinstance(command, Unparsed):
        assert len(command.word) <= 100
        assert len(command.nearest) <= 3


@pytest.mark.parametrize(
    "piece", ["a", "ks ", "'", "a,", "-", "--name ", "/", "a/", "ks/a/b ", "source git ", "\ud800"]
)
def test_forty_thousand_characters_are_answered(piece: str) -> None:
    text = (piece * 40_000)[:40_000]
    assert isinstance(parse(text), Unparsed)
    assert isinstance(parse(text[:MAX_TEXT]), Command | Unparsed)


@given(some.commands())
def test_a_printed_command_parses_to_the_same_command(command: Reconcile) -> None:
    assert parse(printed(command)) == command
    assert parse(f"/flux-reconcile {command.typed}") == command
    assert parse(f"/deploy {command.typed}", "/deploy") == command


@given(some.readings())
def test_a_printed_command_that_reads_or_selects_parses_to_the_same_command(
    command: ReconcileAll | Status | Watch | History,
) -> None:
    assert parse(printed(command)) == command
    assert parse(f"/flux-reconcile {command.typed}") == command


@given(some.selections(), some.clusters)
def test_a_cluster_chosen_for_a_selection_holds_for_all_of_it(selection: Selection, cluster: str) -> None:
    chosen = on_cluster(reconcile_all(selection, Options()), cluster)
    assert cluster_of(chosen) == cluster
    assert parse(chosen.typed) == chosen


def test_printed_help_is_help() -> None:
    assert parse(printed(Help())) == Help()


def read(text: str) -> tuple[Target, ...]:
    command = parse(text)
    assert isinstance(command, Reconcile), (text, command)
    return command.targets


@given(some.refs)
def test_an_object_as_we_print_it_pastes_back(ref: Ref) -> None:
    assert read(str(ref)) == (target_of(ref),)
    assert read(ref.short) == (Target(ref.name, ref.kind, ref.namespace),)


@given(st.lists(some.refs, min_size=2, max_size=20, unique=True), st.sampled_from(["\n", ", ", " ", " \n"]))
def test_several_objects_as_we_print_them_paste_back_together(refs: list[Ref], between: str) -> None:
    assert read(between.join(map(str, refs))) == tuple(map(target_of, refs))


@given(some.refs, st.booleans())
def test_the_line_of_the_flux_cli_pastes_back(ref: Ref, with_source: bool) -> None:
    line = flux_line(ref, with_source=with_source)
    if line:
        expected = reconcile((Target(ref.name, ref.kind, ref.namespace),), Options("--with-source" in line))
        assert parse(line) == expected


@given(some.refs)
def test_a_name_as_kubectl_prints_it_pastes_back(ref: Ref) -> None:
    printed_by_kubectl = f"{ref.kind.name.lower()}.{ref.kind.group}/{ref.name}"
    assert read(printed_by_kubectl) == (Target(ref.name, ref.kind),)
    assert read(f"{printed_by_kubectl} -n {ref.namespace}") == (Target(ref.name, ref.kind, ref.namespace),)
    versioned = f"{ref.kind.plural}.{ref.kind.version}.{ref.kind.group}/{ref.name}"
    assert read(versioned) == (Target(ref.name, ref.kind),)


@given(some.refs)
def test_the_forms_of_flux_alerts_and_messages_paste_back(ref: Ref) -> None:
    here = (Target(ref.name, ref.kind, ref.namespace),)
    assert read(f"{ref.kind.name}/{ref.namespace}/{ref.name}") == here
    assert read(f"{ref.kind.name.lower()}/{ref.namespace}/{ref.name}") == here
    assert read(f"{ref.kind.name} '{ref.namespace}/{ref.name}'") == here
    if ref.name not in {"all", "in"}:
        assert read(f"annotating {ref.kind.name} {ref.name} in {ref.namespace} namespace") == here


@given(some.refs)
def test_the_title_of_a_flux_alert_keeps_name_and_namespace_apart_at_its_last_dot(ref: Ref) -> None:
    title = f"{ref.kind.name.lower()}/{ref.name}.{ref.namespace}"
    # Longer than any name: there is no such title in practice, and the text is answered as a bad name.
    assume(len(ref.name) + len(ref.namespace) < 253)
    # Whether it is a name with a dot or name and namespace is decided where objects can be looked up.
    assert read(title) == (Target(f"{ref.name}.{ref.namespace}", ref.kind),)


@given(some.refs)
def test_every_way_to_name_a_kind_gives_it(ref: Ref) -> None:
    here = (Target(ref.name, ref.kind, ref.namespace),)
    for word in (ref.kind.name, ref.kind.plural, ref.kind.short, *ref.kind.words, " ".join(ref.kind.cli)):
        if word:
            assert read(f"{word.upper()} {ref.namespace}/{ref.name}") == here
            assert read(f'--resource "{word}" --name {ref.name} --namespace {ref.namespace}') == here


@given(some.commands(), some.clusters)
def test_a_cluster_chosen_for_a_command_holds_for_all_of_it(command: Reconcile, cluster: str) -> None:
    chosen = on_cluster(command, cluster)
    assert isinstance(chosen, Reconcile)
    assert {target.cluster for target in chosen.targets} == {cluster}
    assert parse(chosen.typed) == reconcile(tuple(dict.fromkeys(chosen.targets)), chosen.options)
