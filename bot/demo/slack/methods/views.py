"""`views.*`: modals and homes."""

import json
from typing import Final

from bot.demo.slack.answers import Answer, Done, Refused
from bot.demo.slack.arguments import Arguments
from bot.demo.slack.forms import view_complaints
from bot.demo.slack.methods.method import Method, words
from bot.demo.slack.modals import MOST_STACKED, View, Views, as_payload
from bot.demo.slack.shapes import Json, as_object, as_text
from bot.demo.slack.site import Site

LARGEST_BYTES: Final = 250_000


def open_view(site: Site, args: Arguments) -> Answer:
    """A modal before whoever the trigger belongs to."""
    content = _content(site.views, args, "modal")
    if isinstance(content, Refused):
        return content
    trigger = site.triggers.spend(args.text("trigger_id"))
    if isinstance(trigger, str):
        return Refused(trigger)
    return _shown(site.views.show(trigger.user, content))


def push(site: Site, args: Arguments) -> Answer:
    """A modal on top of the one in which the trigger was made."""
    content = _content(site.views, args, "modal")
    if isinstance(content, Refused):
        return content
    trigger = site.triggers.spend(args.text("trigger_id"))
    if isinstance(trigger, str):
        return Refused(trigger)
    below = None if trigger.view is None else site.views.find(trigger.view)
    if below is None:
        return Refused("not_found")
    if len(site.views.stack(trigger.user)) >= MOST_STACKED:
        return Refused("push_limit_reached")
    return _shown(site.views.show(trigger.user, content, below))


def update(site: Site, args: Arguments) -> Answer:
    """Other content for an open view."""
    view = (
        site.views.find(args.text("view_id")) if args.has("view_id") else site.views.named(args.text("external_id"))
    )
    if view is None:
        return Refused("not_found")
    if args.has("hash") and args.text("hash") != view.hash:
        return Refused("hash_conflict")
    content = _content(site.views, args, "home" if view.is_home else "modal", view)
    return content if isinstance(content, Refused) else _shown(site.views.change(view, content))


def publish(site: Site, args: Arguments) -> Answer:
    """The home of one person."""
    content = _content(site.views, args, "home")
    if isinstance(content, Refused):
        return content
    user = args.text("user_id")
    if site.roster.find_person(user) is None:
        return Refused("missing_profile_id")
    home = site.views.home(user)
    if home is None:
        return _shown(site.views.show(user, content))
    if args.has("hash") and args.text("hash") != home.hash:
        return Refused("hash_conflict")
    return _shown(site.views.change(home, content))


def _content(views: Views, args: Arguments, kind: str, present: View | None = None) -> Json | Refused:
    given = args.nested("view")
    found = view_complaints(given, kind)
    if found:
        return Refused("invalid_arguments", found)
    content = as_object(given) or {}
    if len(json.dumps(content).encode()) > LARGEST_BYTES:
        return Refused("view_too_large")
    name = as_text(content.get("external_id"))
    namesake = views.named(name) if name else None
    if namesake is not None and (present is None or namesake.id != present.id):
        return Refused("duplicate_external_id")
    return content


def _shown(view: View) -> Done:
    return Done({"view": as_payload(view)})


METHODS: Final = (
    Method("views.open", open_view, words("trigger_id view")),
    Method("views.push", push, words("trigger_id view")),
    Method("views.update", update, words("view"), words("view_id external_id hash")),
    Method("views.publish", publish, words("user_id view"), words("hash")),
)
