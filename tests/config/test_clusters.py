"""The line that lists the clusters."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config.agreement import disagreements
from bot.config.clusters import ClusterSetting, parse_clusters
from bot.core.channels import Allowlist, Channel, Rule, Who


def test_each_of_the_three_forms_is_read() -> None:
    assert parse_clusters("prod=/etc/kube/prod.yaml#admin@prod, staging = /etc/kube/s.yaml,\nedge=in-cluster") == (
        ClusterSetting("prod", Path("/etc/kube/prod.yaml"), "admin@prod"),
        ClusterSetting("staging", Path("/etc/kube/s.yaml"), None),
        ClusterSetting("edge"),
    )
    assert [each.in_cluster for each in parse_clusters("a=in-cluster,b=/x") if isinstance(each, ClusterSetting)] == [
        True,
        False,
    ]


def test_a_context_may_look_like_anything_but_a_comma() -> None:
    arn = "arn:aws:eks:eu-west-1:1:cluster/prod"
    assert parse_clusters(f"prod=/k.yaml#{arn}") == (ClusterSetting("prod", Path("/k.yaml"), arn),)


def test_a_tilde_is_the_home_folder() -> None:
    assert parse_clusters("prod=~/k.yaml") == (ClusterSetting("prod", Path.home() / "k.yaml"),)


@pytest.mark.parametrize("text", ["", " , ,\n"])
def test_no_cluster_at_all_is_a_problem(text: str) -> None:
    assert parse_clusters(text) == ("names no cluster",)


def test_everything_wrong_is_told_by_number() -> None:
    assert parse_clusters("prod, =x, a/b=x, ks=in-cluster, Help=/x, dev=, dev=#c, dev=/k#, ok=/k") == (
        "entry 1 is not NAME=in-cluster, NAME=KUBECONFIG or NAME=KUBECONFIG#CONTEXT",
        'entry 2 has a name that is not made of letters, digits and ". _ - @ :"',
        'entry 3 has a name that is not made of letters, digits and ". _ - @ :"',
        "entry 4 is called ks, which is a word of our commands; choose another name",
        "entry 5 is called Help, which is a word of our commands; choose another name",
        "entry 6 is not NAME=in-cluster, NAME=KUBECONFIG or NAME=KUBECONFIG#CONTEXT",
        "entry 7 (dev) has an empty kubeconfig or context",
        "entry 8 (dev) has an empty kubeconfig or context",
    )


def test_one_name_for_two_clusters_is_refused_whatever_its_capitals() -> None:
    assert parse_clusters("prod=/a,Prod=/b") == ("two clusters are called Prod",)


def test_two_names_for_one_cluster_are_refused_since_rules_go_by_name() -> None:
    assert parse_clusters("prod=/a#x, dev=/a#x, c=in-cluster, d=in-cluster, e=/a#y") == (
        "prod and dev are the same cluster",
        "c and d are the same cluster",
    )


def test_clusters_that_only_the_allowlist_knows_are_told_once_per_channel() -> None:
    rule = Rule("r", Who(), frozenset(), ("stagin", "dev-*"), frozenset(), (), ())
    channels = (
        Channel("C0A", "a", False, False, ("prod", "stagin"), (rule,), default_cluster="prod"),
        Channel("C0B", "b", False, False, ("*",), (), default_cluster="gone"),
    )
    assert list(disagreements(Allowlist(channels=channels), (ClusterSetting("prod"), ClusterSetting("staging")))) == [
        '#a names the cluster "stagin", which no setting knows; did you mean "staging"?',
        '#b names the cluster "gone", which no setting knows',
    ]
