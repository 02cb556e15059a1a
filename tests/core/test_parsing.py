"""What people type, form by form; docs/commands.md tells them the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.commands import (
    Cancel,
    Check,
    Command,
    Help,
    History,
    Reconcile,
    ReconcileAll,
    Selection,
    Status,
    Target,
    Trouble,
    Unparsed,
    Watch,
)
from bot.core.kinds import (
    GIT_REPOSITORY,
    HELM_CHART,
    HELM_RELEASE,
    IMAGE_REPOSITORY,
    IMAGE_UPDATE_AUTOMATION,
    KUSTOMIZATION,
)
from bot.core.parsing import parse
from bot.core.printing import flux_line, printed
from bot.core.requests import Options
from bot.core.resources import Ref

APPS = Target("apps", KUSTOMIZATION)
NGINX = Target("nginx", HELM_RELEASE)
ALL = Target("*")
EVERY_KS = Target("*", KUSTOMIZATION)


def read(text: str) -> Reconcile:
    command = parse(text)
    assert isinstance(command, Reconcile), command
    return command


def targets(text: str) -> tuple[Target, ...]:
    return read(text).targets


def trouble(text: str) -> tuple[Trouble, str]:
    command = parse(text)
    assert isinstance(command, Unparsed), command
    return command.trouble, command.word


@pytest.mark.parametrize(
    "text",
    [
        "--resource kustomization --name apps",
        "--resource=kustomization --name=apps",
        "--kind KS --name apps",
        '--resource "kustomization" --name "apps"',
        "--resource ks apps",
        "--resource ks/apps",
        "ks apps",
        "ks --name apps",
        "KS Apps",
        "Kustomizations apps",
        "ks/apps",
        "kustomization.kustomize.toolkit.fluxcd.io/apps",
        "flux reconcile kustomization apps",
        "/flux-reconcile ks apps",
        "/flux-reconcile flux reconcile ks apps",
        "Reconcile ks apps",
        "ks apps, ks apps\nks/apps",
    ],
)
def test_one_object_has_many_spellings(text: str) -> None:
    assert targets(text) == (APPS,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ks shop/cart", Target("cart", KUSTOMIZATION, "shop")),
        ("ks/shop/cart", Target("cart", KUSTOMIZATION, "shop")),
        ("ks ks/shop/cart", Target("cart", KUSTOMIZATION, "shop")),
        ("ks cart -n shop", Target("cart", KUSTOMIZATION, "shop")),
        ("ks cart --namespace=Shop", Target("cart", KUSTOMIZATION, "shop")),
        ("ks cart in shop", Target("cart", KUSTOMIZATION, "shop")),
        ("ks shop/cart -n shop", Target("cart", KUSTOMIZATION, "shop")),
        ("prod ks/shop/cart", Target("cart", KUSTOMIZATION, "shop", "prod")),
        ("prod ks/cart", Target("cart", KUSTOMIZATION, None, "prod")),
        ("Prod ks cart", Target("cart", KUSTOMIZATION, None, "Prod")),
        ("prod source git cart", Target("cart", GIT_REPOSITORY, None, "prod")),
        ("prod --resource ks --name cart", Target("cart", KUSTOMIZATION, None, "prod")),
        ("--with-source prod ks/cart", Target("cart", KUSTOMIZATION, None, "prod")),
        ("ks cart on prod", Target("cart", KUSTOMIZATION, None, "prod")),
        ("on prod ks cart", Target("cart", KUSTOMIZATION, None, "prod")),
        ("ks cart -c prod", Target("cart", KUSTOMIZATION, None, "prod")),
        ("ks cart --context=prod", Target("cart", KUSTOMIZATION, None, "prod")),
        (
            'ks cart --cluster "arn:aws:eks:eu:1:cluster/prod"',
            Target("cart", KUSTOMIZATION, None, "arn:aws:eks:eu:1:cluster/prod"),
        ),
        (
            "arn:aws:eks:eu:1:cluster/prod ks/cart",
            Target("cart", KUSTOMIZATION, None, "arn:aws:eks:eu:1:cluster/prod"),
        ),
        ("kustomization/apps.flux-system", Target("apps.flux-system", KUSTOMIZATION)),
        ("apps.flux-system", Target("apps.flux-system")),
        ("apps", Target("apps")),
        ("--name git", Target("git")),
        ('"git"', Target("git")),
        ("shop/cart", Target("cart", None, "shop")),
        ("/git/gitea", Target("gitea", None, "git")),
        ("ks git/gitea", Target("gitea", KUSTOMIZATION, "git")),
        ("ks ks/apps", Target("apps", KUSTOMIZATION, "ks")),
        ("ks git", Target("git", KUSTOMIZATION)),
        ("source git cart", Target("cart", GIT_REPOSITORY)),
        ("Source Git/cart", Target("cart", GIT_REPOSITORY)),
        ("sources git cart", Target("cart", GIT_REPOSITORY)),
        ('--resource "image repository" --name cart', Target("cart", IMAGE_REPOSITORY)),
        ("image update cart", Target("cart", IMAGE_UPDATE_AUTOMATION)),
        ("flux reconcile source chart cart -n shop", Target("cart", HELM_CHART, "shop")),
    ],
)
def test_every_form_names_its_object(text: str, expected: Target) -> None:
    assert targets(text) == (expected,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apps frontend", (Target("apps"), Target("frontend"))),
        ("ks apps frontend", (APPS, Target("frontend", KUSTOMIZATION))),
        ("ks apps, frontend", (APPS, Target("frontend", KUSTOMIZATION))),
        ("ks apps; hr nginx", (APPS, NGINX)),
        ("ks apps hr nginx", (APPS, NGINX)),
        ("ks apps\nhr nginx", (APPS, NGINX)),
        ("ks/apps hr/nginx", (APPS, NGINX)),
        ("ks apps hr/nginx", (APPS, NGINX)),
        ("flux reconcile ks apps\nflux reconcile hr nginx", (APPS, NGINX)),
        ("• ks apps\n• hr nginx", (APPS, NGINX)),
        ("- flux reconcile ks apps\n  - hr nginx", (APPS, NGINX)),
        ("* ks apps, hr nginx", (APPS, NGINX)),
        ("ks apps\nflux", (APPS, Target("flux", KUSTOMIZATION))),
        ("flux, ks/apps", (Target("flux"), APPS)),
        ("prod, ks/apps", (Target("prod"), APPS)),
        ("--resource ks --name apps --name git", (APPS, Target("git", KUSTOMIZATION))),
        ("--resource ks --name apps web", (APPS, Target("web", KUSTOMIZATION))),
        (
            "ks shop/apps web -n flux-system",
            (Target("apps", KUSTOMIZATION, "shop"), Target("web", KUSTOMIZATION, "flux-system")),
        ),
        (
            "ks/apps on a, hr/nginx on b",
            (Target("apps", KUSTOMIZATION, None, "a"), Target("nginx", HELM_RELEASE, None, "b")),
        ),
        (
            "a ks/apps b hr/nginx",
            (Target("apps", KUSTOMIZATION, None, "a"), Target("nginx", HELM_RELEASE, None, "b")),
        ),
        ("a ks/apps, hr/nginx", (Target("apps", KUSTOMIZATION, None, "a"), Target("nginx", HELM_RELEASE, None, "a"))),
        (
            "ks/apps on a, hr/nginx",
            (Target("apps", KUSTOMIZATION, None, "a"), Target("nginx", HELM_RELEASE, None, "a")),
        ),
    ],
)
def test_several_objects_are_one_command(text: str, expected: tuple[Target, ...]) -> None:
    assert targets(text) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", Options()),
        ("--with-source", Options(with_source=True)),
        ("--With-Source", Options(with_source=True)),
        ("--with-source true", Options(with_source=True)),
        ("--with-source=false", Options(with_source=False)),
        ("--with-source --with-source=true", Options(with_source=True)),
        ("with source", Options(with_source=True)),
        ("with-source", Options(with_source=True)),
        ("With-Source", Options(with_source=True)),
        ("withsource", Options(with_source=True)),
        ("--with source", Options(with_source=True)),
        ("-- with-source", Options(with_source=True)),
        ("- with-source", Options(with_source=True)),
        ("-- with source", Options(with_source=True)),
        ("-- timeout=1h", Options(timeout=timedelta(hours=1))),
        ("-- timeout 1h", Options(timeout=timedelta(hours=1))),
        ("--force --reset", Options(force=True, reset=True)),
        ("--timeout 10s", Options(timeout=timedelta(seconds=10))),
        ("--timeout=1h", Options(timeout=timedelta(hours=1))),
        ("--timeout 1m30s", Options(timeout=timedelta(seconds=90))),
        ("--timeout 90S", Options(timeout=timedelta(seconds=90))),
        ("--timeout 0.5m", Options(timeout=timedelta(seconds=30))),
    ],
)
def test_options_may_stand_before_and_behind_the_object(options: str, expected: Options) -> None:
    assert read(f"hr nginx {options}") == read(f"{options} hr nginx")
    assert read(f"hr nginx {options}").options == expected
    assert targets(f"hr nginx {options}") == (NGINX,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", Selection((ALL,))),
        ("--resource all", Selection((ALL,))),
        ("--all", Selection((ALL,))),
        ("*", Selection((ALL,))),
        ("flux reconcile all", Selection((ALL,))),
        ("all -n shop", Selection((replace(ALL, namespace="shop"),))),
        ("all in shop namespace", Selection((replace(ALL, namespace="shop"),))),
        ("shop/*", Selection((replace(ALL, namespace="shop"),))),
        ("all -A", Selection((ALL,), everywhere=True)),
        ("all --all-namespaces", Selection((ALL,), everywhere=True)),
        ("-A", Selection((ALL,), everywhere=True)),
        ("all --failing", Selection((ALL,), failing=True)),
        ("--failing", Selection((ALL,), failing=True)),
        ("-n shop --failing", Selection((replace(ALL, namespace="shop"),), failing=True)),
        ("--failing on prod", Selection((replace(ALL, cluster="prod"),), failing=True)),
        ("all -l team=shop", Selection((ALL,), labels=(("team", "shop"),))),
        ("-l team=shop", Selection((ALL,), labels=(("team", "shop"),))),
        ("all --selector=a.b/c==D", Selection((ALL,), labels=(("a.b/c", "D"),))),
        ("all -l b=1,a=2 --failing", Selection((ALL,), labels=(("a", "2"), ("b", "1")), failing=True)),
        ("all -l empty=", Selection((ALL,), labels=(("empty", ""),))),
        ("prod all", Selection((replace(ALL, cluster="prod"),))),
        ("all on prod", Selection((replace(ALL, cluster="prod"),))),
        ("all --cluster prod", Selection((replace(ALL, cluster="prod"),))),
        ("ks all", Selection((EVERY_KS,))),
        ("ks --all", Selection((EVERY_KS,))),
        ("ks *", Selection((EVERY_KS,))),
        ("ks -A", Selection((EVERY_KS,), everywhere=True)),
        ("ks --failing", Selection((EVERY_KS,), failing=True)),
        ("--resource ks --all", Selection((EVERY_KS,))),
        ("prod ks all", Selection((replace(EVERY_KS, cluster="prod"),))),
        ("ks shop-*", Selection((Target("shop-*", KUSTOMIZATION),))),
        ('ks "shop-*"', Selection((Target("shop-*", KUSTOMIZATION),))),
        ("--resource ks --name Shop-*", Selection((Target("shop-*", KUSTOMIZATION),))),
        ("ks shop/web-?", Selection((Target("web-?", KUSTOMIZATION, "shop"),))),
        ("ks/web-[ab]", Selection((Target("web-[ab]", KUSTOMIZATION),))),
        ("web-*", Selection((Target("web-*"),))),
        ("ks shop-* hr all", Selection((Target("shop-*", KUSTOMIZATION), Target("*", HELM_RELEASE)))),
        ("ks apps shop-*", Selection((APPS, Target("shop-*", KUSTOMIZATION)))),
        ("ks apps -l a=b", Selection((APPS,), labels=(("a", "b"),))),
    ],
)
def test_what_is_chosen_by_what_it_has_in_common_is_a_selection(text: str, expected: Selection) -> None:
    command = parse(text)
    assert isinstance(command, ReconcileAll), command
    assert (command.selection, command.options) == (expected, Options())
    assert parse(command.typed) == command


def test_quotes_make_a_name_of_the_word_all() -> None:
    assert targets('ks "all"') == (Target("all", KUSTOMIZATION),)
    assert targets("ks/all") == (Target("all", KUSTOMIZATION),)


def test_a_selection_takes_the_options_of_a_reconcile() -> None:
    command = parse("all --with-source --timeout 10m")
    assert isinstance(command, ReconcileAll)
    assert command.options == Options(with_source=True, timeout=timedelta(minutes=10))


def history(typed: str, what: Target = ALL, *, by: str = "", since: timedelta = timedelta(days=7)) -> History:
    return History((what,), by, since, typed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status", Status(Selection((ALL,)), "status all")),
        ("Get", Status(Selection((ALL,)), "status all")),
        ("ls -A", Status(Selection((ALL,), everywhere=True), "status all -A")),
        ("status ks", Status(Selection((EVERY_KS,)), "status ks/*")),
        ("flux get kustomizations", Status(Selection((EVERY_KS,)), "status ks/*")),
        ("flux get sources git", Status(Selection((Target("*", GIT_REPOSITORY),)), "status gitrepository/*")),
        ("status --failing", Status(Selection((ALL,), failing=True), "status all --failing")),
        ("status -n shop", Status(Selection((replace(ALL, namespace="shop"),)), "status shop/*")),
        ("status on prod", Status(Selection((replace(ALL, cluster="prod"),)), "status all --cluster prod")),
        ("status ks on prod", Status(Selection((replace(EVERY_KS, cluster="prod"),)), "status prod ks/*")),
        ("status ks apps", Status((APPS,), "status ks/apps")),
        ("status apps", Status((Target("apps"),), "status apps")),
        ("status prod ks/apps", Status((replace(APPS, cluster="prod"),), "status prod ks/apps")),
        ("watch", Watch(Selection((ALL,)), timedelta(minutes=15), "watch all --for 15m")),
        ("watch ks apps --for 5m", Watch((APPS,), timedelta(minutes=5), "watch ks/apps --for 5m")),
        ("history", history("history all --since 7d")),
        ("History ks apps", history("history ks/apps --since 7d", APPS)),
        ("history ks --since 90m", history("history ks/* --since 1h30m", EVERY_KS, since=timedelta(minutes=90))),
        ("history --since 2w", history("history all --since 14d", since=timedelta(weeks=2))),
        ("history --since=1d12h", history("history all --since 1d12h", since=timedelta(hours=36))),
        ("history --by @U0DEV", history("history all --by @U0DEV --since 7d", by="U0DEV")),
        ("history --by U0DEV --by <@U0DEV|dev>", history("history all --by @U0DEV --since 7d", by="U0DEV")),
        ("history apps --by Me", history("history apps --by me --since 7d", Target("apps"), by="me")),
        ("history -A", history("history all --since 7d")),
        ("history shop/*", history("history shop/* --since 7d", replace(ALL, namespace="shop"))),
        ("history on prod", history("history all --cluster prod --since 7d", replace(ALL, cluster="prod"))),
        ("history prod ks/apps", history("history prod ks/apps --since 7d", replace(APPS, cluster="prod"))),
        ("check", Check(None, "check")),
        ("check prod", Check("prod", "check --cluster prod")),
        ("check on prod", Check("prod", "check --cluster prod")),
        ("check --cluster prod", Check("prod", "check --cluster prod")),
        ("cancel", Cancel("", "cancel")),
        ("cancel AB12cd34", Cancel("ab12cd34", "cancel ab12cd34")),
    ],
)
def test_other_verbs_are_the_first_word(text: str, expected: Command) -> None:
    assert parse(text) == expected
    assert parse(printed(expected)) == expected


@pytest.mark.parametrize(
    "text",
    ["", " \n ", "help", "Help", "help ks", "--help", "-h", "?", "ks apps --help", "flux", "/flux-reconcile help"],
)
def test_help_is_given_for_every_way_to_ask_for_it(text: str) -> None:
    assert parse(text) == Help()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ks", (Trouble.NO_NAME, "ks")),
        ("ks apps hr", (Trouble.NO_NAME, "hr")),
        ("source git", (Trouble.NO_NAME, "git")),
        ("--resource ks", (Trouble.NO_NAME, "ks")),
        ("ks/", (Trouble.NO_NAME, "ks")),
        ("--with-source", (Trouble.NO_NAME, "")),
        ("on prod", (Trouble.NO_NAME, "")),
        ("ks all --force", (Trouble.NOT_FOR_MANY, "--force")),
        ("hr web-* --reset", (Trouble.NOT_FOR_MANY, "--reset")),
        ("ks shop/* -A", (Trouble.CONTRADICTION, "-A")),
        ("all apps", (Trouble.CONTRADICTION, "all")),
        ("ks apps -l team", (Trouble.BAD_VALUE, "-l team")),
        ("ks apps -l team=!", (Trouble.BAD_VALUE, "-l team=!")),
        ("all -l a=b -l a=c", (Trouble.CONTRADICTION, "-l a=c")),
        ("all -l", (Trouble.NO_VALUE, "-l")),
        ("ks apps --for 5m", (Trouble.NOT_THIS_VERB, "--for")),
        ("ks apps --since 5m", (Trouble.NOT_THIS_VERB, "--since")),
        ("ks apps --by me", (Trouble.NOT_THIS_VERB, "--by")),
        ("status --since 5m", (Trouble.NOT_THIS_VERB, "--since")),
        ("watch ks apps --by me", (Trouble.NOT_THIS_VERB, "--by")),
        ("check prod --since 5m", (Trouble.NOT_THIS_VERB, "--since")),
        ("history --for 5m", (Trouble.NOT_THIS_VERB, "--for")),
        ("history ks apps --with-source", (Trouble.NOT_THIS_VERB, "--with-source")),
        ("history --failing", (Trouble.NOT_THIS_VERB, "--failing")),
        ("history -l team=shop", (Trouble.NOT_THIS_VERB, "-l")),
        ("history --since 7", (Trouble.BAD_VALUE, "--since 7")),
        ("history --since 30s", (Trouble.BAD_VALUE, "--since 30s")),
        ("history --since 9999w", (Trouble.BAD_VALUE, "--since 9999w")),
        ("history --since 7d --since 6d", (Trouble.CONTRADICTION, "--since 6d")),
        ("history --by @dev", (Trouble.BAD_VALUE, "--by @dev")),
        ("history --by u0dev", (Trouble.BAD_VALUE, "--by u0dev")),
        ("history --by me --by U0DEV", (Trouble.CONTRADICTION, "--by U0DEV")),
        ("history --by", (Trouble.NO_VALUE, "--by")),
        ("status ks apps --with-source", (Trouble.NOT_THIS_VERB, "--with-source")),
        ("status --for 5m", (Trouble.NOT_THIS_VERB, "--for")),
        ("watch --timeout 5m", (Trouble.NOT_THIS_VERB, "--timeout")),
        ("watch --for 59s", (Trouble.BAD_VALUE, "--for 59s")),
        ("watch --for 61m", (Trouble.BAD_VALUE, "--for 61m")),
        ("check -n shop", (Trouble.NOT_THIS_VERB, "-n")),
        ("check a b", (Trouble.CONTRADICTION, "b")),
        ("check a/", (Trouble.BAD_NAME, "a/")),
        ("cancel ab12cd34 now", (Trouble.NOT_THIS_VERB, "now")),
        ("cancel ks/apps", (Trouble.BAD_VALUE, "ks/apps")),
        ("describe ks apps", (Trouble.UNKNOWN_VERB, "describe")),
        ("flux suspend ks apps", (Trouble.UNKNOWN_VERB, "suspend")),
        ("reconcil ks apps", (Trouble.UNKNOWN_VERB, "reconcil")),
        ("deployment web", (Trouble.UNKNOWN_KIND, "deployment")),
        ("Deployment/shop/web", (Trouble.UNKNOWN_KIND, "Deployment")),
        ("source foo apps", (Trouble.UNKNOWN_KIND, "source foo")),
        ("kustomization.apps.example.com/apps", (Trouble.UNKNOWN_KIND, "kustomization.apps.example.com")),
        ("ks apps --no-such", (Trouble.UNKNOWN_OPTION, "--no-such")),
        ("ks apps --", (Trouble.UNKNOWN_OPTION, "--")),
        ("ks apps -- please", (Trouble.UNKNOWN_OPTION, "--")),
        ("ks apps -", (Trouble.BAD_NAME, "-")),
        ("ks apps --with", (Trouble.UNKNOWN_OPTION, "--with")),
        ("ks with-source", (Trouble.NO_NAME, "ks")),
        ("ks apps -n", (Trouble.NO_VALUE, "-n")),
        ("ks apps -n --with-source", (Trouble.NO_VALUE, "-n")),
        ("ks --name=", (Trouble.NO_VALUE, "--name=")),
        ("ks apps --with-source=maybe", (Trouble.BAD_VALUE, "--with-source=maybe")),
        ("ks apps --timeout 9s", (Trouble.BAD_VALUE, "--timeout 9s")),
        ("ks apps --timeout 61m", (Trouble.BAD_VALUE, "--timeout 61m")),
        ("ks apps --timeout 90", (Trouble.BAD_VALUE, "--timeout 90")),
        ("ks apps --timeout=-5m", (Trouble.BAD_VALUE, "--timeout -5m")),
        ("ks apps --timeout " + "9" * 99 + "h", (Trouble.BAD_VALUE, "--timeout " + "9" * 89 + "…")),
        ("ks my_app", (Trouble.BAD_NAME, "my_app")),
        ("ks shop_*", (Trouble.BAD_NAME, "shop_*")),
        ("ks sh*p/web", (Trouble.BAD_NAME, "sh*p/web")),
        ("ks " + "a" * 254, (Trouble.BAD_NAME, "a" * 99 + "…")),
        ("ks apps -n a.b", (Trouble.BAD_NAME, "a.b")),
        ("ks a.b/apps", (Trouble.BAD_NAME, "a.b/apps")),
        ("ks " + "n" * 64 + "/a", (Trouble.BAD_NAME, "n" * 64 + "/a")),
        ("ks//apps", (Trouble.BAD_NAME, "/apps")),
        ("ks apps on -prod", (Trouble.UNKNOWN_OPTION, "-prod")),
        ("ks apps --cluster $HOME", (Trouble.BAD_NAME, "$HOME")),
        ('ks "apps', (Trouble.OPEN_QUOTE, '"apps')),
        ("ks apps -n a -n b", (Trouble.CONTRADICTION, "--namespace b")),
        ("ks shop/apps -n other", (Trouble.CONTRADICTION, "--namespace other")),
        ("--resource ks --kind hr --name a", (Trouble.CONTRADICTION, "--resource hr")),
        ("--resource ks hr nginx", (Trouble.CONTRADICTION, "hr")),
        ("--resource ks hr/nginx", (Trouble.CONTRADICTION, "hr")),
        ("ks hr/shop/nginx", (Trouble.CONTRADICTION, "ks")),
        ("ks apps --with-source --with-source=false", (Trouble.CONTRADICTION, "--with-source")),
        ("ks apps --timeout 1m --timeout 2m", (Trouble.CONTRADICTION, "--timeout 2m")),
        ("prod ks/apps --cluster staging", (Trouble.CONTRADICTION, "prod")),
        ("prod ks/apps on staging", (Trouble.CONTRADICTION, "staging")),
        ("ks/apps, prod hr/nginx", (Trouble.CONTRADICTION, "prod")),
        ("ks/apps on prod, ks/apps on staging, hr/nginx", (Trouble.CONTRADICTION, "prod")),
        ("ks apps, frontend hr nginx", (Trouble.CONTRADICTION, "frontend")),
        ("ks apps --force", (Trouble.NOT_THIS_KIND, "--force")),
        ("hr nginx ks apps --reset", (Trouble.NOT_THIS_KIND, "--reset")),
        ("ks " + " ".join(f"a{n}" for n in range(21)), (Trouble.TOO_MANY, "21")),
        ("ks " + "a" * 20_000, (Trouble.TOO_LONG, "ks " + "a" * 96 + "…")),
    ],
)
def test_what_is_no_command_says_which_word_is_to_blame(text: str, expected: tuple[Trouble, str]) -> None:
    assert trouble(text) == expected


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("kustomisation apps", ("kustomization",)),
        ("kustomisation/apps", ("kustomization",)),
        ("--resource helmrelese --name nginx", ("helmrelease",)),
        ("helm-release nginx", ("helmrelease",)),
        ("helm nginx", ("helmrelease", "helmrepository", "helmchart")),
        ("source gti apps", ("source git",)),
        ("ks apps --with-sorce", ("--with-source",)),
        ("ks apps --namespce shop", ("--namespace",)),
        ("reconsile ks apps", ("reconcile",)),
        ("deployment web", ()),
    ],
)
def test_the_nearest_words_are_offered(text: str, nearest: tuple[str, ...]) -> None:
    command = parse(text)
    assert isinstance(command, Unparsed)
    assert command.nearest == nearest


def test_an_unknown_kind_is_answered_with_every_kind_that_can_be_asked_for() -> None:
    command = parse("--resource pod --name web")
    assert isinstance(command, Unparsed)
    assert command.valid == (
        *("ks", "hr", "gitrepository", "ocirepository", "helmrepository", "helmchart", "bucket", "artifactgenerator"),
        *("imagerepository", "imagepolicy", "imageupdateautomation", "receiver"),
        *("fluxinstance", "resourceset", "resourcesetinputprovider"),
    )


def test_twenty_objects_are_allowed_and_duplicates_do_not_count() -> None:
    twenty = " ".join(f"a{n}" for n in range(20))
    assert len(targets(f"ks {twenty} a0 A1")) == 20


def test_the_slash_command_may_have_another_name() -> None:
    assert parse("/deploy ks apps", "/deploy") == read("ks apps")
    assert parse("/Deploy ks apps", "deploy") == read("ks apps")
    assert parse("/flux-reconcile ks apps", "/deploy") == read("ks apps")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("--resource kustomization --name my-app --with-source", "ks/my-app --with-source"),
        ("ks apps on Prod", "Prod ks/apps"),
        ("apps on prod", "apps --cluster prod"),
        ("ks apps --cluster git", "ks/apps --cluster git"),
        ("ks a on x, ks b on y", "ks/a on x, ks/b on y"),
        ('"git" /pod/web', '"git", /pod/web'),
        ("hr nginx --timeout 90s --reset --force", "hr/nginx --force --reset --timeout 1m30s"),
        ("?", "help"),
    ],
)
def test_a_command_is_printed_in_our_own_words(text: str, canonical: str) -> None:
    command = parse(text)
    assert not isinstance(command, Unparsed)
    assert printed(command) == canonical


def test_the_flux_line_is_what_the_cli_takes() -> None:
    def line(kind_ref: Ref) -> str:
        return flux_line(kind_ref, with_source=True)

    assert line(Ref("prod", KUSTOMIZATION, "shop", "web")) == "flux reconcile kustomization web -n shop --with-source"
    assert line(Ref("prod", GIT_REPOSITORY, "shop", "web")) == "flux reconcile source git web -n shop"
    assert line(Ref("prod", IMAGE_UPDATE_AUTOMATION, "shop", "all")) == 'flux reconcile image update "all" -n shop'
