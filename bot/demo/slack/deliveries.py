"""How a deed of a person reaches the bot, and what came of it."""

import asyncio
import uuid
from dataclasses import dataclass

from bot.demo.slack.links import Ack, Envelope
from bot.demo.slack.shapes import Json, as_text
from bot.demo.slack.site import Site


@dataclass(frozen=True, slots=True)
class Delivery:
    """One envelope and its fate.

    `error` is what the person is told: None if all went well, `dispatch_failed` if no connection took it,
    `operation_timeout` if no ack came in time, or `invalid_command_response` if the ack's message was no good.
    """

    envelope: Envelope
    ack: Ack | None
    error: str | None

    @property
    def acked(self) -> bool:
        """Whether the bot answered in time."""
        return self.ack is not None

    @property
    def payload(self) -> Json:
        """What was sent."""
        return self.envelope.payload

    @property
    def trigger_id(self) -> str:
        """The right to open a modal that came with it; empty if none did."""
        return as_text(self.payload.get("trigger_id"))

    @property
    def response_url(self) -> str:
        """Where it may be answered; empty if nowhere."""
        return as_text(self.payload.get("response_url"))


class Dispatcher:
    """Carries envelopes, remembers each, and brings events again that nobody acknowledged.

    It owns the tasks that wait to bring an event again; `stop` ends them.
    """

    def __init__(self, site: Site) -> None:
        self.log: list[Delivery] = []
        self._site = site
        self._again: set[asyncio.Task[None]] = set()

    async def carry(self, kind: str, payload: Json) -> Delivery:
        """Send once, and wait for the ack as long as Slack does."""
        return await self.repeat(Envelope(str(uuid.uuid4()), kind, payload))

    async def repeat(self, envelope: Envelope) -> Delivery:
        """Send this very envelope, known to the bot or not."""
        expected = self._site.links.expect(envelope.id)
        link = await self._site.links.send(envelope)
        if link is None:
            return self._note(Delivery(envelope, None, "dispatch_failed"))
        try:
            ack = await asyncio.wait_for(expected, self._site.knobs.ack_within)
        except TimeoutError:
            return self._note(Delivery(envelope, None, "operation_timeout"))
        return self._note(Delivery(envelope, ack, None))

    async def carry_event(self, payload: Json) -> Delivery:
        """Send an event; without an ack it is sent again later, each time in an envelope of its own."""
        delivery = await self.carry("events_api", payload)
        if not delivery.acked:
            task = asyncio.create_task(self._bring_again(payload))
            self._again.add(task)
            task.add_done_callback(self._again.discard)
        return delivery

    async def stop(self) -> None:
        """Give up what is still waiting to be brought again."""
        tasks = list(self._again)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring_again(self, payload: Json) -> None:
        for attempt, pause in enumerate(self._site.knobs.event_retries, start=1):
            await asyncio.sleep(pause)
            delivery = await self.repeat(Envelope(str(uuid.uuid4()), "events_api", payload, attempt, "timeout"))
            if delivery.acked:
                return

    def _note(self, delivery: Delivery) -> Delivery:
        self.log.append(delivery)
        self._site.pulse.beat()
        return delivery
