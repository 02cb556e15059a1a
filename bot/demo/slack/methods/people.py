"""`auth.test`, `users.info` and `usergroups.list`: who is who."""

from typing import Final

from bot.demo.slack.answers import Answer, Done, Refused
from bot.demo.slack.arguments import Arguments
from bot.demo.slack.methods.method import Method, words
from bot.demo.slack.site import Site
from bot.demo.slack.world import BOT, BOT_NAME, BOT_USER, TEAM, TEAM_DOMAIN, Group, Person


def auth_test(_site: Site, _args: Arguments) -> Answer:
    """Whose token this is."""
    return Done(
        {
            "url": f"https://{TEAM_DOMAIN}.slack.com/",
            "team": TEAM_DOMAIN,
            "user": BOT_NAME,
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
            "is_enterprise_install": False,
        }
    )


def users_info(site: Site, args: Arguments) -> Answer:
    """One person. Somebody from outside is known only if some channel is shared with the bot."""
    person = site.roster.find_person(args.text("user"))
    if person is None or not _met(site, person):
        return Refused("user_not_found")
    return Done({"user": person_json(person)})


def usergroups_list(site: Site, args: Arguments) -> Answer:
    """The groups, with their members if asked to; disabled ones only if asked to."""
    groups = [group for group in site.roster.groups() if args.flag("include_disabled") or not group.disabled]
    return Done({"usergroups": [_group_json(group, args) for group in groups]})


def person_json(person: Person) -> dict[str, object]:
    """A person as `users.info` shows one: of somebody deactivated most flags are left out."""
    shown: dict[str, object] = {
        "id": person.id,
        "team_id": person.team,
        "name": person.name,
        "deleted": person.deleted,
        "profile": {
            "real_name": person.real_name,
            "display_name": person.name,
            "real_name_normalized": person.real_name,
            "display_name_normalized": person.name,
            "team": person.team,
        },
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 1_700_000_000,
    }
    if person.is_stranger:
        shown["is_stranger"] = True
    return shown if person.deleted else {**shown, **_flags(person)}


def _flags(person: Person) -> dict[str, object]:
    return {
        "color": "9f69e7",
        "real_name": person.real_name,
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE",
    }


def _met(site: Site, person: Person) -> bool:
    shared = (channel for channel in site.roster.channels() if channel.is_ext_shared)
    return not person.is_stranger or any({person.id, BOT_USER} <= set(channel.members) for channel in shared)


def _group_json(group: Group, args: Arguments) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": group.id,
        "team_id": TEAM,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 1_700_000_000,
        "date_update": 1_700_000_000,
        "date_delete": 1_700_000_000 if group.disabled else 0,
        "auto_type": None,
        "prefs": {"channels": [], "groups": []},
    }
    if args.flag("include_users"):
        shown["users"] = list(group.users)
    if args.flag("include_count"):
        shown["user_count"] = len(group.users)
    return shown


METHODS: Final = (
    Method("auth.test", auth_test),
    Method("users.info", users_info, words("user"), words("include_locale"), ("users:read",)),
    Method(
        "usergroups.list",
        usergroups_list,
        optional=words("include_count include_disabled include_users"),
        scopes=("usergroups:read",),
    ),
)
