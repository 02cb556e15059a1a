"""The workspace as a terminal: commands are typed, and what one person would see is printed as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bot.demo.conversation import Conversation, Untold
from bot.demo.keyboard import Keyboard
from bot.demo.printing import as_text
from bot.demo.slack.client import Impossible
from bot.demo.slack.state import MessageState

HELP: Final = """\
  ks my-app --with-source      a command of the bot; /flux-reconcile in front of it may be left out
  help                         what you may do here
  /as dev     /in team-shop    be somebody else; go elsewhere
  /press Retry                 press the newest button of that name
  /look                        everything that stands before you, once more
  /who                         the people and channels that there are
  /quit                        or Ctrl-D, or Ctrl-C
"""
SHARE: Final = "share"
"""The button that only repeats something for everybody."""
_CLEAR: Final = "\r\x1b[K"

Write = Callable[[str], None]


@dataclass(slots=True)
class Terminal:
    """One seat in the workspace. `write` takes text as it is, line ends included."""

    talk: Conversation
    keyboard: Keyboard
    write: Write
    person: str
    channel: str
    who: str
    """What `/who` answers."""
    _shown: int = 0
    _asking: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Until the input ends or somebody leaves. Typed by hand, the next command need not wait for the last."""
        showing = asyncio.ensure_future(self._show())
        try:
            while (line := await self._line()) is not None:
                if line.strip() in {"/quit", "/exit"}:
                    return
                await self._do(line.strip())
                self._print_new()
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            self._print_new()

    async def _line(self) -> str | None:
        if self.keyboard.by_hand:
            self._asking = True
            self.write(self._prompt())
        line = await self.keyboard.line()
        self._asking = False
        if line is None and self.keyboard.by_hand:
            self.write("\n")
        elif line is not None and not self.keyboard.by_hand:
            self.write(f"{self._prompt()}{line}\n")
        return line

    def _prompt(self) -> str:
        return f"@{self.person} #{self.channel}> "

    async def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        match word:
            case "":
                return
            case "/as":
                self._become(rest.strip().removeprefix("@"))
            case "/in":
                self._go(rest.strip().removeprefix("#"))
            case "/press":
                await self._press(rest.strip().strip("[]"))
            case "/look":
                self._look()
            case "/who":
                self.write(f"{self.who}\n")
            case "/help" | "/?":
                self.write(HELP)
            case _ if word.startswith("/") and word != "/flux-reconcile":
                self.write(f"There is no {word}. /help lists what there is.\n")
            case _:
                await self._say(line)

    async def _say(self, text: str) -> None:
        if self.keyboard.by_hand:
            why = await self.talk.type(self.person, self.channel, text)
        else:
            end = await self.talk.say(self.person, self.channel, text)
            why = end.why if isinstance(end, Untold) else None
        if why is not None:
            self.write(f"{why}\n")

    async def _press(self, label: str) -> None:
        mark = self.talk.mark()
        if why := await self.talk.press(self.person, label):
            self.write(f"{why}\n")
        elif not self.keyboard.by_hand:
            await self.talk.answered(mark, recorded=label.casefold() != SHARE)

    def _become(self, person: str) -> None:
        try:
            self.person = self.talk.workspace.roster.person(person).name
        except LookupError as error:
            self.write(f"{error.args[0]}. /who lists them.\n")
            return
        try:
            self.talk.workspace.may_type(self.person, self.channel)
        except Impossible as why:
            self.write(f"{why}: nothing can be typed here. /in CHANNEL goes elsewhere.\n")

    def _go(self, channel: str) -> None:
        try:
            name = self.talk.workspace.roster.channel(channel).name
            self.talk.workspace.may_type(self.person, name)
        except LookupError as error:
            self.write(f"{error.args[0]}. /who lists them.\n")
        except Impossible as why:
            self.write(f"{why}.\n")
        else:
            self.channel = name

    def _look(self) -> None:
        for message in self.talk.workspace.visible_to(self.person):
            self.write(f"{as_text(message)}\n")

    async def _show(self) -> None:
        """Prints what this person sees, as it comes, until cancelled."""
        workspace = self.talk.workspace
        while True:
            self._print_new()
            await workspace.wait_for(lambda: len(workspace.history) > self._shown, timeout=_EVER)

    def _print_new(self) -> None:
        history = self.talk.workspace.history
        fresh, self._shown = history[self._shown :], len(history)
        seen = [state for state in fresh if self._sees(state)]
        if seen and self._asking:
            self.write(_CLEAR)
        for state in seen:
            self.write(f"{as_text(state)}\n")
        if seen and self._asking:
            self.write(self._prompt())

    def _sees(self, state: MessageState) -> bool:
        return self.talk.workspace.sees(self.person, state)


_EVER: Final = 10.0**9
