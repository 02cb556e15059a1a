"""Whether the allowlist and the settings speak of the same clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.config.clusters import ClusterSetting
from bot.config.globs import is_plain
from bot.config.problems import nearest, shown
from bot.core.channels import Allowlist


def disagreements(allowlist: Allowlist, clusters: Iterable[ClusterSetting]) -> Iterator[str]:
    """A sentence for each cluster that a channel names and the settings do not know, in the order of the file."""
    known = tuple(each.name for each in clusters)
    for channel in allowlist.channels:
        narrowed = (name for rule in channel.rules for name in rule.clusters)
        for name in dict.fromkeys((*channel.clusters, channel.default_cluster or "", *narrowed)):
            if name and is_plain(name) and name not in known:
                yield f"#{channel.name} names the cluster {shown(name)}, which no setting knows{nearest(name, known)}"
