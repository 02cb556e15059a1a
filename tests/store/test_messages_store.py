"""What every implementation of the port Messages promises."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.notices import Apology, Part, Slot
from bot.ports import Message, Messages
from bot.store.memory import MemoryMessages
from tests.fakes.clock import FakeClock
from tests.store.conftest import Store
from tests.store.stories import PLATFORM

ROOT = Slot("r1", Part.ROOT)
DETAILS = Slot("r1", Part.DETAILS)
OTHER = Slot("r2", Part.ROOT)


def say(messages: Messages, slot: Slot, what: str) -> Message:
    return messages.want(slot, PLATFORM, Apology(what))


def shown(message: Message, ts: str = "1.1") -> Message:
    return replace(message, shown=message.version, ts=ts)


def test_what_is_wanted_is_unsaid_until_it_is_shown(store: Store) -> None:
    wanted = say(store.messages, ROOT, "one")
    assert wanted == Message(ROOT, PLATFORM, Apology("one"), version=1)
    assert store.messages.unsaid() == (wanted,)
    store.messages.keep(shown(wanted))
    assert store.messages.unsaid() == ()
    assert store.messages.get(ROOT) == Message(ROOT, PLATFORM, Apology("one"), version=1, shown=1, ts="1.1")


def test_a_newer_notice_replaces_one_that_was_never_shown(store: Store) -> None:
    say(store.messages, ROOT, "one")
    newer = say(store.messages, ROOT, "two")
    assert store.messages.unsaid() == (newer,)
    assert (newer.version, newer.notice) == (2, Apology("two"))


def test_the_same_notice_again_is_no_new_version(store: Store) -> None:
    store.messages.keep(shown(say(store.messages, ROOT, "one")))
    say(store.messages, ROOT, "one")
    assert store.messages.unsaid() == ()


def test_what_the_courier_learned_of_an_old_version_keeps_the_newer_notice(store: Store) -> None:
    old = say(store.messages, ROOT, "one")
    say(store.messages, ROOT, "two")
    store.messages.keep(shown(old))
    assert store.messages.unsaid() == (Message(ROOT, PLATFORM, Apology("two"), version=2, shown=1, ts="1.1"),)


def test_what_slack_shows_never_goes_back(store: Store) -> None:
    old = say(store.messages, ROOT, "one")
    store.messages.keep(shown(say(store.messages, ROOT, "two")))
    store.messages.keep(replace(old, tries=1))
    assert store.messages.get(ROOT) == Message(ROOT, PLATFORM, Apology("two"), version=2, shown=2, ts="1.1", tries=1)


def test_posts_without_an_answer_are_counted(store: Store) -> None:
    store.messages.keep(replace(say(store.messages, ROOT, "one"), tries=1))
    assert store.messages.unsaid() == (Message(ROOT, PLATFORM, Apology("one"), version=1, tries=1),)


def test_the_oldest_unsaid_comes_first(store: Store) -> None:
    for slot in (ROOT, DETAILS, OTHER):
        say(store.messages, slot, "one")
    assert [message.slot for message in store.messages.unsaid()] == [ROOT, DETAILS, OTHER]


def test_a_slot_that_waits_keeps_its_turn_and_one_that_was_shown_queues_again(store: Store) -> None:
    first = say(store.messages, ROOT, "one")
    say(store.messages, DETAILS, "one")
    say(store.messages, OTHER, "one")
    store.messages.keep(shown(first))
    say(store.messages, ROOT, "two")
    say(store.messages, DETAILS, "two")
    assert [message.slot for message in store.messages.unsaid()] == [DETAILS, OTHER, ROOT]


def test_a_forgotten_slot_stays_forgotten(store: Store) -> None:
    wanted = say(store.messages, ROOT, "one")
    store.messages.forget(ROOT)
    store.messages.keep(shown(wanted))
    assert (store.messages.get(ROOT), store.messages.unsaid()) == (None, ())


def test_forgetting_what_is_unknown_does_nothing(store: Store) -> None:
    store.messages.forget(ROOT)
    assert store.messages.get(ROOT) is None


@given(
    st.lists(
        st.one_of(st.tuples(st.just("want"), st.sampled_from("abc")), st.tuples(st.just("keep"), st.integers(0, 9)))
    )
)
def test_slack_ends_up_with_the_newest_notice_however_answers_are_delayed(steps: list[tuple[str, object]]) -> None:
    messages = MemoryMessages(FakeClock())
    handed_out: list[Message] = []
    newest = ""
    for kind, what in steps:
        if kind == "want":
            newest = str(what)
            handed_out.append(say(messages, ROOT, newest))
        elif handed_out:
            assert isinstance(what, int)
            messages.keep(shown(handed_out[what % len(handed_out)]))
    known = messages.get(ROOT)
    assert known is None or known.notice == Apology(newest)
    assert known is None or (messages.unsaid() == ()) == (known.shown == known.version)
    for message in messages.unsaid():
        messages.keep(shown(message))
    assert messages.unsaid() == ()
