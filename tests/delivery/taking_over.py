"""What a journal is made to say, and what is read of a take-over."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery import settling
from app.delivery.journal import Journal
from app.delivery.models import Attempt, Settlement
from app.delivery.recovering import LEASE_SECONDS, Recovery, Taken
from app.mail.answers import Answer
from tests.delivery.cast import AT, Ledger, settled
from tests.mail.working import Clock


def say(book: Journal, *started: int, **_: object) -> None:
    for key in started:
        book.start(key)
    book.flush()


def answer(book: Journal, answers: dict[int, Answer]) -> None:
    for key, one in answers.items():
        book.start(key)
        book.answer(key, one)
    book.flush()


def settle(session: Session, made: Ledger, *keys: int, worker: str = "a") -> None:
    settling.settle(session, worker, [settled(key, made.issue_id) for key in keys], AT)
    session.commit()


def only(done: list[Taken]) -> tuple[int, int, int]:
    """(settled, uncertain, left to its owner) of the one worker that was taken over."""
    [taken] = done
    assert taken.worker == "a"
    return taken.settled, taken.uncertain, taken.left_to_owner


@contextmanager
def silent(recovery: Recovery, clock: Clock) -> Iterator[None]:
    """So that whoever does not beat within the block counts as gone after it."""
    assert recovery.run() == []
    yield
    clock.at += LEASE_SECONDS


def snapshot(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(
            str(tuple(each))
            for model in (Settlement, Attempt)
            for each in session.execute(select(*model.__table__.columns))
        )
