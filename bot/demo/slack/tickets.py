"""What Slack hands out for a short time: trigger ids for modals, and response URLs."""

from dataclasses import dataclass

from bot.demo.slack.knobs import Knobs
from bot.demo.slack.moments import Moments, Serial
from bot.demo.slack.world import TEAM


@dataclass(frozen=True, slots=True)
class Trigger:
    """The right to open one modal for one person. `view` is the modal it was pressed in, if any."""

    id: str
    user: str
    issued_at: float
    view: str | None = None


class Triggers:
    """Trigger ids live three seconds and open one thing once."""

    def __init__(self, knobs: Knobs, moments: Moments, serial: Serial) -> None:
        self._knobs = knobs
        self._moments = moments
        self._serial = serial
        self._issued: dict[str, Trigger] = {}
        self._spent: set[str] = set()

    def issue(self, user: str, view: str | None = None) -> str:
        """A new trigger id."""
        trigger = Trigger(self._serial.next("1000.2000."), user, self._moments.passed(), view)
        self._issued[trigger.id] = trigger
        return trigger.id

    def spend(self, trigger_id: str) -> Trigger | str:
        """The trigger, used up by this; or Slack's error."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            return "invalid_trigger_id"
        if trigger_id in self._spent:
            return "exchanged_trigger_id"
        if self._moments.passed() - trigger.issued_at > self._knobs.trigger_life:
            return "expired_trigger_id"
        self._spent.add(trigger_id)
        return trigger


@dataclass(slots=True)
class ResponseUrl:
    """Where a command or a press may be answered. `message_ts` is the message with the button, if any."""

    token: str
    user: str
    channel: str
    issued_at: float
    message_ts: str | None = None
    uses: int = 0


class ResponseUrls:
    """Each good for five answers within thirty minutes."""

    def __init__(self, knobs: Knobs, moments: Moments, serial: Serial) -> None:
        self._knobs = knobs
        self._moments = moments
        self._serial = serial
        self._issued: dict[str, ResponseUrl] = {}

    def issue(self, user: str, channel: str, message_ts: str | None = None) -> str:
        """The path of a new one, such as `/actions/T…/…`."""
        token = self._serial.next("r")
        self._issued[token] = ResponseUrl(token, user, channel, self._moments.passed(), message_ts)
        return f"/actions/{TEAM}/{token}"

    def use(self, token: str) -> ResponseUrl | str:
        """Count one answer; or Slack's error. Refused answers count too, for nothing says otherwise."""
        url = self._issued.get(token)
        if url is None:
            return "invalid_url"
        if self._moments.passed() - url.issued_at > self._knobs.response_url_life:
            return "expired_url"
        if url.uses >= self._knobs.response_url_uses:
            return "used_url"
        url.uses += 1
        return url
