"""Flux's sentences without what this channel may not see."""

from __future__ import annotations

import pytest

from bot.core.kinds import HELM_RELEASE, KUSTOMIZATION
from bot.core.resources import Ref
from bot.core.veil import veiled
from tests.fakes.status import ref

WEB = ref(KUSTOMIZATION, "shop/web")


def only_shop(each: Ref) -> bool:
    return each.namespace == "shop" and each.name != "vault"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dependency 'secret/db' is not ready", "dependency (hidden) is not ready"),
        ("dependency 'shop/db' is not ready", "dependency 'shop/db' is not ready"),
        (
            "waiting for: [Kustomization/secret/vault status: 'InProgress', Deployment/shop/web status: 'Failed']",
            "waiting for: [(hidden) status: 'InProgress', Deployment/shop/web status: 'Failed']",
        ),
        ("HelmChart 'secret/shop-web' is not ready", "(hidden) is not ready"),
        ("cannot access 'GitRepository/secret/vault', cross-namespace", "cannot access (hidden), cross-namespace"),
        (
            'GitRepository.source.toolkit.fluxcd.io "vault" not found',
            "(hidden) not found",
        ),
        ('helmreleases.helm.toolkit.fluxcd.io "vault" not found', "(hidden) not found"),
        ("New reconciliation triggered by GitRepository/secret/repo", "New reconciliation triggered by (hidden)"),
        ("Applied revision: main@sha1:4f1c2a9be01d7c3e5a6b8d9f0e1c2b3a4d5e6f70",) * 2,
        ("kustomization path not found: stat /tmp/x/apps: no such file or directory",) * 2,
    ],
)
def test_a_hidden_name_is_taken_out_and_the_rest_stays(text: str, told: str) -> None:
    assert veiled(text, WEB, only_shop) == told


def test_a_quoted_name_alone_is_of_the_objects_own_kind() -> None:
    release = ref(HELM_RELEASE, "a/b")
    text = "dependency 'a/b' is not ready"
    assert veiled(text, ref(HELM_RELEASE, "shop/web"), lambda each: each == release) == text
    assert veiled(text, WEB, lambda each: each == release) == "dependency (hidden) is not ready"
