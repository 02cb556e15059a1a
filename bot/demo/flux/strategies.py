"""What `spec.install` and `spec.upgrade` say about failures: remediation with retries, or retrying alone."""

from dataclasses import dataclass

from bot.demo.flux import durations
from bot.demo.flux.shapes import Json, spec, status

_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class Strategy:
    """How failures of one kind of action (install or upgrade) are answered.

    `retry` is the interval of RetryOnFailure in seconds, else None; `retries` below 0 means for ever.
    """

    action: str
    retries: int
    remediate_last: bool
    uninstalls: bool
    ignore_tests: bool
    retry: float | None

    def failures(self, obj: Json) -> int:
        return int(status(obj).get(self.counter, 0))

    @property
    def counter(self) -> str:
        return f"{self.action}Failures"

    def exhausted(self, obj: Json) -> bool:
        return 0 <= self.retries < self.failures(obj)


def strategy(obj: Json, action: str) -> Strategy:
    """The strategy for `install` or `upgrade`."""
    told = spec(obj).get(action) or {}
    remediation = told.get("remediation") or {}
    retries = int(remediation.get("retries", 0))
    upgrade = action == "upgrade"
    last = remediation.get("remediateLastFailure")
    named = told.get("strategy") or {}
    ignore = remediation.get("ignoreTestFailures")
    retry = durations.seconds(named.get("retryInterval"), 300) if named.get("name") == "RetryOnFailure" else None
    return Strategy(
        action=action,
        retries=retries,
        remediate_last=bool(last) if last is not None else upgrade and retries > 0,
        uninstalls=not upgrade or remediation.get("strategy") == "uninstall",
        ignore_tests=bool(ignore)
        if ignore is not None
        else bool((spec(obj).get("test") or {}).get("ignoreFailures")),
        retry=retry,
    )


def active(obj: Json) -> Strategy | None:
    """The strategy of what was attempted last; None before anything was."""
    action = status(obj).get("lastAttemptedReleaseAction")
    return strategy(obj, str(action)) if action in ("install", "upgrade") else None


def timeout(obj: Json, action: str) -> float:
    """Seconds that an action may take."""
    whole = durations.seconds(spec(obj).get("timeout"), _TIMEOUT)
    return durations.seconds((spec(obj).get(action) or {}).get("timeout"), whole)


def tests(obj: Json) -> bool:
    return bool((spec(obj).get("test") or {}).get("enable"))


def clear_failures(obj: Json) -> None:
    for name in ("failures", "installFailures", "upgradeFailures"):
        status(obj).pop(name, None)


def count(obj: Json, name: str) -> None:
    status(obj)[name] = int(status(obj).get(name, 0)) + 1
