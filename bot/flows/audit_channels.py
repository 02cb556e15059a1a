"""Whether the audit channels may hold an audit trail: private and not shared, unless the allowlist says otherwise."""

from __future__ import annotations

from bot.core.channels import Allowlist
from bot.ports import Directory, Unknown


async def unfit_audit_channels(allowlist: Allowlist, directory: Directory) -> tuple[str, ...]:
    """One sentence per channel that must not be written to. A channel that Slack does not tell about is fit for now:
    the courier will say what Slack thinks of a post there."""
    ids = (allowlist.audit_channel, *(channel.audit_channel for channel in allowlist.channels))
    sentences = []
    for id_ in dict.fromkeys(id_ for id_ in ids if id_):
        facts = await directory.channel(id_)
        if isinstance(facts, Unknown):
            continue
        if facts.archived:
            sentences.append(f"the audit channel {id_} is archived: name another one in the allowlist")
        elif not facts.member:
            sentences.append(f"the bot is not in the audit channel {id_}: invite it there")
        elif facts.shared:
            sentences.append(f"the audit channel {id_} is shared with another organisation")
        elif not facts.private and not allowlist.allow_public_audit:
            sentences.append(
                f"the audit channel {id_} is public: make it private, or set allow_public_audit in the allowlist"
            )
    return tuple(sentences)
