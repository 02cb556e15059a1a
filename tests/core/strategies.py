"""Hypothesis strategies for names, objects and commands: anything that Kubernetes and our grammar allow."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from bot.core.commands import ME, History, Reconcile, ReconcileAll, Selection, Status, Target, Watch
from bot.core.kinds import ASKABLE, HELM_RELEASE, KINDS, kind_words
from bot.core.printing import history, reconcile, reconcile_all, status, watch
from bot.core.requests import Options
from bot.core.resources import Ref
from bot.core.vocabulary import LEADING, OTHER_VERBS, VERBS, glob_in, is_cluster, stands_before

_LABEL = r"[a-z0-9]([-a-z0-9]{0,12}[a-z0-9])?"
AWKWARD = (
    "help",
    "all",
    "on",
    "in",
    "with",
    "source",
    "image",
    "true",
    "namespace",
    "pod",
    "kustomise",
    "reconciler",
)
"""Names that also mean something to the grammar, or nearly."""

words_of_ours = st.sampled_from(sorted({*kind_words(), *LEADING, *VERBS, *OTHER_VERBS, *AWKWARD}))
labels = st.from_regex(_LABEL, fullmatch=True)
namespaces = st.one_of(labels, words_of_ours, st.just("n" * 63)).filter(lambda text: len(text) <= 63)
names = st.one_of(
    labels,
    words_of_ours,
    st.from_regex(rf"{_LABEL}(\.{_LABEL}){{1,3}}", fullmatch=True),
    st.just(".".join(("a" * 62,) * 4)),
)
clusters = st.one_of(
    labels,
    words_of_ours,
    st.sampled_from(
        [
            "prod-eu",
            "kind-kind",
            "gke_acme_europe-west1_prod",
            "admin@prod",
            "arn:aws:eks:eu-west-1:1:c/prod",
            "a/b",
        ]
    ),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@/+=~-]{0,20}[A-Za-z0-9]", fullmatch=True),
).filter(is_cluster)
kinds = st.sampled_from(KINDS)
refs = st.builds(Ref, clusters.filter(stands_before), kinds, namespaces, names)


@st.composite
def commands(draw: st.DrawFn) -> Reconcile:
    """Any command that the grammar can say: either all targets have a cluster or none has."""
    timeout = draw(st.one_of(st.none(), st.timedeltas(timedelta(seconds=10), timedelta(hours=1))))
    helm_only = draw(st.booleans())
    kind = st.just(HELM_RELEASE) if helm_only else st.one_of(st.none(), st.sampled_from(ASKABLE), kinds)
    flags = st.booleans() if helm_only else st.just(False)
    cluster = clusters if draw(st.booleans()) else st.none()
    target = st.builds(Target, names, kind, st.one_of(st.none(), namespaces), cluster)
    targets = draw(st.lists(target, min_size=1, max_size=20, unique=True))
    options = Options(draw(st.booleans()), draw(flags), draw(flags), timeout)
    return reconcile(tuple(targets), options)


globs = st.from_regex(r"[a-z0-9*?.\[\]!-]{1,12}", fullmatch=True).filter(lambda text: glob_in(text) is not None)
selecting = st.lists(
    st.tuples(
        st.from_regex(r"([a-z]{1,5}\.[a-z]{1,5}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,5}[A-Za-z0-9])?", fullmatch=True),
        st.from_regex(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,5}[A-Za-z0-9])?)?", fullmatch=True),
    ),
    max_size=3,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: tuple(sorted(pairs)))


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Any selection that the grammar can say."""
    cluster = draw(st.one_of(st.none(), clusters))
    everywhere = draw(st.booleans())
    kind = st.one_of(st.none(), st.sampled_from(ASKABLE))
    namespace = st.none() if everywhere else st.one_of(st.none(), namespaces)
    pattern = st.builds(Target, st.one_of(st.just("*"), globs, names), kind, namespace, st.just(cluster))
    patterns = draw(st.lists(pattern, min_size=1, max_size=5, unique=True))
    whole = [each for each in patterns if each == Target("*", None, None, cluster)]
    picked, failing = draw(selecting), draw(st.booleans())
    selects = everywhere or picked or failing or any(glob_in(each.name) for each in patterns)
    return Selection(tuple(whole or patterns), everywhere, picked, failing or not selects)


@st.composite
def readings(draw: st.DrawFn) -> ReconcileAll | Status | Watch | History:
    """A command for a selection, or one that only looks."""
    timeout = draw(st.one_of(st.none(), st.timedeltas(timedelta(seconds=10), timedelta(hours=1))))
    if draw(st.booleans()):
        return reconcile_all(draw(selections()), Options(draw(st.booleans()), timeout=timeout))
    what = draw(st.one_of(selections(), commands().map(lambda command: command.targets)))
    if draw(st.booleans()):
        since = draw(st.timedeltas(timedelta(minutes=1), timedelta(days=3650)))
        patterns = what.patterns if isinstance(what, Selection) else what
        return history(patterns, draw(st.sampled_from(["", ME, "U0DEV", "W012AB3CD"])), since)
    length = draw(st.timedeltas(timedelta(minutes=1), timedelta(hours=1)))
    return status(what) if draw(st.booleans()) else watch(what, length)
