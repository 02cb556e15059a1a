"""Rich text: sections, lists, quotes and preformatted runs, none of which Slack parses for mentions."""

from typing import Final

from bot.demo.slack.checks import array, boolean, by_type, integer, one_of, shape, string
from bot.demo.slack.elements import ID, URL

_STYLE: Final = shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), boolean))
_STYLED: Final = {"style": _STYLE}
LONG: Final = 40_000
"""Slack names no limit for one run of rich text; a message holds no more than this."""

RUNS: Final = by_type(
    {
        "text": shape({"type": one_of("text"), "text": string(LONG)}, _STYLED),
        "link": shape({"type": one_of("link"), "url": URL}, {**_STYLED, "text": string(LONG), "unsafe": boolean}),
        "user": shape({"type": one_of("user"), "user_id": ID}, _STYLED),
        "usergroup": shape({"type": one_of("usergroup"), "usergroup_id": ID}, _STYLED),
        "channel": shape({"type": one_of("channel"), "channel_id": ID}, _STYLED),
        "emoji": shape({"type": one_of("emoji"), "name": string(100)}, {**_STYLED, "unicode": string(100)}),
        "broadcast": shape({"type": one_of("broadcast"), "range": one_of("here", "channel", "everyone")}),
        "date": shape(
            {"type": one_of("date"), "timestamp": integer(0, 9_999_999_999), "format": string(255)},
            {**_STYLED, "url": URL, "fallback": string(255)},
        ),
        "color": shape({"type": one_of("color"), "value": string(7)}),
        "team": shape({"type": one_of("team"), "team_id": ID}, _STYLED),
    },
    "unsupported type",
)
_RUNS: Final = array(RUNS, 1000, 0)
SECTION: Final = shape({"type": one_of("rich_text_section"), "elements": _RUNS})

PARTS: Final = by_type(
    {
        "rich_text_section": SECTION,
        "rich_text_quote": shape({"type": one_of("rich_text_quote"), "elements": _RUNS}, {"border": integer(0, 1)}),
        "rich_text_preformatted": shape(
            {"type": one_of("rich_text_preformatted"), "elements": _RUNS},
            {"border": integer(0, 1), "language": string(100)},
        ),
        "rich_text_list": shape(
            {
                "type": one_of("rich_text_list"),
                "style": one_of("bullet", "ordered"),
                "elements": array(SECTION, 1000, 0),
            },
            {"indent": integer(0, 8), "offset": integer(0, 10_000), "border": integer(0, 1)},
        ),
    },
    "unsupported type",
)
RICH_TEXT: Final = shape({"type": one_of("rich_text"), "elements": array(PARTS, 1000)}, {"block_id": ID})
