"""The demo's bot has the rights that deploy/ gives, so that the demo shows what they allow."""

from __future__ import annotations

from bot.demo.installation import installation
from tests.deploy.rendered import BASE, Rendered, rendered


def test_the_demo_gives_its_bot_what_the_base_gives() -> None:
    assert Rendered(tuple(installation())).grants() == rendered(BASE).grants()
