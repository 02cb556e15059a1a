"""Who may do what: the rules as an operator would put them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.channels import Channel, Rule, Sources, Who
from bot.core.kinds import GIT_REPOSITORY, HELM_CHART, HELM_RELEASE, KUSTOMIZATION, Kind
from bot.core.policy import (
    Allowed,
    Denied,
    Grant,
    Misfit,
    decide,
    decide_source,
    refuse_early,
    sees,
    sees_source,
    summary,
)
from bot.core.requests import Caller, Verb
from bot.core.resources import Ref

DEV = Caller(user="U0DEV", name="dev", team="T0", groups=frozenset({"S0SHOP"}))
SRE = Caller(user="U0SRE", name="sre", team="T0", groups=frozenset({"S0SRE"}))
NOBODY = Caller(user="", name="", team="", groups=frozenset({"S0SHOP", ""}))

SHOP = Rule(
    name="shop-deployers",
    who=Who(groups=frozenset({"S0SHOP"})),
    verbs=frozenset({"reconcile"}),
    clusters=("prod", "staging"),
    kinds=frozenset({"Kustomization", "HelmRelease"}),
    namespaces=("shop", "shop-*"),
    names=("*",),
)
EVERYTHING = Rule(
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
)


def channel(*rules: Rule, clusters: tuple[str, ...] = ("prod", "staging")) -> Channel:
    return Channel(id="C0SHOP", name="shop", private=False, shared=False, clusters=clusters, rules=rules)


def ref(name: str = "web", namespace: str = "shop", kind: Kind = KUSTOMIZATION, cluster: str = "prod") -> Ref:
    return Ref(cluster, kind, namespace, name)


def test_a_rule_that_names_everything_allows_it() -> None:
    assert decide(channel(SHOP), DEV, Verb.RECONCILE, ref()) == Allowed(SHOP)


def test_a_channel_without_rules_allows_nothing_and_has_no_nearest() -> None:
    assert decide(channel(), DEV, Verb.RECONCILE, ref()) == Denied()


def test_the_first_of_several_allowing_rules_is_the_one() -> None:
    later = replace(SHOP, name="later")
    assert decide(channel(SHOP, later), DEV, Verb.RECONCILE, ref()) == Allowed(SHOP)


@pytest.mark.parametrize(
    ("changed", "misfit"),
    [
        ({"who": Who(users=frozenset({"U0OTHER"}))}, Misfit.WHO),
        ({"who": Who()}, Misfit.WHO),
        ({"verbs": frozenset({"suspend"})}, Misfit.VERB),
        ({"verbs": frozenset()}, Misfit.VERB),
        ({"clusters": ("staging",)}, Misfit.CLUSTER),
        ({"clusters": ()}, Misfit.CLUSTER),
        ({"kinds": frozenset({"HelmRelease"})}, Misfit.KIND),
        ({"kinds": frozenset()}, Misfit.KIND),
        ({"namespaces": ("shop-*",)}, Misfit.NAMESPACE),
        ({"namespaces": ()}, Misfit.NAMESPACE),
        ({"names": ("we", "eb", "WEB", "web?")}, Misfit.NAME),
        ({"names": ()}, Misfit.NAME),
    ],
)
def test_one_part_that_does_not_fit_is_enough_and_is_told(changed: dict[str, object], misfit: Misfit) -> None:
    rule = replace(SHOP, **changed)  # type: ignore[arg-type]
    denied = decide(channel(rule), DEV, Verb.RECONCILE, ref())
    assert isinstance(denied, Denied)
    assert (denied.nearest, denied.misfits) == (rule, (misfit,))


def test_a_rule_never_reaches_past_the_clusters_of_its_channel() -> None:
    denied = decide(channel(EVERYTHING, clusters=("staging",)), SRE, Verb.RECONCILE, ref(cluster="prod"))
    assert denied == Denied(EVERYTHING, (Misfit.CLUSTER,))


@pytest.mark.parametrize("namespace", ["shop-eu", "shop-"])
def test_globs_fit_whole_namespaces(namespace: str) -> None:
    assert decide(channel(SHOP), DEV, Verb.RECONCILE, ref(namespace=namespace)) == Allowed(SHOP)


@pytest.mark.parametrize("namespace", ["shopping", "my-shop", "Shop", "shop\n", "shop ", ""])
def test_what_only_looks_like_an_allowed_namespace_is_none(namespace: str) -> None:
    assert isinstance(decide(channel(SHOP), DEV, Verb.RECONCILE, ref(namespace=namespace)), Denied)


@pytest.mark.parametrize("absent", [ref(name=""), ref(namespace=""), ref(cluster="")])
def test_an_absent_part_of_an_object_fits_nothing_not_even_a_star(absent: Ref) -> None:
    assert isinstance(decide(channel(EVERYTHING, clusters=("*",)), SRE, Verb.RECONCILE, absent), Denied)


def test_a_star_among_the_users_is_everybody_who_has_an_id() -> None:
    rule = replace(SHOP, who=Who(users=frozenset({"*"})))
    assert decide(channel(rule), SRE, Verb.RECONCILE, ref()) == Allowed(rule)
    assert isinstance(decide(channel(rule), NOBODY, Verb.RECONCILE, ref()), Denied)


def test_a_caller_without_an_id_is_nobody_whatever_the_groups_say() -> None:
    rule = replace(SHOP, who=Who(users=frozenset({""}), groups=frozenset({"", "S0SHOP"})))
    assert decide(channel(rule), NOBODY, Verb.RECONCILE, ref()) == Denied(rule, (Misfit.WHO,), (rule,))


def test_an_absent_group_id_is_no_common_group() -> None:
    rule = replace(SHOP, who=Who(groups=frozenset({""})))
    caller = replace(SRE, groups=frozenset({""}))
    assert isinstance(decide(channel(rule), caller, Verb.RECONCILE, ref()), Denied)


def test_a_star_among_the_groups_is_no_wildcard() -> None:
    rule = replace(SHOP, who=Who(groups=frozenset({"*"})))
    assert isinstance(decide(channel(rule), DEV, Verb.RECONCILE, ref()), Denied)


def test_force_and_reset_need_their_own_word() -> None:
    release = ref(kind=HELM_RELEASE)
    assert decide(channel(SHOP), DEV, Verb.RECONCILE, release) == Allowed(SHOP)
    assert decide(channel(SHOP), DEV, Verb.RECONCILE, release, force=True) == Denied(SHOP, (Misfit.FORCE,))
    assert decide(channel(SHOP), DEV, Verb.RECONCILE, release, reset=True) == Denied(SHOP, (Misfit.RESET,))
    forcing = replace(SHOP, name="forcing", force=True)
    assert decide(channel(SHOP, forcing), DEV, Verb.RECONCILE, release, force=True) == Allowed(forcing)
    assert decide(channel(forcing), DEV, Verb.RECONCILE, release, force=True, reset=True) == Denied(
        forcing, (Misfit.RESET,)
    )


def test_two_rules_are_never_added_up() -> None:
    kind = replace(SHOP, name="kind", kinds=frozenset({"GitRepository"}), namespaces=("infra",))
    denied = decide(channel(SHOP, kind), DEV, Verb.RECONCILE, ref(namespace="infra"))
    assert denied == Denied(SHOP, (Misfit.NAMESPACE,))


def test_the_nearest_rule_has_the_fewest_misfits_then_stands_first() -> None:
    far = replace(SHOP, name="far", namespaces=("a",), names=("b",))
    near = replace(SHOP, name="near", namespaces=("a",))
    also_near = replace(SHOP, name="also-near", names=("b",))
    denied = decide(channel(far, near, also_near), DEV, Verb.RECONCILE, ref())
    assert denied == Denied(near, (Misfit.NAMESPACE,))


def test_a_refusal_names_the_rules_that_would_allow_it_to_others() -> None:
    empty = replace(SHOP, name="empty", who=Who())
    elsewhere = replace(SHOP, name="elsewhere", namespaces=("infra",))
    denied = decide(
        channel(empty, elsewhere, SHOP, EVERYTHING), replace(DEV, groups=frozenset()), Verb.RECONCILE, ref()
    )
    assert denied == Denied(empty, (Misfit.WHO,), (SHOP, EVERYTHING))


# --- Sources ------------------------------------------------------------------------------------------------------

SOURCE = ref("shop", kind=GIT_REPOSITORY)
FAR_SOURCE = ref("shop", namespace="flux-system", kind=GIT_REPOSITORY)


def test_a_source_in_the_objects_own_namespace_comes_along_by_default() -> None:
    assert decide_source(channel(SHOP), DEV, Verb.RECONCILE, SOURCE, ref()) == Allowed(SHOP)
    assert isinstance(decide(channel(SHOP), DEV, Verb.RECONCILE, SOURCE), Denied)


def test_a_source_elsewhere_needs_referenced() -> None:
    denied = decide_source(channel(SHOP), DEV, Verb.RECONCILE, FAR_SOURCE, ref())
    assert denied == Denied(SHOP, (Misfit.SOURCES,))
    reaching = replace(SHOP, name="reaching", sources=Sources.REFERENCED)
    assert decide_source(channel(SHOP, reaching), DEV, Verb.RECONCILE, FAR_SOURCE, ref()) == Allowed(reaching)


def test_with_none_only_a_rule_for_the_source_itself_allows_it() -> None:
    strict = replace(SHOP, sources=Sources.NONE)
    assert decide_source(channel(strict), DEV, Verb.RECONCILE, SOURCE, ref()) == Denied(strict, (Misfit.SOURCES,))
    itself = replace(strict, name="itself", kinds=frozenset({"GitRepository"}))
    assert decide_source(channel(strict, itself), DEV, Verb.RECONCILE, SOURCE, ref()) == Allowed(itself)


def test_a_chart_comes_along_as_a_source_does() -> None:
    chart = ref("shop-web", kind=HELM_CHART)
    assert decide_source(channel(SHOP), DEV, Verb.RECONCILE, chart, ref(kind=HELM_RELEASE)) == Allowed(SHOP)


def test_a_source_of_an_object_one_may_not_touch_is_refused() -> None:
    denied = decide_source(channel(SHOP), DEV, Verb.RECONCILE, SOURCE, ref(kind=GIT_REPOSITORY))
    assert denied == Denied(SHOP, (Misfit.KIND,))


def test_a_source_is_never_reached_in_another_cluster_nor_without_a_name() -> None:
    reaching = replace(SHOP, sources=Sources.REFERENCED)
    for source in (replace(SOURCE, cluster="staging"), replace(SOURCE, name=""), replace(SOURCE, namespace="")):
        denied = decide_source(channel(reaching), DEV, Verb.RECONCILE, source, ref())
        assert denied == Denied(reaching, (Misfit.SOURCES,))


def test_a_source_does_not_lend_its_reach_to_somebody_else() -> None:
    other = replace(SHOP, name="other", who=Who(users=frozenset({"U0X"})), sources=Sources.REFERENCED)
    denied = decide_source(channel(SHOP, other), DEV, Verb.RECONCILE, FAR_SOURCE, ref())
    assert denied == Denied(SHOP, (Misfit.SOURCES,), (other,))


# --- Sight --------------------------------------------------------------------------------------------------------


def test_a_rule_without_verbs_still_lets_its_people_see() -> None:
    looking = replace(SHOP, verbs=frozenset())
    assert sees(channel(looking), DEV, ref())
    assert not sees(channel(looking), SRE, ref())
    assert not sees(channel(looking), DEV, ref(namespace="infra"))
    assert not sees(channel(looking), DEV, ref(cluster="dev"))


def test_a_source_is_seen_as_far_as_the_rule_of_its_object_reaches() -> None:
    assert not sees(channel(SHOP), DEV, SOURCE)
    assert sees_source(channel(SHOP), DEV, SOURCE, ref())
    assert not sees_source(channel(SHOP), DEV, FAR_SOURCE, ref())
    assert not sees_source(channel(SHOP), SRE, SOURCE, ref())


def test_what_no_rule_could_allow_is_refused_before_any_look_up() -> None:
    assert refuse_early(channel(SHOP), DEV, Verb.RECONCILE) is None
    assert refuse_early(channel(SHOP), SRE, Verb.RECONCILE) == Denied(SHOP, (Misfit.WHO,), (SHOP,))
    assert refuse_early(channel(replace(SHOP, verbs=frozenset())), DEV, Verb.RECONCILE) == Denied(
        replace(SHOP, verbs=frozenset()), (Misfit.VERB,)
    )
    assert refuse_early(channel(), DEV, Verb.RECONCILE) is not None
    assert refuse_early(channel(replace(SHOP, names=())), DEV, Verb.RECONCILE) is not None
    assert refuse_early(channel(SHOP, clusters=()), DEV, Verb.RECONCILE) is not None


def test_help_is_for_everybody_who_is_somebody() -> None:
    assert refuse_early(channel(), SRE, Verb.HELP) is None
    assert refuse_early(channel(SHOP), NOBODY, Verb.HELP) is not None


def test_the_summary_holds_ones_own_rules_only() -> None:
    nothing = replace(SHOP, name="nothing", names=())
    looking = replace(SHOP, name="looking", verbs=frozenset())
    assert summary(channel(EVERYTHING, nothing, looking, SHOP), DEV) == (
        Grant(
            rule="shop-deployers",
            verbs=("reconcile",),
            kinds=("HelmRelease", "Kustomization"),
            namespaces=("shop", "shop-*"),
            names=("*",),
            clusters=("prod", "staging"),
            sources="own-namespace",
            all=False,
            force=False,
            reset=False,
        ),
    )
