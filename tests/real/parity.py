"""What two runs of one script must agree on: the last state of each message, without what no two runs share."""

import re

_MASKS = (
    # Other tests leave their namespaces behind.
    (re.compile(r"^with -A besides: \d+ objects?\n", re.MULTILINE), ""),
    (re.compile(r"(?<= · )[0-9a-z]{8}$", re.MULTILINE), "ID"),
    (re.compile(r"<!date\^[^>]*>"), "DATE"),
    (re.compile(r"<https://\S+\.slack\.com/[^|]*\|"), "<LINK|"),
    (re.compile(r"https?://(127\.0\.0\.1:\d+|\w+\.example\.com)/[^\s'\"\]),]*"), "URL"),
    (re.compile(r"reaches \S+\.$", re.MULTILINE), "reaches HOST."),
    (re.compile(r"(/tmp/[\w-]+/kustomize-controller)?/tmp/kustomization-\d+"), "/tmp/kustomization"),
    (re.compile(r"^kustomize build failed: .*…$", re.MULTILINE), "kustomize build failed: …"),
    (re.compile(r"(sha\d+:|@|\+)[0-9a-f]{7,64}\b"), r"\1REVISION"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "DATE"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?( UTC)?\b"), "TIME"),
    (re.compile(r"( · | in )?\d+(\.\d+)? (ms|s|min|m|h)\b( \d+ (s|m|min)\b)?"), ""),
    (re.compile(r"(\d+(\.\d+)?(µs|ms|s|m|h))+\b"), "DURATION"),
)
_EVENTS = re.compile(
    r"^events since the request:\n(?:.*\n)*?(?=now in )|^last events[^\n]*:\n(?:\d\d:\d\d:\d\d .*\n?)*", re.MULTILINE
)
"""Which events fall into the second of a request is a matter of chance; the recordings hold their sequences."""


def masked(text: str) -> str:
    """The text without ids, revisions, times, durations, addresses of this machine, and events."""
    text = _EVENTS.sub("", text)
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text
