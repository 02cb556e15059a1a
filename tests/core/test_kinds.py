"""Every row of the table of kinds is whole and stands apart from all others."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bot.core.kinds import ASKABLE, KINDS, Kind, Switch, kind_called, kind_named, kind_of_cli, kind_words

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def test_the_table_has_the_kinds_of_flux_and_of_its_operator() -> None:
    assert [kind.name for kind in KINDS] == [
        *("Kustomization", "HelmRelease"),
        *("GitRepository", "OCIRepository", "HelmRepository", "HelmChart", "Bucket"),
        *("ExternalArtifact", "ArtifactGenerator"),
        *("ImageRepository", "ImagePolicy", "ImageUpdateAutomation"),
        *("Receiver", "Alert", "Provider"),
        *("FluxInstance", "ResourceSet", "ResourceSetInputProvider"),
    ]


def test_no_word_names_two_kinds() -> None:
    words = Counter(
        word for kind in KINDS for word in {kind.name.lower(), kind.plural, kind.short, *kind.words} if word
    )
    assert [word for word, count in words.items() if count > 1] == []
    assert sorted(words) == list(kind_words())


def test_no_two_kinds_share_their_words_of_the_cli_or_their_place_in_the_api() -> None:
    cli = Counter(kind.cli for kind in KINDS if kind.cli)
    places = Counter((kind.group, kind.plural) for kind in KINDS)
    assert [each for each, count in (cli + places).items() if count > 1] == []


@each_kind
def test_a_row_is_spelled_as_the_api_spells_it(kind: Kind) -> None:
    assert re.fullmatch(r"([A-Z][a-z]*)+", kind.name)
    assert kind.plural == (f"{kind.name[:-1]}ies" if kind.name.endswith("y") else f"{kind.name}s").lower()
    assert re.fullmatch(r"[a-z.]+\.fluxcd\.(io|controlplane\.io)|fluxcd\.controlplane\.io", kind.group)
    assert re.fullmatch(r"v\d+(beta\d+)?", kind.version)
    assert kind.api_version == f"{kind.group}/{kind.version}"
    assert kind.controller.endswith(("-controller", "source-watcher", "flux-operator"))


@each_kind
def test_the_words_of_a_row_are_single_and_lower_case(kind: Kind) -> None:
    for word in (kind.short, *kind.words, *kind.cli):
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", word)
    assert kind.short not in kind.words
    assert len(kind.cli) <= 2


@each_kind
def test_every_word_of_a_kind_calls_it_in_any_case(kind: Kind) -> None:
    for word in (kind.name, kind.plural, kind.short, *kind.words):
        assert [kind_called(each) for each in (word, word.upper(), word.title())] == [kind, kind, kind]
    assert kind_named(kind.name) is kind


@each_kind
def test_a_kind_is_called_with_its_own_group_and_no_other(kind: Kind) -> None:
    assert kind_called(f"{kind.plural}.{kind.group}") is kind
    assert kind_called(f"{kind.name}.{kind.version}.{kind.group}") is kind
    assert kind_called(f"{kind.plural}.apps") is None
    assert kind_called(f"{kind.plural}.v9.{kind.group}") is None


@each_kind
def test_the_two_words_of_the_cli_name_their_kind(kind: Kind) -> None:
    if len(kind.cli) == 2:
        first, second = kind.cli
        assert kind_of_cli(first.upper(), second) is kind
        assert kind_of_cli(second, first) is None


@each_kind
def test_a_static_kind_is_never_offered(kind: Kind) -> None:
    assert (kind in ASKABLE) is not kind.static
    if kind.static:
        assert kind.cli == ()


def test_only_the_static_ones_of_flux_cannot_be_switched_off() -> None:
    assert [kind.name for kind in KINDS if kind.switch is Switch.NONE] == ["ExternalArtifact"]


def test_a_word_that_is_no_kind_calls_none() -> None:
    assert [kind_called(word) for word in ("", ".", "deployment", "ks.", "k", "kustomize")][:3] == [None, None, None]
    assert kind_named("kustomization") is None
