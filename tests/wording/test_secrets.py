"""What bot/core/secrets.py takes out of a text, and what it leaves alone."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.secrets import mask

_WORD = string.ascii_letters + string.digits


def _word(least: int, most: int | None = None, alphabet: str = _WORD) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most or least)


_PLANTED = st.one_of(
    _word(8, 30).map(lambda s: (s, f"https://bob:{s}@git.example.com/org/repo")),
    _word(20, 40).map(lambda s: (s, f"https://{s}@git.example.com/org/repo")),
    _word(6, 12).map(lambda s: (s, f"postgres://app:p/{s}@db/shop")),
    _word(8, 60).map(lambda s: (s, f"Authorization: Bearer {s}")),
    _word(8, 60).map(lambda s: (s, f"authorization:[Basic {s}]")),
    _word(20, 60).map(lambda s: (s, f"sent bearer {s}")),
    _word(40, 80).map(lambda s: (s, f"-----BEGIN RSA PRIVATE KEY-----\n{s}\n-----END RSA PRIVATE KEY-----")),
    _word(40, 80).map(lambda s: (s, f"{s}\n-----END PRIVATE KEY-----")),
    _word(12, 30).map(lambda s: (s, f"xoxb-123456789012-{s}")),
    _word(12, 30).map(lambda s: (s, f"xoxe.xoxp-1-{s}")),
    _word(12, 30).map(lambda s: (s, f"xapp-1-A0-{s}")),
    _word(24).map(lambda s: (s, f"https://hooks.slack.com/services/T0/B0/{s}")),
    st.tuples(st.sampled_from("psour"), _word(36)).map(lambda t: (t[1], f"gh{t[0]}_{t[1]}")),
    _word(60).map(lambda s: (s, f"github_pat_{s}")),
    _word(20).map(lambda s: (s, f"glpat-{s}")),
    _word(16, alphabet=string.ascii_uppercase + string.digits).map(lambda s: (s, f"AKIA{s}")),
    _word(39, alphabet=_WORD + "/+").map(lambda s: (f"Z{s}", f"aws_secret_access_key = Z{s}")),
    _word(20, 40).map(lambda s: (s, f"eyJhbGciOiJI.{s}.{s}")),
    _word(8, 40).map(lambda s: (s, f"https://x.example.com/hook?a=b&token={s}")),
    _word(8, 40).map(lambda s: (s, f'{{"kind":"Secret","data":{{"password":"{s}"}}}}')),
    _word(8, 40).map(lambda s: (s, f'bad: "{{\\"kind\\":\\"Secret\\",\\"data\\":{{\\"a\\":\\"{s}\\"}}}}"')),
    _word(8, 40).map(lambda s: (s, f"map[apiVersion:v1 data:map[password:{s} user:x] kind:Secret]")),
    _word(8, 40).map(lambda s: (s, f"kind: Secret\nstringData:\n  a: x\n  password: {s}\n")),
    _word(8, 40).map(lambda s: (s, f"kind: Secret\\nstringData:\\n  password: {s}\\ntype: Opaque")),
    _word(8, 40).map(lambda s: (s, f'Secret "x" is invalid: data[password]: Invalid value: "{s}": must be')),
)


@settings(max_examples=400)
@given(st.text(max_size=80), _PLANTED, st.text(max_size=80))
def test_no_planted_secret_survives(before: str, planted: tuple[str, str], after: str) -> None:
    secret, text = planted
    assert secret not in mask(f"{before.replace(secret, '')}\n{text}\n{after.replace(secret, '')}")


@given(st.lists(st.one_of(st.text(max_size=40), _PLANTED.map(lambda planted: planted[1])), max_size=6).map("".join))
def test_masking_twice_changes_nothing(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "stored artifact for revision 'main@sha1:9d8e7f6a5b4c3d2e1f009d8e7f6a5b4c3d2e1f00'",
        "oci://registry.example.com:5000/org/app@sha256:3b6cdcc7adcc9a84d3214ee1c029543789d90b5ae69debe9efa3f66e982875de",
        "ssh://git@github.com/fluxcd/flux2 not found",
        "unable to clone 'https://github.com/org/repo': authentication required: Repository not found",
        "health check failed after 2m0s: timeout waiting for: [Deployment/shop/web status: 'InProgress']",
        "Basic authentication required; the bearer token is expired",
        "secrets \"legacy-auth\" not found: secret 'flux-system/legacy-auth' has no key 'password'",
        'Secret/shop/db dry-run failed: Secret in version "v1" cannot be handled as a Secret: illegal base64 data',
        "GitRepository/flux-system/secret-key main@sha1:9d8e7f6a5b4c3d2e1f009d8e7f6a5b4c3d2e1f00",
        "Helm upgrade failed for release shop/redis with chart redis@19.2.0: context deadline exceeded",
        "dev@example.com said: apply data: nothing new",
        "waiting for token 2026-11-23T10:00:00.000000001Z/ab12cd34",
    ],
)
def test_ordinary_messages_of_flux_are_left_alone(text: str) -> None:
    assert mask(text) == text


def test_a_manifest_of_a_secret_keeps_all_but_its_values() -> None:
    manifest = "kind: Secret\nmetadata:\n  name: db\ndata:\n  a: eA==\n  b: |\n    eQ==\ntype: Opaque"
    assert mask(manifest) == "kind: Secret\nmetadata:\n  name: db\ndata:\n  ***\ntype: Opaque"


@pytest.mark.parametrize(
    "unit", ["a", "://", "data:map[", "-----BEGIN A-----", '"', "xoxb-", "data:\\n", "bearer ", " ", "eyJaaaaaaa"]
)
def test_a_long_hostile_text_is_masked_in_linear_time(unit: str) -> None:
    """Bounded by the test's own time-out: quadratic work on this would take hours."""
    assert isinstance(mask(f"Secret {unit * (400_000 // len(unit))}"), str)
