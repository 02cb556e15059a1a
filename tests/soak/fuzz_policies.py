"""Allowlists: every problem printable, nothing allowed that the file does not say, nobody let in who is not named."""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from bot.cli.allowed import sentences
from bot.config.channels_file import Broken, Loaded, parse_allowlist
from bot.core.channels import Allowlist, Rule
from bot.core.kinds import KINDS
from bot.core.policy import Allowed, decide
from bot.core.requests import Caller, Verb
from bot.core.resources import Ref
from tests.soak import fuzz_mutations as mutate

EXAMPLE: Final = Path(__file__).parents[2] / "deploy" / "allowlist.example.yaml"
CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]+")
USER_ID: Final = re.compile(r"[UW][A-Z0-9]+")
GROUP_ID: Final = re.compile(r"S[A-Z0-9]+")
SMALL: Final = """\
defaults: {audit_channel: C0AUDIT, ping: long}
channels:
  C0SHOP:
    name: shop
    private: true
    shared: false
    clusters: [prod]
    rules:
      - name: deployers
        who: {users: [U0A], groups: [S0B]}
        verbs: [reconcile]
        kinds: [Kustomization]
        namespaces: [shop, "shop-*"]
        names: ["*"]
"""
TINY: Final = "channels: {C0A: {name: a, private: true, shared: no, clusters: ['*'], rules: []}}\n"
PIECES: Final = (
    *(
        "channels",
        "defaults",
        "rules",
        "who",
        "users: ",
        "names: ",
        "C0A",
        "U0A",
        "S0A",
        "reconcile",
        "prod",
        "force: ",
    ),
    *(": ", "\n", "  ", "    ", "- ", "[", "]", "{", "}", ", ", '"*"', "*", "&a ", "*a", "!!str ", "!x ", "[]", "{}"),
    *("|", ">", "? ", "---\n", "...\n", "%YAML 1.1\n", "'", '"', "#", "\t", "~", "null", "yes", "true", "<<: "),
    *("[a-", "[!", "]", "?*", "\\U0010FFFF", "\\x41", "\u2028", "\x85", "\ufeff", "é"),
)
APPS: Final = Ref("prod", KINDS[0], "shop", "apps")
STRANGER: Final = Caller("U0STRANGER", "stranger", "T1", frozenset({"S0STRANGERS"}))


class Policies:
    """`parse_allowlist` of a file with wounds."""

    def __init__(self) -> None:
        self._samples = (SMALL, SMALL, SMALL, TINY, TINY, EXAMPLE.read_text("utf-8"))

    def input(self, random: Random) -> bytes:
        changed = mutate.text(random, random.choice(self._samples), PIECES, random.choice((1, 2, 6)))
        data = changed.encode("utf-8", "surrogatepass")
        return mutate.raw(random, data) if random.random() < 0.2 else data

    def wrong(self, given: object) -> Iterator[str]:
        assert isinstance(given, bytes)
        found = parse_allowlist(given)
        if len(given) % 8 == 0 and found != parse_allowlist(given):
            yield "read twice it is two things"
        problems = found.problems if isinstance(found, Broken) else ()
        if isinstance(found, Broken) and not problems:
            yield "broken, and nothing wrong"
        for each in (*problems, *found.warnings):
            if not (each.line >= 0 and each.text.isprintable() and each.field.isprintable() and len(each.text) < 400):
                yield f"a problem that cannot be printed: {each!r}"
        if isinstance(found, Loaded):
            yield from self._sound(found.allowlist, given)

    def _sound(self, allowlist: Allowlist, given: bytes) -> Iterator[str]:
        if not all(line.isprintable() for line in sentences(allowlist)):
            yield "a sentence that cannot be printed"
        written = given.decode("utf-8-sig")
        for channel in allowlist.channels:
            if not CHANNEL_ID.fullmatch(channel.id):
                yield f"the channel {channel.id!r}"
            for rule in channel.rules:
                yield from self._says(rule, written)
            decision = decide(channel, STRANGER, Verb.RECONCILE, APPS, force=True, reset=False)
            if isinstance(decision, Allowed) and not (
                "*" in decision.rule.who.users and "force" in written and "Kustomization" in _covered(decision.rule)
            ):
                yield f"a stranger may: {decision}"

    def _says(self, rule: Rule, written: str) -> Iterator[str]:
        words = (*rule.who.users, *rule.who.groups, *rule.verbs, *rule.kinds, *rule.namespaces, *rule.names)
        # An escape or a folded line spells a word in other letters.
        if "\\" not in written and (missing := [word for word in words if word not in written]):
            yield f"{missing} is not in the file"
        if odd := [user for user in rule.who.users if user != "*" and not USER_ID.fullmatch(user)]:
            yield f"the users {odd}"
        if odd := [group for group in rule.who.groups if not GROUP_ID.fullmatch(group)]:
            yield f"the groups {odd}"


def _covered(rule: Rule) -> frozenset[str]:
    return rule.kinds if "*" not in rule.kinds else frozenset(kind.name for kind in KINDS)
