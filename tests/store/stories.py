"""Requests, offers and entries with nothing special about them."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.audit import Entry, Result
from bot.core.commands import Help
from bot.core.kinds import KUSTOMIZATION
from bot.core.offers import Offer, Press
from bot.core.requests import Ask, Caller, Options, Place, Request, Verb
from bot.core.resources import Ref
from tests.fakes.clock import MORNING

ADA = Caller("U0ADA", "Ada", "T0HOME", frozenset({"S0SRE"}))
BEN = Caller("U0BEN", "Ben", "T0HOME")
PLATFORM = Place("C0PLATFORM", "platform", "T0HOME")
SHOP = Place("C0SHOP", "team-shop", "T0HOME")
WEB = Ref("prod", KUSTOMIZATION, "shop", "web")
API = Ref("prod", KUSTOMIZATION, "shop", "api")


def a_request(
    id_: str,
    *,
    at: datetime = MORNING,
    caller: Caller = ADA,
    targets: tuple[Ref, ...] = (WEB,),
    options: Options | None = None,
    place: Place = PLATFORM,
    delivery: str = "",
) -> Request:
    return Request(
        id=id_,
        verb=Verb.RECONCILE,
        targets=targets,
        options=options or Options(),
        caller=caller,
        place=place,
        typed="ks shop/web",
        rule="shop for everybody",
        asked_at=at,
        delivery=delivery or f"delivery-of-{id_}",
    )


def an_ask(ref: Ref = WEB, token: str = "2026-08-20T09:14:00Z-aaaa") -> Ask:
    return Ask(ref, token, prev="", patched_at=MORNING, deadline=MORNING + timedelta(minutes=5))


def an_offer(key: str, *, minutes: float = 60) -> Offer:
    return Offer(key, Press.RETRY, Help(), PLATFORM, made_at=MORNING, ends_at=MORNING + timedelta(minutes=minutes))


def an_entry(request: str = "", outcome: Result = Result.CHANGED) -> Entry:
    return Entry(MORNING, request, ADA, PLATFORM, Verb.RECONCILE, str(WEB), Options(), "shop for everybody", outcome)
