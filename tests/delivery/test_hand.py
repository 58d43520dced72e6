"""What a worker's hand gives to which relay, and what it makes of answers. No database, no SMTP."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from app.clock import now
from app.delivery.hand import NO_RELAY, Grant, Hand
from app.delivery.journal import Journal, parse
from app.delivery.news import Parked
from app.mail.answers import Answer, Outcome, Stage
from app.mail.relay import Relay
from tests.delivery.cast import AT, LATER, NEVER, OPEN, TAKEN, TROUBLE, Plain, due

A = Relay("smtp", "a.example.net", 25)
B = Relay("smtp", "b.example.net", 25)
GMAIL = Relay("smtp", "g.example.net", 25, domains=("gmail.com",))
OTHERS = Relay("smtp", "o.example.net", 25, barred=("gmail.com",))


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Journal]:
    book = Journal(tmp_path, "w")
    yield book
    book.close()


@pytest.fixture
def hand(books: Journal) -> Hand:
    return holding(books, A)


def holding(book: Journal, *relays: Relay) -> Hand:
    hand = Hand(relays, Plain(), book)  # type: ignore[arg-type]
    hand.editions[1] = object()  # type: ignore[assignment]
    return hand


def admit(hand: Hand, *keys: int, email: str = "ada@example.org", **values: Any) -> None:
    for key in keys:
        hand.admit(due(key, email, **values))


def drawn(hand: Hand, relay: Relay, most: int = 1000) -> list[int]:
    keys = []
    while len(keys) < most and (parcel := hand.next(relay)) is not None:
        keys.append(parcel.key)
    return keys


def turns(hand: Hand, relays: Sequence[Relay], count: int) -> Counter[str]:
    """How many each relay took, when each has one connection free in every turn."""
    took: Counter[str] = Counter()
    for _ in range(count):
        for relay in relays:
            if hand.next(relay) is not None:
                took[relay.name] += 1
        hand.end_turn()
    return took


# Which relay takes what -------------------------------------------------------------------------


def test_mail_goes_out_in_the_order_it_came(hand: Hand) -> None:
    admit(hand, 3, 1, 2)
    assert drawn(hand, A) == [3, 1, 2]
    assert hand.next(A) is None


def test_each_domain_goes_to_the_relays_that_take_it(books: Journal) -> None:
    hand = holding(books, GMAIL, OTHERS)
    admit(hand, 1, email="ada@GMail.com")
    admit(hand, 2, email="ada@example.org")
    assert drawn(hand, OTHERS) == [2]
    assert drawn(hand, GMAIL) == [1]


def test_what_no_relay_takes_is_told_at_once_and_stops_nobody(books: Journal) -> None:
    hand = holding(books, GMAIL)
    admit(hand, 1, email="ada@example.org")
    admit(hand, 2, email="ada@gmail.com")
    [told] = hand.news.answers
    assert (told.delivery_id, told.answer.outcome) == (1, Outcome.GIVE_UP)
    assert told.answer.text == NO_RELAY
    assert drawn(hand, GMAIL) == [2]


def test_without_any_relay_every_delivery_is_told_so(books: Journal) -> None:
    hand = holding(books)
    admit(hand, 1, 2)
    assert [one.answer.text for one in hand.news.answers] == [NO_RELAY] * 2


def test_a_relay_with_nothing_to_take_keeps_nobody_waiting(books: Journal) -> None:
    hand = holding(books, GMAIL, B)
    admit(hand, *range(200))
    assert turns(hand, (GMAIL, B), 200)[B.name] >= 195


@pytest.mark.parametrize(("heavy", "expected"), [(1, 500), (3, 750), (9, 900)])
def test_two_relays_share_by_weight(books: Journal, heavy: int, expected: int) -> None:
    one = Relay("smtp", "one.example.net", 25, weight=heavy)
    hand = holding(books, one, B)
    admit(hand, *range(1000))
    took: Counter[str] = Counter()
    while hand.lines.waiting:
        took += turns(hand, (one, B), 1)
    assert abs(took[one.name] - expected) <= 16


def test_a_relay_that_is_held_gives_its_share_to_the_others(books: Journal) -> None:
    hand = holding(books, A, B)
    hand.hold({f"relay:{A.name}": now() + timedelta(minutes=5)})
    admit(hand, *range(100))
    assert turns(hand, (A, B), 100) == {B.name: 100}


def test_urgent_mail_goes_before_what_waits(hand: Hand) -> None:
    admit(hand, 1, 2)
    admit(hand, 10, 11, rank=0)
    order = drawn(hand, A)
    assert set(order[:2]) == {10, 11}
    assert order[2:] == [1, 2]


def test_who_cannot_be_written_to_stops_nobody(hand: Hand) -> None:
    poison = due(1)
    hand.admit(poison._replace(to=poison.to._replace(name="Poison")))
    admit(hand, 2)
    assert drawn(hand, A) == [2]
    [told] = hand.news.answers
    assert (told.delivery_id, told.answer.outcome, told.answer.code) == (1, Outcome.GIVE_UP, None)
    assert "greeting" in told.answer.text


def test_an_edition_that_cannot_be_read_is_told_to_each_of_its_members(hand: Hand) -> None:
    hand.editions[2] = "an edition of version 9 cannot be read"
    admit(hand, 1, 2, edition_id=2)
    admit(hand, 3)
    assert drawn(hand, A) == [3]
    assert [one.answer.text for one in hand.news.answers] == [hand.editions[2]] * 2


def test_a_closed_hand_gives_nothing(hand: Hand) -> None:
    admit(hand, 1)
    hand.closed = True
    assert hand.next(A) is None
    assert hand.size == 1


# Grants -----------------------------------------------------------------------------------------


def test_no_more_goes_out_than_was_granted(hand: Hand) -> None:
    admit(hand, *range(10))
    hand.grants[A.name] = Grant(3, now() + timedelta(hours=1), now())
    assert len(drawn(hand, A)) == 3
    assert hand.lines.waiting == 7


def test_a_grant_that_is_over_is_worth_nothing(hand: Hand) -> None:
    admit(hand, 1)
    with time_machine.travel(AT, tick=False) as clock:
        hand.grants[A.name] = Grant(3, AT + timedelta(seconds=1), AT)
        clock.move_to(AT + timedelta(seconds=2))
        assert hand.next(A) is None


# Answers ----------------------------------------------------------------------------------------


def begun(hand: Hand, key: int = 1) -> None:
    [drawn_key] = drawn(hand, A, 1)
    assert drawn_key == key
    hand.starting(key)
    assert hand.flush()


@pytest.mark.parametrize("answer", [TAKEN, LATER, NEVER, OPEN])
def test_an_answer_is_news_and_ends_what_was_started(hand: Hand, answer: Answer) -> None:
    admit(hand, 1)
    begun(hand)
    hand.answered(1, answer)
    assert [(one.delivery_id, one.answer) for one in hand.news.answers] == [(1, answer)]
    assert (hand.size, hand.started) == (0, set())


def test_a_relay_in_trouble_gets_its_mail_taken_back_and_is_left_alone(books: Journal) -> None:
    hand = holding(books, A, B)
    admit(hand, 1, 2)
    begun(hand)
    hand.answered(1, TROUBLE._replace(relay=A.name))
    assert hand.news.answers == []
    assert hand.news.holds == {f"relay:{A.name}": "dot: 421 4.3.2 closing"}
    assert hand.next(A) is None
    assert hand.flush()
    written = parse("w", books.path.read_bytes())
    assert (written.started, written.answered) == (set(), {})
    assert drawn(hand, B) == [1, 2]


def test_a_relay_that_took_one_after_its_trouble_works_again(hand: Hand) -> None:
    admit(hand, 1)
    begun(hand)
    with time_machine.travel(now(), tick=False) as clock:
        hand.answered(1, TROUBLE._replace(relay=A.name))
        clock.shift(timedelta(minutes=2))
        begun(hand)
        hand.answered(1, TAKEN._replace(relay=A.name))
    assert hand.news.works_again == {f"relay:{A.name}"}


def test_a_lost_answer_does_not_say_that_a_relay_works(hand: Hand) -> None:
    admit(hand, 1)
    begun(hand)
    with time_machine.travel(now(), tick=False) as clock:
        hand.answered(1, TROUBLE._replace(relay=A.name))
        clock.shift(timedelta(minutes=2))
        begun(hand)
        hand.answered(1, OPEN._replace(relay=A.name))
    assert hand.news.works_again == set()


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(Outcome.RELAY_TROUBLE, Stage.MAIL, A.name, 553, "5.7.1 sender not owned by user"),
        Answer(Outcome.RELAY_TROUBLE, Stage.RCPT, A.name, 550, "5.1.8 sender's domain not found"),
    ],
)
def test_a_refused_sender_is_the_issues_trouble_and_not_the_relays(
    hand: Hand, refusal: Answer
) -> None:
    admit(hand, 1)
    admit(hand, 2, issue_id=2)
    drawn(hand, A, 1)
    hand.answered(1, refusal)
    assert list(hand.news.refused_senders) == [1]
    assert hand.news.holds == {}
    assert hand.news.is_urgent
    assert 2 in drawn(hand, A)


def test_to_be_asked_to_sign_in_is_the_relays_trouble(hand: Hand) -> None:
    admit(hand, 1)
    drawn(hand, A, 1)
    hand.answered(1, Answer(Outcome.RELAY_TROUBLE, Stage.MAIL, A.name, 530, "5.7.0 sign in"))
    assert hand.news.refused_senders == {}
    assert list(hand.news.holds) == [f"relay:{A.name}"]


def test_a_domain_that_is_short_of_breath_is_held_and_no_other(hand: Hand) -> None:
    admit(hand, 1, 2, email="ada@slow.example")
    admit(hand, 3)
    drawn(hand, A, 1)
    hand.answered(1, Answer(Outcome.RETRY, Stage.RCPT, A.name, 450, "4.7.1 rate limited"))
    assert list(hand.news.holds) == ["domain:slow.example"]
    assert hand.news.throttled == {1: "slow.example"}
    assert drawn(hand, A) == [3]
    assert [parked.due.to.delivery_id for parked in hand.news.parked] == [2]


def test_what_was_not_begun_after_all_comes_first_again(hand: Hand) -> None:
    admit(hand, 1, 2)
    drawn(hand, A, 1)
    hand.starting(1)
    hand.returned(1)
    assert drawn(hand, A) == [1, 2]
    assert hand.started == set()


# Slots ------------------------------------------------------------------------------------------


def test_a_delivery_waits_for_its_slot(hand: Hand) -> None:
    hand.admit(due(1), AT + timedelta(seconds=5))
    hand.admit(due(2), AT + timedelta(seconds=1))
    assert hand.lines.next_slot == (AT + timedelta(seconds=1)).timestamp()
    hand.wake_slots(AT)
    assert hand.next(A) is None
    hand.wake_slots(AT + timedelta(seconds=1))
    assert drawn(hand, A) == [2]
    hand.wake_slots(AT + timedelta(seconds=5))
    assert drawn(hand, A) == [1]


def test_what_is_dropped_is_what_was_not_begun(hand: Hand) -> None:
    admit(hand, 1, 2, 3)
    hand.admit(due(4), AT)
    hand.admit(due(5), AT)
    assert drawn(hand, A, 1) == [1]
    dropped = hand.lines.drop(lambda one: one.to.delivery_id != 3 and one.to.delivery_id != 5)
    assert sorted(one.to.delivery_id for one in dropped) == [2, 4]
    assert hand.known() == {1, 3, 5}


# News -------------------------------------------------------------------------------------------


def test_news_that_was_not_written_down_comes_before_what_came_since(hand: Hand) -> None:
    admit(hand, 1, 2)
    drawn(hand, A)
    hand.answered(1, TAKEN)
    older = hand.take_news()
    hand.answered(2, LATER)
    hand.give_news_back(older)
    assert [one.delivery_id for one in hand.news.answers] == [1, 2]
    assert hand.known() == {1, 2}


def test_every_kind_of_news_survives_a_lost_transaction(hand: Hand) -> None:
    news = hand.news
    news.left, news.parked, news.given_back = [due(1)], [Parked(due(2))], [due(3)]
    news.throttled, news.holds = {1: "a"}, {"relay:x": "down"}
    news.works_again, news.refused_senders = {"relay:y"}, {7: "no"}
    before = dict(vars(news))
    hand.give_news_back(hand.take_news())
    assert vars(hand.news) == before
    assert hand.news.is_urgent


# The journal ------------------------------------------------------------------------------------


def test_an_answer_before_anything_was_started_is_not_in_the_journal(
    hand: Hand, books: Journal
) -> None:
    admit(hand, 1)
    drawn(hand, A)
    hand.answered(1, NEVER)
    assert hand.flush()
    assert books.path.stat().st_size == 256


def test_without_a_sure_lease_nothing_goes_out(hand: Hand, books: Journal) -> None:
    admit(hand, 1)
    drawn(hand, A)
    hand.starting(1)
    hand.may_start = lambda: False
    assert not hand.flush()
    hand.returned(1)
    hand.may_start = lambda: True
    assert hand.flush()
    assert parse("w", books.path.read_bytes()).started == set()


def test_a_full_disk_stops_it_and_it_says_so_once(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    admit(hand, 1)
    drawn(hand, A)
    hand.starting(1)
    with monkeypatch.context() as full:
        full.setattr("os.pwrite", lambda *_: 0)
        assert not hand.flush()
        assert not hand.flush()
    hand.returned(1)
    begun(hand)
    assert hand.trouble == ""
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
