"""How single mails of any table go out: claimed for a while, tried, and tried again later."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.mail.answers import Answer, Outcome, next_try
from app.mail.smtp import Client
from app.services import Services

BATCH = 100
LEASE = timedelta(minutes=10)


class Mailed(Protocol):
    """What a row that is mailed keeps. `next_try_at` is None once it is sent or given up."""

    next_try_at: datetime | None
    attempts: int
    last_answer: str | None


Table = type[Any]  # whose rows are Mailed, and have an id
Due = Callable[[datetime], Select[int]]  # the ids of rows to be mailed at that time


def due(table: Table, at: datetime) -> Select[int]:
    return select(table.id).where(table.next_try_at <= at).order_by(table.next_try_at)


def mail_each(
    services: Services,
    table: Table,
    due: Due,
    mail: Callable[[Services, Client, int], None],
) -> int:
    """Mail what is due, one after the other; how many were tried."""
    with services.database.writing() as session:
        ids = _claim(session, table, due(now()), now())
    if not ids:
        return 0
    with Client(services.settings.relays[0]) as client:
        for row_id in ids:
            mail(services, client, row_id)
    return len(ids)


def settle(row: Mailed, answer: Answer, at: datetime) -> bool:
    """Write the answer down; whether it is sent, as far as anybody can know."""
    row.attempts += 1
    row.last_answer = f"{answer.code or ''} {answer.text}".strip()
    sent = answer.outcome in (Outcome.SENT, Outcome.UNKNOWN)
    over = sent or answer.outcome is Outcome.GIVE_UP
    row.next_try_at = None if over else next_try(row.attempts, at)
    return sent


def _claim(session: Session, table: Table, due: Select[int], at: datetime) -> list[int]:
    wanted = due.limit(BATCH).with_for_update(skip_locked=True)
    claimed = session.scalars(
        update(table)
        .where(table.id.in_(wanted.scalar_subquery()))
        .values(next_try_at=at + LEASE)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return list(claimed)
