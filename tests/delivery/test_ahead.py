"""Letters that take long are written ahead: each in its turn, by whom it was asked for, once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dkim as verifier
import pytest
from sqlalchemy import func, select

from app.clock import now
from app.delivery import preparing
from app.delivery.ahead import AHEAD, Ahead
from app.delivery.filling import Addressed
from app.delivery.leasing import Due
from app.delivery.models import Settlement
from app.delivery.worker import Worker
from app.mail.inbox import Inbox, serve
from app.mail.letter import Letter
from app.mail.relay import Relay
from app.services import Services
from newsletters.dkim import Signer
from tests import personas
from tests.delivery.cast import PATIENCE
from tests.keys import RSA

SIGNER = Signer(RSA, "news.example.org", "docket")


def due(number: int) -> Due:
    to = Addressed(number, f"Member {number}", f"m{number}@example.org", None, None)
    return Due(to, issue_id=1, edition_id=1, rank=1, fits=True)


def letter(one: Due) -> Letter:
    if one.to.delivery_id == 13:
        raise ValueError("it cannot be written")
    return Letter("from@news.example.org", one.to.address, b"x\r\n")


@contextmanager
def ahead(write: Callable[[Due], Letter] = letter) -> Iterator[tuple[Ahead, threading.Event]]:
    ready = threading.Event()
    writing = Ahead(write, ready.set)
    try:
        yield writing, ready
    finally:
        writing.close()


def taken(writing: Ahead, ready: threading.Event, one: Due, coming: list[Due]) -> Letter:
    while True:
        ready.clear()
        if (found := writing.take(one, coming)) is not None:
            return found
        assert ready.wait(PATIENCE)


def test_each_gets_its_own_letter_in_the_order_asked() -> None:
    dues = [due(number) for number in range(100, 200)]
    with ahead() as (writing, ready):
        for place, one in enumerate(dues):
            coming = dues[place + 1 : place + 1 + AHEAD]
            assert taken(writing, ready, one, coming).recipient == one.to.address


def test_none_is_waited_for() -> None:
    gate = threading.Event()

    def slow(one: Due) -> Letter:
        assert gate.wait(PATIENCE)
        return letter(one)

    with ahead(slow) as (writing, ready):
        one = due(1)
        assert writing.take(one, []) is None
        assert not ready.is_set()
        gate.set()
        assert taken(writing, ready, one, []).recipient == "m1@example.org"


def test_one_that_cannot_be_written_says_so_in_its_turn() -> None:
    with ahead() as (writing, ready):
        bad = due(13)
        assert taken(writing, ready, due(12), [bad]).recipient == "m12@example.org"
        with pytest.raises(ValueError, match="cannot be written"):
            taken(writing, ready, bad, [])


def test_a_delivery_that_was_given_back_and_taken_again_is_written_again() -> None:
    with ahead() as (writing, ready):
        moved = due(1)._replace(to=due(1).to._replace(address="new@example.org"))
        taken(writing, ready, due(0), [due(1)])
        assert taken(writing, ready, moved, []).recipient == "new@example.org"


def test_what_left_the_line_is_forgotten() -> None:
    with ahead() as (writing, ready):
        for number in range(0, 10_000, 2):
            taken(writing, ready, due(number), [due(number + 1)])
        assert len(writing._held) <= 4 * AHEAD


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[tuple[Inbox, Relay]]:
    controller = serve(tmp_path / "inbox", "127.0.0.1", 0)
    yield Inbox(tmp_path / "inbox"), Relay("smtp", "127.0.0.1", controller.port, connections=3)
    controller.stop()


def test_a_signed_issue_reaches_everybody_once(
    services: Services, inbox: tuple[Inbox, Relay]
) -> None:
    settings = replace(services.settings, relays=(inbox[1],))
    signing = replace(services, settings=settings, dkim=SIGNER)
    with signing.database.writing() as session:
        network = personas.network(session)
        for number in range(60):
            personas.member(session, network, f"Member {number}", f"m{number}@example.org")
        issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
        preparing.schedule(session, issue, now(), None, now())
        assert preparing.freeze(session, issue.id, now()) == 60
    worker = Worker(signing)
    try:
        worker.work_through()
    finally:
        worker.close()
    summaries = inbox[0].list(limit=100)
    assert sorted(summary.recipients for summary in summaries) == sorted(
        (f"m{number}@example.org",) for number in range(60)
    )
    mails = [inbox[0].get(summary.id) for summary in summaries]
    record = SIGNER.record.encode()
    for mail in mails:
        assert mail and verifier.verify(mail.source, dnsfunc=lambda name, timeout=5: record)
    with signing.database.reading() as session:
        assert session.scalar(select(func.count(Settlement.delivery_id))) == 60
