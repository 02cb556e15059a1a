"""Revisions in every form that Flux writes, and the links between two of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.resources import HelmRevision
from bot.core.revisions import (
    Applied,
    Change,
    Revision,
    WebHome,
    compare_link,
    parse_inventory_id,
    parse_revision,
    short,
    web_home,
)

A = "1" * 20 + "a" * 20
B = "2" * 20 + "b" * 20
DIGEST = "3b6cdcc7" * 8
GITHUB = "https://github.com/acme/apps"


@pytest.mark.parametrize(
    ("raw", "expected", "shown"),
    [
        (f"main@sha1:{A}", Revision(f"main@sha1:{A}", "main", "sha1", A), "main@1111111"),
        (f"feature/x@2@sha1:{A}", Revision(f"feature/x@2@sha1:{A}", "feature/x@2", "sha1", A), "feature/x@2@1111111"),
        (
            f"refs/pull/7/head@sha1:{A}",
            Revision(f"refs/pull/7/head@sha1:{A}", "refs/pull/7/head", "sha1", A),
            "refs/pull/7/head@1111111",
        ),
        (f"sha1:{A}", Revision(f"sha1:{A}", "", "sha1", A), "sha1:1111111"),
        (
            f"latest@sha256:{DIGEST}",
            Revision(f"latest@sha256:{DIGEST}", "latest", "sha256", DIGEST),
            "latest@3b6cdcc",
        ),
        (f"sha256:{DIGEST}", Revision(f"sha256:{DIGEST}", "", "sha256", DIGEST), "sha256:3b6cdcc"),
        (f"main/{A}", Revision(f"main/{A}", "main", "sha1", A), "main@1111111"),
        (f"feature/x/{A}", Revision(f"feature/x/{A}", "feature/x", "sha1", A), "feature/x@1111111"),
        (A, Revision(A, "", "sha1", A), "sha1:1111111"),
        ("6.5.0", Revision("6.5.0"), "6.5.0"),
        ("6.5.0+3", Revision("6.5.0+3"), "6.5.0+3"),
        ("6.5.0+4f1c2a9be01d", Revision("6.5.0+4f1c2a9be01d"), "6.5.0+4f1c2a9"),
        ("6.5.0+202601151230", Revision("6.5.0+202601151230"), "6.5.0+202601151230"),
        ("6.5.0-rc.1", Revision("6.5.0-rc.1"), "6.5.0-rc.1"),
        (f"main@sha1:{A}\n", Revision(f"main@sha1:{A}\n"), f"main@sha1:{A}\n"),
        ("main@sha1:", Revision("main@sha1:"), "main@sha1:"),
        ("", Revision(""), ""),
    ],
)
def test_a_revision_is_taken_apart_and_shortened(raw: str, expected: Revision, shown: str) -> None:
    assert parse_revision(raw) == expected
    assert parse_revision(raw).short == shown
    assert short(raw) == (shown or "(none)")


@given(st.text())
def test_a_revision_of_unknown_form_is_its_own_name(raw: str) -> None:
    assert parse_revision(raw).raw == raw


@given(st.text(min_size=1), st.from_regex(r"[0-9a-f]{40}", fullmatch=True))
def test_whatever_stands_before_the_last_at_is_the_name(name: str, commit: str) -> None:
    revision = parse_revision(f"{name}@sha1:{commit}")
    assert (revision.name, revision.commit) == (name, commit)


def test_only_a_git_commit_is_a_commit() -> None:
    assert [
        parse_revision(raw).commit for raw in (f"v1@sha1:{A}", f"v1@sha256:{DIGEST}", "6.5.0", "sha1:1234567")
    ] == [
        *(A, "", "", ""),
    ]


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://github.com/acme/apps", WebHome("github.com", "acme/apps")),
        ("https://user:secret@GitHub.com:443/acme/apps.git/", WebHome("github.com", "acme/apps")),
        ("ssh://git@github.com:22/acme/apps.git", WebHome("github.com", "acme/apps")),
        ("git@github.com:acme/apps.git", WebHome("github.com", "acme/apps")),
        ("http://git.local:3000/acme/apps", WebHome("git.local:3000", "acme/apps")),
        ("https://git.local/my%20team/apps", WebHome("git.local", "my team/apps")),
        ("ssh://git@ssh.dev.azure.com/v3/acme/shop/apps", WebHome("dev.azure.com", "acme/shop/_git/apps")),
        ("git@ssh.dev.azure.com:v3/acme/shop/apps", WebHome("dev.azure.com", "acme/shop/_git/apps")),
        ("https://acme@dev.azure.com/acme/shop/_git/apps", WebHome("dev.azure.com", "acme/shop/_git/apps")),
        ("git@ssh.dev.azure.com:v3/acme", None),
        ("oci://ghcr.io/acme/apps", None),
        ("https://github.com", None),
        ("https://github.com:nan/acme/apps", None),
        ("https://[::1/acme/apps", None),
        ("https://gіthub.com/acme/apps", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_the_page_of_a_repository_is_found_from_its_url(url: str, home: WebHome | None) -> None:
    assert web_home(url) == home


@given(st.text())
def test_any_text_is_a_page_or_none(url: str) -> None:
    home = web_home(url)
    assert home is None or "/" not in home.host


@pytest.mark.parametrize(
    ("url", "link"),
    [
        (GITHUB, f"https://github.com/acme/apps/compare/{A}...{B}"),
        ("https://gitlab.com/a/b/c.git", f"https://gitlab.com/a/b/c/-/compare/{A}...{B}"),
        ("https://codeberg.org/acme/apps", f"https://codeberg.org/acme/apps/compare/{A}...{B}"),
        ("https://bitbucket.org/acme/apps", f"https://bitbucket.org/acme/apps/branches/compare/{B}%0D{A}"),
        (
            "git@ssh.dev.azure.com:v3/acme/shop/apps",
            f"https://dev.azure.com/acme/shop/_git/apps/branchCompare?baseVersion=GC{A}&targetVersion=GC{B}",
        ),
        (
            "https://git.acme.com/scm/PROJ/apps.git",
            f"https://git.acme.com/projects/PROJ/repos/apps/compare/commits?sourceBranch={B}&targetBranch={A}",
        ),
        (
            "ssh://git@git.acme.com:7999/PROJ/apps.git",
            f"https://git.acme.com/projects/PROJ/repos/apps/compare/commits?sourceBranch={B}&targetBranch={A}",
        ),
        ("https://git.unknown.com/acme/apps", ""),
        ("https://github.com/acme/<apps>", f"https://github.com/acme/%3Capps%3E/compare/{A}...{B}"),
    ],
)
def test_two_commits_of_a_known_forge_are_linked(url: str, link: str) -> None:
    assert compare_link(url, f"main@sha1:{A}", f"main@sha1:{B}", (("git.acme.com", "bitbucket-server"),)) == link


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"main@sha1:{A}", f"v1@sha1:{A}"),
        (f"main@sha256:{DIGEST}", f"main@sha1:{B}"),
        ("6.5.0", "6.6.0"),
        ("", f"main@sha1:{B}"),
    ],
)
def test_what_are_not_two_commits_is_not_linked(before: str, after: str) -> None:
    assert compare_link(GITHUB, before, after) == ""


@pytest.mark.parametrize(
    ("raw", "expected", "shown"),
    [
        ("_apps__Namespace", Applied("Namespace", "", "apps"), "Namespace/apps"),
        ("apps_web_apps_Deployment", Applied("Deployment", "apps", "web", "apps"), "Deployment/apps/web"),
        ("apps_web__Service", Applied("Service", "apps", "web"), "Service/apps/web"),
        (
            "_system__node_rbac.authorization.k8s.io_ClusterRole",
            Applied("ClusterRole", "", "system:node", "rbac.authorization.k8s.io"),
            "ClusterRole/system:node",
        ),
        (
            "shop_a__b__c_rbac.authorization.k8s.io_Role",
            Applied("Role", "shop", "a:b:c", "rbac.authorization.k8s.io"),
            "Role/shop/a:b:c",
        ),
        ("what", Applied("object", "", "what"), "object/what"),
    ],
)
def test_an_inventory_id_is_taken_apart(raw: str, expected: Applied, shown: str) -> None:
    assert parse_inventory_id(raw) == expected
    assert str(parse_inventory_id(raw)) == shown


def release(digest: str) -> HelmRevision:
    return HelmRevision("web", "shop", 1, "deployed", "web", "1.0.0", config_digest=digest)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (release("sha256:1"), release("sha256:2"), True),
        (release("sha256:1"), release("sha256:1"), False),
        (release(""), release("sha256:2"), False),
        (None, release("sha256:2"), False),
    ],
)
def test_values_changed_only_if_both_are_known_and_differ(
    before: HelmRevision | None, after: HelmRevision | None, changed: bool
) -> None:
    assert Change("", "", helm_before=before, helm_after=after).values_changed is changed
