"""Each limit of Block Kit, at the limit and one over (docs/slack.md)."""

from collections.abc import Callable

import pytest

from bot.demo.slack.blocks import Surface, complaints
from bot.demo.slack.forms import view_complaints

Json = dict[str, object]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(number: int = 0, **fields: object) -> Json:
    return {"type": "button", "action_id": f"a{number}", "text": plain("Go"), **fields}


def actions(*elements: object, **fields: object) -> Json:
    return {"type": "actions", "elements": list(elements), **fields}


def section(text: str = "hello", **fields: object) -> Json:
    return {"type": "section", "text": mrkdwn(text), **fields}


def option(text: str = "one", value: str = "1", **fields: object) -> Json:
    return {"text": plain(text), "value": value, **fields}


def select(*options: object, **fields: object) -> Json:
    return actions({"type": "static_select", "action_id": "s", "options": list(options), **fields})


def confirm(**fields: object) -> Json:
    whole = {"title": plain("Sure?"), "text": plain("Really"), "confirm": plain("Yes"), "deny": plain("No")}
    return actions(button(confirm={**whole, **fields}))


def preformatted(text: str) -> Json:
    run = {"type": "text", "text": text}
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [run]}]}


def table(rows: int, columns: int, text: str = "x") -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


LIMITS: list[tuple[str, Callable[[int], object], int, str]] = [
    ("blocks", lambda n: [section()] * n, 50, "/blocks"),
    ("block_id", lambda n: [section(block_id="b" * n)], 255, "/blocks/0/block_id"),
    ("action_id", lambda n: [actions(button(action_id="a" * n))], 255, "/blocks/0/elements/0/action_id"),
    ("section text", lambda n: [section("x" * n)], 3000, "/blocks/0/text/text"),
    ("fields", lambda n: [{"type": "section", "fields": [plain("x")] * n}], 10, "/blocks/0/fields"),
    ("field", lambda n: [{"type": "section", "fields": [plain("x" * n)]}], 2000, "/blocks/0/fields/0/text"),
    ("header", lambda n: [{"type": "header", "text": plain("x" * n)}], 150, "/blocks/0/text/text"),
    ("context", lambda n: [{"type": "context", "elements": [plain("x")] * n}], 10, "/blocks/0/elements"),
    ("actions", lambda n: [actions(*map(button, range(n)))], 25, "/blocks/0/elements"),
    ("button text", lambda n: [actions(button(text=plain("x" * n)))], 75, "/blocks/0/elements/0/text/text"),
    ("button value", lambda n: [actions(button(value="x" * n))], 2000, "/blocks/0/elements/0/value"),
    (
        "button url",
        lambda n: [actions(button(url="https://x/".ljust(n, "x")))],
        3000,
        "/blocks/0/elements/0/url",
    ),
    (
        "button label",
        lambda n: [actions(button(accessibility_label="x" * n))],
        75,
        "/blocks/0/elements/0/accessibility_label",
    ),
    ("option text", lambda n: [select(option("x" * n))], 75, "/blocks/0/elements/0/options/0/text/text"),
    ("option value", lambda n: [select(option(value="x" * n))], 150, "/blocks/0/elements/0/options/0/value"),
    (
        "option description",
        lambda n: [select(option(description=plain("x" * n)))],
        75,
        "/blocks/0/elements/0/options/0/description/text",
    ),
    ("options", lambda n: [select(*[option()] * n)], 100, "/blocks/0/elements/0/options"),
    (
        "placeholder",
        lambda n: [select(option(), placeholder=plain("x" * n))],
        150,
        "/blocks/0/elements/0/placeholder/text",
    ),
    (
        "overflow",
        lambda n: [actions({"type": "overflow", "action_id": "o", "options": [option()] * n})],
        5,
        "/blocks/0/elements/0/options",
    ),
    (
        "radio buttons",
        lambda n: [actions({"type": "radio_buttons", "action_id": "r", "options": [option()] * n})],
        10,
        "/blocks/0/elements/0/options",
    ),
    (
        "checkboxes",
        lambda n: [actions({"type": "checkboxes", "action_id": "c", "options": [option()] * n})],
        10,
        "/blocks/0/elements/0/options",
    ),
    ("confirm title", lambda n: [confirm(title=plain("x" * n))], 100, "/blocks/0/elements/0/confirm/title/text"),
    ("confirm text", lambda n: [confirm(text=plain("x" * n))], 300, "/blocks/0/elements/0/confirm/text/text"),
    (
        "confirm button",
        lambda n: [confirm(confirm=plain("x" * n))],
        30,
        "/blocks/0/elements/0/confirm/confirm/text",
    ),
    ("markdown", lambda n: [{"type": "markdown", "text": "x" * n}], 12_000, "/blocks/0/text"),
    ("table rows", lambda n: [table(n, 1)], 100, "/blocks/0/rows"),
    ("table columns", lambda n: [table(1, n)], 20, "/blocks/0/rows/0"),
    ("table characters", lambda n: [table(1, 1, "x" * n)], 10_000, "/blocks/0/rows/0/0/text"),
    ("table in all", lambda n: [table(n // 100, 1, "x" * 100)], 10_000, "/blocks/0/rows"),
]


@pytest.mark.parametrize(("build", "most"), [(b, m) for _, b, m, _ in LIMITS], ids=[name for name, *_ in LIMITS])
def test_what_is_just_at_a_limit_is_taken(build: Callable[[int], object], most: int) -> None:
    assert complaints(build(most), Surface.MESSAGE) == ()


@pytest.mark.parametrize(
    ("build", "over", "pointer"),
    [(b, m + (100 if name == "table in all" else 1), p) for name, b, m, p in LIMITS],
    ids=[name for name, *_ in LIMITS],
)
def test_what_is_one_over_a_limit_is_refused_at_its_place(
    build: Callable[[int], object], over: int, pointer: str
) -> None:
    places = [line.partition("[json-pointer:")[2].rstrip("]") for line in complaints(build(over), Surface.MESSAGE)]
    assert places[:1] == [pointer]


REFUSED: list[tuple[str, object, str]] = [
    ("unknown block", [{"type": "banner"}], "[ERROR] unsupported type: banner [json-pointer:/blocks/0/type]"),
    ("no type", [{}], "[ERROR] unsupported type: None [json-pointer:/blocks/0/type]"),
    ("not an object", ["hello"], "[ERROR] unsupported type: None [json-pointer:/blocks/0]"),
    (
        "alert on a message",
        [{"type": "alert", "text": mrkdwn("x")}],
        "[ERROR] unsupported type: alert [json-pointer:/blocks/0/type]",
    ),
    (
        "empty text",
        [section("")],
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        "empty run of rich text",
        [preformatted("")],
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
    ),
    (
        "mrkdwn in a header",
        [{"type": "header", "text": mrkdwn("x")}],
        "[ERROR] must be a valid enum value: plain_text [json-pointer:/blocks/0/text/type]",
    ),
    (
        "mrkdwn on a button",
        [actions(button(text=mrkdwn("x")))],
        "[ERROR] must be a valid enum value: plain_text [json-pointer:/blocks/0/elements/0/text/type]",
    ),
    (
        "nothing in a section",
        [{"type": "section"}],
        "[ERROR] missing required field: text or fields [json-pointer:/blocks/0]",
    ),
    (
        "unknown key",
        [section(colour="red")],
        "[ERROR] invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    ("no elements", [actions()], "[ERROR] no less than 1 items allowed [json-pointer:/blocks/0/elements]"),
    (
        "the same block_id twice",
        [section(block_id="b"), section(block_id="b")],
        "[ERROR] `block_id` b already exists [json-pointer:/blocks/1/block_id]",
    ),
    (
        "the same action_id twice in a block",
        [actions(button(1), button(1))],
        "[ERROR] `action_id` a1 already exists [json-pointer:/blocks/0/elements/1/action_id]",
    ),
    ("two tables", [table(1, 1), table(1, 1)], "[ERROR] only_one_table_allowed [json-pointer:/blocks]"),
    (
        "markdown too long in all",
        [{"type": "markdown", "text": "x" * 6001}] * 2,
        "[ERROR] markdown must be less than 12001 characters in all [json-pointer:/blocks]",
    ),
    (
        "a link that is none",
        [actions(button(url="javascript:alert(1)"))],
        "[ERROR] failed to match the expected format [json-pointer:/blocks/0/elements/0/url]",
    ),
    (
        "select without options",
        [actions({"type": "static_select", "action_id": "s"})],
        "[ERROR] must have either options or option_groups [json-pointer:/blocks/0/elements/0]",
    ),
]


@pytest.mark.parametrize(("blocks", "line"), [(b, m) for _, b, m in REFUSED], ids=[name for name, *_ in REFUSED])
def test_what_slack_refuses_is_refused_with_its_place(blocks: object, line: str) -> None:
    assert complaints(blocks, Surface.MESSAGE) == (line,)


def test_the_same_action_id_in_two_blocks_is_taken() -> None:
    assert complaints([actions(button(1)), actions(button(1))], Surface.MESSAGE) == ()


def test_a_message_of_every_plain_block_is_taken() -> None:
    blocks = [
        {"type": "header", "text": plain("Title")},
        section(accessory=button(9)),
        {"type": "section", "fields": [mrkdwn("*a*"), plain("b")]},
        {"type": "context", "elements": [mrkdwn("by sre")]},
        {"type": "divider"},
        preformatted("kubectl\n<!channel>"),
        select(option(), option("two", "2"), placeholder=plain("Choose")),
        actions(button(1, style="danger", value="k"), button(2, url="https://example.org/x")),
        table(2, 2),
    ]
    assert complaints(blocks, Surface.MESSAGE) == ()


@pytest.mark.parametrize(
    ("kind", "surface", "taken"),
    [
        ("table", Surface.MODAL, False),
        ("table", Surface.HOME, False),
        ("alert", Surface.MODAL, True),
        ("input", Surface.MODAL, True),
        ("input", Surface.HOME, True),
        ("markdown", Surface.MODAL, False),
    ],
)
def test_blocks_are_taken_only_where_they_belong(kind: str, surface: Surface, taken: bool) -> None:
    shapes: dict[str, Json] = {
        "table": table(1, 1),
        "alert": {"type": "alert", "text": mrkdwn("x")},
        "markdown": {"type": "markdown", "text": "x"},
        "input": {"type": "input", "label": plain("Why"), "element": {"type": "plain_text_input"}},
    }
    assert (complaints([shapes[kind]], surface) == ()) is taken


def modal(blocks: int = 1, **fields: object) -> Json:
    return {"type": "modal", "title": plain("Title"), "blocks": [section()] * blocks, **fields}


@pytest.mark.parametrize(
    ("view", "over"),
    [
        (modal(100), modal(101)),
        (modal(title=plain("x" * 24)), modal(title=plain("x" * 25))),
        (modal(submit=plain("x" * 24)), modal(submit=plain("x" * 25))),
        (modal(close=plain("x" * 24)), modal(close=plain("x" * 25))),
        (modal(private_metadata="x" * 3000), modal(private_metadata="x" * 3001)),
        (modal(callback_id="x" * 255), modal(callback_id="x" * 256)),
    ],
)
def test_a_modal_is_taken_at_its_limits_and_refused_one_over(view: Json, over: Json) -> None:
    assert view_complaints(view, "modal") == ()
    assert len(view_complaints(over, "modal")) == 1


def test_a_modal_that_asks_something_needs_a_button_to_send_it_off() -> None:
    question = {"type": "input", "label": plain("Why"), "element": {"type": "plain_text_input"}}
    asking = {**modal(), "blocks": [question]}
    assert view_complaints({**asking, "submit": plain("Send")}, "modal") == ()
    assert view_complaints(asking, "modal") == (
        "[ERROR] a modal with input blocks must have submit [json-pointer:/view/submit]",
    )


def test_a_home_is_no_modal() -> None:
    assert view_complaints({"type": "home", "blocks": [section()] * 100}, "home") == ()
    assert view_complaints({"type": "home", "blocks": [section()]}, "modal") != ()
