"""The allowlists of the demo: one for a cluster of somebody's own, one for the world that is simulated."""

from __future__ import annotations

from typing import Final

from bot.config.channels_file import Broken, Loaded, parse_allowlist
from bot.core.channels import Allowlist
from bot.demo.options import BadUsage
from bot.demo.slack import world

_PLATFORM: Final = f"""\
defaults:
  audit_channel: {world.FLUX_AUDIT}
channels:
  {world.PLATFORM}:
    name: platform
    private: true
    shared: false
    clusters: ["*"]
"""
_EVERYTHING: Final = """\
        verbs: ["*"]
        kinds: ["*"]
        namespaces: ["*"]
        names: ["*"]
        clusters: ["*"]
        sources: referenced
        all: true
        force: true
        reset: true
"""
DEFAULT_ALLOWLIST: Final = f"""\
{_PLATFORM}    rules:
      - name: demo-platform
        who: {{users: [{world.SRE}]}}
{_EVERYTHING}"""
"""For a kubeconfig: every right to the person sre in the channel platform, none to anybody else."""
WORLD_ALLOWLIST: Final = f"""\
{_PLATFORM}    default_cluster: demo
    rules:
      - name: demo-platform
        who: {{users: [{world.SRE}]}}
{_EVERYTHING}
  {world.TEAM_SHOP}:
    name: team-shop
    private: false
    shared: false
    clusters: [demo]
    default_cluster: demo
    default_namespace: shop
    rules:
      - name: shop-own
        who: {{groups: [{world.SHOP_TEAM}]}}
        verbs: [reconcile, status, check]
        kinds: ["*"]
        namespaces: [shop]
        names: ["*"]
      - name: shop-on-the-platform
        who: {{groups: [{world.SHOP_TEAM}]}}
        verbs: [reconcile]
        kinds: [Kustomization, HelmRelease]
        namespaces: [flux-system]
        names: [my-app, nginx]
        sources: referenced
"""
"""For the simulated world. The channel random is on no list, so that there nobody may do anything."""


def default_allowlist() -> Allowlist:
    """What a demo with a kubeconfig allows unless told otherwise."""
    return loaded(parse_allowlist(DEFAULT_ALLOWLIST.encode()), "the demo's own allowlist")


def loaded(result: Loaded | Broken, name: object) -> Allowlist:
    """The allowlist, or BadUsage with every problem that it has."""
    if isinstance(result, Broken):
        problems = "\n".join(f"  line {each.line} {each.field}: {each.text}" for each in result.problems)
        raise BadUsage(f"{name} is no allowlist:\n{problems}")
    return result.allowlist
