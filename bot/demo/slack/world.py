"""Who and what is in the workspace: fixed ids, people, groups, channels. Values only.

Every id has the shape of a real one and says in plain letters whom it means.
"""

from dataclasses import dataclass
from typing import Final

TEAM: Final = "T0DEMOTEAM1"
TEAM_DOMAIN: Final = "flux-demo"
OTHER_TEAM: Final = "T0OTHERORG1"
"""The organisation of `outsider`; its people are met in shared channels only."""

APP: Final = "A0FLUXBOT01"
BOT: Final = "B0FLUXBOT01"
BOT_USER: Final = "U0FLUXBOT01"
BOT_NAME: Final = "flux-reconciler"

# Shaped like real tokens, so that a bot's own checks pass, and too plain to be one.
BOT_TOKEN: Final = "xoxb-1000000000-2000000000-" + "demo" * 6
APP_TOKEN: Final = "xapp-1-A0FLUXBOT01-3000000000-" + "demo" * 16

SRE: Final = "U0SREPERSON"
DEV: Final = "U0DEVPERSON"
GUEST: Final = "U0GUESTPERS"
OUTSIDER: Final = "U0OUTSIDER1"
FORMER: Final = "U0FORMERDEV"
OTHER_BOT: Final = "U0OTHERBOT1"
SLACKBOT: Final = "USLACKBOT"

PLATFORM_TEAM: Final = "S0PLATFORM1"
SHOP_TEAM: Final = "S0SHOPTEAM1"
OLD_TEAM: Final = "S0OLDTEAM01"

PLATFORM: Final = "C0PLATFORM1"
TEAM_SHOP: Final = "C0TEAMSHOP1"
RANDOM: Final = "C0RANDOM001"
FLUX_AUDIT: Final = "C0FLUXAUDIT"
LOBBY: Final = "C0LOBBY0001"
OLD_PROJECT: Final = "C0OLDPROJEC"
PARTNERS: Final = "C0PARTNERS1"
SECRETS: Final = "C0SECRETS01"


@dataclass(frozen=True, slots=True)
class Person:
    """A user as `users.info` shows one. `name` is the handle that the demo's options take."""

    id: str
    name: str
    real_name: str
    team: str = TEAM
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A user group and its members' ids."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation and its members' ids; `direct` marks one between two people."""

    id: str
    name: str
    members: tuple[str, ...]
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    direct: bool = False


PEOPLE: Final = (
    Person(SRE, "sre", "Sam Rivers"),
    Person(DEV, "dev", "Dana Voss"),
    Person(GUEST, "guest", "Gus Tremaine", is_restricted=True),
    Person(OUTSIDER, "outsider", "Odile Sider", team=OTHER_TEAM, is_stranger=True),
    Person(FORMER, "former", "Fran Ormer", deleted=True),
    Person(OTHER_BOT, "otherbot", "Other Bot", is_bot=True),
    Person(BOT_USER, BOT_NAME, "Flux Reconciler", is_bot=True),
)

GROUPS: Final = (
    Group(PLATFORM_TEAM, "platform-team", "Platform team", (SRE,)),
    Group(SHOP_TEAM, "shop-team", "Shop team", (DEV,)),
    Group(OLD_TEAM, "old-team", "Old team", (FORMER,), disabled=True),
)

CHANNELS: Final = (
    Channel(PLATFORM, "platform", (SRE, DEV, GUEST, FORMER, OTHER_BOT, BOT_USER), is_private=True),
    Channel(TEAM_SHOP, "team-shop", (SRE, DEV, GUEST, BOT_USER)),
    Channel(RANDOM, "random", (SRE, DEV, BOT_USER)),
    Channel(FLUX_AUDIT, "flux-audit", (SRE, BOT_USER), is_private=True),
    Channel(LOBBY, "lobby", (SRE, DEV)),
    Channel(OLD_PROJECT, "old-project", (SRE, DEV, BOT_USER), is_archived=True),
    Channel(PARTNERS, "partners", (SRE, DEV, OUTSIDER, BOT_USER), is_ext_shared=True),
    Channel(SECRETS, "secrets", (SRE,), is_private=True),
)
