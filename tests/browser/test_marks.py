"""Slack's markup and the words of the box, each case in the browser's own engine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DRAWN = """async (texts) => {
  const { mrkdwn } = await import("./marks.js");
  const people = { U0SREPERSON: { name: "sre" } }, channels = { C0PLATFORM1: { name: "platform" } };
  const names = { me: () => "U0SREPERSON", person: (id) => people[id], group: () => undefined,
                  channel: (id) => channels[id], inside: () => null };
  return texts.map((text) => {
    const node = document.createElement("div");
    node.append(...mrkdwn(text, names));
    return [node.innerHTML, node.textContent];
  });
}"""
LINK = 'target="_blank" rel="noopener noreferrer"'
CASES = {
    "plain": "plain",
    "*bold* _italic_ ~struck~": "<strong>bold</strong> <em>italic</em> <s>struck</s>",
    "*bold _and italic_*": "<strong>bold <em>and italic</em></strong>",
    "snake_case_name": "snake_case_name",
    "2*3*4": "2*3*4",
    "* not bold *": "* not bold *",
    "**": "**",
    "_ ~ *": "_ ~ *",
    'error "dispatch_failed"': 'error "dispatch_failed"',
    "`*code*` and *`code`*": '<code class="code">*code*</code> and <strong><code class="code">code</code></strong>',
    "```\na *b*\n```after": '<pre class="pre" tabindex="0">a *b*</pre>after',
    "&gt; said\n&gt; twice\nthen": '<blockquote class="quote">said<br>twice</blockquote>then',
    "one\ntwo\n\nthree": "one<br>two<br><br>three",
    "&lt;b&gt; &amp;amp;": "&lt;b&gt; &amp;amp;",
    "<b>": "&lt;b&gt;",
    "<javascript:alert(1)|x>": "&lt;javascript:alert(1)|x&gt;",
    "<https://e.com/?a=1&amp;b=2|see *it*>": f'<a href="https://e.com/?a=1&amp;b=2" {LINK}>see *it*</a>',
    "<mailto:a@e.com>": f'<a href="mailto:a@e.com" {LINK}>a@e.com</a>',
    "at https://e.com/x.": f'at <a href="https://e.com/x" {LINK}>https://e.com/x</a>.',
    "<@U0SREPERSON>": '<span class="mention mention--me">@sre</span>',
    "<@U0NOBODY00|fred>": '<span class="mention">@fred</span>',
    "<#C0PLATFORM1>": '<a class="mention" href="#/C0PLATFORM1">#platform</a>',
    "<#C0SECRETS01|>": '<span class="mention">#private-channel</span>',
    "<!here>": '<span class="mention mention--me">@here</span>',
    ":rocket: :nonsense:": "🚀 :nonsense:",
    "`:rocket:`": '<code class="code">:rocket:</code>',
}


async def test_markup_is_read_as_slack_reads_it(visit: Visit) -> None:
    drawn = await visit.page.evaluate(_DRAWN, list(CASES))
    found = {text: html for text, (html, _) in zip(CASES, drawn, strict=True)}
    assert found == CASES


_SIGNS = "*_~`>\n "


# A failing example is shown as it came: to shrink it would take longer than a test may.
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(texts=st.lists(st.text(st.sampled_from("*_~`>\n ab.-&<|@#!^"), max_size=40), min_size=50, max_size=50))
async def test_no_text_is_lost_in_markup_however_wild_it_is(visit: Visit, texts: list[str]) -> None:
    escaped = [each.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for each in texts]
    drawn = await visit.page.evaluate(_DRAWN, escaped)
    bare = str.maketrans("", "", _SIGNS)
    assert [read.translate(bare) for _, read in drawn] == [each.translate(bare) for each in texts]


async def test_dates_are_the_readers_own_and_count(visit: Visit) -> None:
    drawn: Any = await visit.page.evaluate(
        """async () => {
          const { dated } = await import("./times.js");
          const now = Math.floor(Date.now() / 1000);
          return [dated(1767225600, "{date_num} {time_secs}"), dated(now - 125, "{ago}"), dated(now + 61, "{ago}"),
                  dated(now, "{date_pretty} at {time}").slice(0, 8), dated(1767225600, "{date_long}"),
                  dated(1767225600, "{nonsense}"), dated(1, "")];
        }"""
    )
    assert drawn == [
        "2026-01-01 00:00:00",
        "2 minutes ago",
        "in 1 minute",
        "today at",
        "Thursday, January 1, 2026",
        None,
        None,
    ]


_SUGGESTED = """async (texts) => {
  const { suggest } = await import("./complete.js");
  const kind = (kind, short, ...words) => ({ kind, short, words: [kind.toLowerCase(), ...words] });
  const object = (cluster, kind, namespace, name) => ({ cluster, kind, namespace, name, ready: "True" });
  const known = {
    words: { command: "/flux", mention: "@bot", verbs: ["status", "help"], options: ["--force", "--with-source"],
             kinds: [kind("Bucket", "bucket"), kind("Kustomization", "ks", "kustomizations"),
                     kind("HelmRelease", "hr")] },
    objects: [object("demo", "Kustomization", "shop", "web"), object("demo", "HelmRelease", "shop", "redis"),
              object("edge", "Kustomization", "infra", "net")],
    people: [{ name: "dev", realName: "Dana" }], groups: [{ handle: "ops" }], channels: [{ name: "random" }],
  };
  return texts.map((text) => suggest(text, text.length, known).options.map((each) => each.text));
}"""


async def test_the_box_offers_what_can_come_next(visit: Visit) -> None:
    cases = {
        "": [],
        "hello": [],
        "/": ["/flux"],
        "@": ["@bot", "@dev", "@ops"],
        "hello @d": ["@dev"],
        "look at #r": ["#random"],
        "/flux ": ["ks", "hr", "bucket", "status", "help", "demo", "edge"],
        "/flux h": ["hr", "help"],
        "/flux ks ": ["infra/net", "shop/web"],
        "/flux ks w": ["shop/web"],
        "/flux edge ": ["ks", "hr", "bucket"],
        "/flux edge ks ": ["infra/net"],
        "/flux status ": ["ks", "hr", "bucket"],
        "/flux status hr ": ["shop/redis"],
        "/flux ks shop/web ": ["--force", "--with-source"],
        "/flux ks shop/web --w": ["--with-source"],
        "/flux ks shop/web --force -": ["--with-source"],
        "/flux --resource ": ["kustomization", "helmrelease", "bucket", "all"],
        "/flux --resource helmrelease --name ": ["redis"],
        "/flux --name ": ["net", "redis", "web"],
        "/flux ks web -n ": ["infra", "shop"],
        "/flux ks web --cluster ed": ["edge"],
        "/flux ks web --timeout ": ["1m", "5m", "15m", "1h"],
        "@bot ks ": ["infra/net", "shop/web"],
    }
    found = await visit.page.evaluate(_SUGGESTED, list(cases))
    assert dict(zip(cases, found, strict=True)) == cases
