"""Whatever the bytes are: an answer, never an exception, and never more than the file says."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.config.channels_file import Broken, Loaded, parse_allowlist

EXAMPLE = (Path(__file__).parents[2] / "deploy" / "allowlist.example.yaml").read_bytes()

quick = settings(max_examples=700, suppress_health_check=[HealthCheck.too_slow], deadline=None)

pieces = st.sampled_from(
    [
        *("channels", "defaults", "rules", "who", "users", "names", "C0A", "U0A", "S0A", "reconcile", "prod"),
        *(": ", "\n", "  ", "    ", "- ", "[", "]", "{", "}", ", ", '"*"', "*", "&a ", "*a", "!!str ", "!x "),
        *("|", ">", "? ", "---\n", "...\n", "%YAML 1.1\n", "%TAG ! x\n", "'", '"', "#", "\t", "~", "null", "yes"),
        *("<<: ", "1", "-1.5e3", "\\U0010FFFF", "\\x", "\u2028", "\x85", "\ufeff", "é", "\x07"),
    ]
)


def answers(data: bytes) -> None:
    result = parse_allowlist(data)
    found = result.problems if isinstance(result, Broken) else ()
    assert isinstance(result, Loaded) or found
    for each in (*found, *result.warnings):
        assert each.line >= 0
        assert each.text.isprintable()
        assert each.field.isprintable()
        assert len(each.text) < 400


@quick
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data: bytes) -> None:
    answers(data)


@quick
@given(st.lists(pieces, max_size=60))
def test_anything_made_of_the_words_of_the_format_is_answered(words: list[str]) -> None:
    answers("".join(words).encode())


@quick
@given(st.integers(0, len(EXAMPLE)), st.integers(0, 30), st.one_of(st.binary(max_size=6), pieces.map(str.encode)))
def test_the_example_with_a_wound_is_answered(at: int, cut: int, put: bytes) -> None:
    answers(EXAMPLE[:at] + put + EXAMPLE[at + cut :])
