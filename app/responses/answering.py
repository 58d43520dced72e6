"""What a member says of an ask: found by its link, recorded append-only, taken back by one tap.

Each function takes a driver's connection first, inside whatever transaction it is in: the page
that a mail brings everybody to is one statement to look at and three to answer (app/direct.py).
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, NamedTuple

from app.cases.models import CaseStatus, Sensitivity
from app.direct import Connection, Statement, dialect_of
from app.responses import statements
from app.responses.models import Answer, Channel

WITHOUT_FORM = "no-form"  # posted by something that never opened the page


Ids = tuple[int, int]  # delivery, offer: one member and one ask, as a link names them


class Details(NamedTuple):
    """What may be said beyond the answer itself."""

    letters: int | None = None
    how: str | None = None
    acted_on: date | None = None
    promised_for: date | None = None
    reply_came: bool = False
    note: str = ""


class Said(NamedTuple):
    """One row of what a member said."""

    id: int
    answer: Answer
    recorded_at: datetime
    details: Details


class Source(NamedTuple):
    """Where an answer came from."""

    channel: Channel = Channel.LINK
    staff_id: int | None = None  # who entered it
    suspect: str | None = None  # why it may be a robot's


BY_LINK = Source()


class Standing(StrEnum):
    """Whether an ask can still be answered through its link."""

    OPEN = "open"
    STOPPED = "stopped"  # the case team: nobody must act any more
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Content(NamedTuple):
    """The words of an ask, as they stand now."""

    kind: str
    headline: str
    why: str
    instructions: str
    model_text: str
    button: str
    deadline: date | None
    case_title: str
    case_place: str
    addressees: str  # JSON: [position, title, name, post, email] of each


class Asked(NamedTuple):
    """What is behind a link."""

    ids: Ids
    standing: Standing
    closed: bool  # its window is over: an answer is kept, and stands beside the rates
    visited: bool
    newest: Said | None  # that is no suspect's
    content: Content

    @property
    def held(self) -> Said | None:
        """The answer that counts now: the newest, unless it was taken back."""
        return None if self.newest is None or self.newest.answer == Answer.UNDONE else self.newest


def find(connection: Connection, ids: Ids, lifetime: timedelta, now: datetime) -> Asked | None:
    """None when the delivery is gone, or never carried this ask. One round trip."""
    at, expired_before = _times(int(now.timestamp()), lifetime)
    row = _statement(statements.page, connection).first(
        connection, **_named(ids), now=at, expired_before=expired_before
    )
    if row is None:
        return None
    expired, status, sensitivity, withdrawn, closed, visited = row[:6]
    standing = _standing(bool(expired), status, sensitivity, withdrawn)
    said, content = _said(row[6:15]), Content(*row[15:])
    return Asked(ids, standing, bool(closed), visited, said, content)


def newest(connection: Connection, ids: Ids, suspect: str | None = None) -> Said | None:
    """The newest row that is no suspect's, or of this kind of suspect."""
    if suspect is None:
        row = _statement(statements.newest, connection).first(connection, **_named(ids))
    else:
        statement = _statement(statements.newest_suspect, connection)
        row = statement.first(connection, **_named(ids), suspect=suspect)
    return None if row is None else _said(row)


def lock(connection: Connection, ids: Ids) -> None:
    """One at a time for each delivery until the transaction ends, so that two taps at once see
    each other. On SQLite a writing transaction is alone already."""
    if dialect_of(connection) != "sqlite":
        _statement(statements.lock, connection).execute(connection, delivery_id=ids[0])


def record(
    connection: Connection,
    ids: Ids,
    newest: Said | None,
    answer: Answer,
    details: Details,
    now: datetime,
    source: Source = BY_LINK,
) -> Said:
    """Add a row, unless the newest says exactly this: the same tap twice is one response.

    `newest` was read after `lock`.
    """
    if newest is not None and (newest.answer, newest.details) == (answer, details):
        return newest
    cursor = _statement(statements.response, connection).execute(
        connection,
        **_named(ids),
        answer=answer.value,
        channel=source.channel.value,
        recorded_at=now,
        recorded_by=source.staff_id,
        suspect=source.suspect,
        **details._asdict(),
    )
    is_sqlite = dialect_of(connection) == "sqlite"
    added = cursor.lastrowid if is_sqlite else cursor.fetchone()[0]
    return Said(added, answer, now, details)


def press(connection: Connection, asked: Asked, answer: Answer, now: datetime) -> Said | None:
    """One of the page's buttons, without details: what is held after it. `asked` was found after
    `lock`."""
    if answer is not Answer.UNDONE:
        details = kept(asked.held, answer, Details(), detailed=False)
        return record(connection, asked.ids, asked.newest, answer, details, now)
    if asked.held is not None:
        record(connection, asked.ids, asked.newest, answer, Details(), now)
    return None


def kept(held: Said | None, answer: Answer, details: Details, *, detailed: bool) -> Details:
    """What to record: the large button pressed again says nothing new, and must not erase details
    given before. `detailed`: the form with the details was sent."""
    if held is None or held.answer != answer:
        return details
    if details == Details() and not detailed:
        return held.details
    return details._replace(note=details.note or held.details.note)  # the form shows it no more


def note_visits(connection: Connection, visits: list[tuple[Ids, datetime]]) -> None:
    """These pages were opened; each is counted once, and is never part of a rate."""
    statement = _statement(statements.visit, connection)
    for ids, at in visits:
        statement.execute(connection, **_named(ids), first_at=at)


def _statement(make: statements.Make, connection: Connection) -> Statement:
    return _compiled(make, dialect_of(connection))


@cache
def _compiled(make: statements.Make, dialect: str) -> Statement:
    return Statement(make(dialect), dialect)


@lru_cache(10)
def _times(second: int, lifetime: timedelta) -> tuple[datetime, datetime]:
    """The second itself, and before which an issue has expired. The same values for a whole second
    need not be converted for the database each time."""
    at = datetime.fromtimestamp(second, UTC)
    return at, at - lifetime


def _named(ids: Ids) -> dict[str, int]:
    return {"delivery_id": ids[0], "offer_id": ids[1]}


def _standing(expired: bool, status: str, sensitivity: str, withdrawn: bool) -> Standing:
    if expired:
        return Standing.EXPIRED
    if status == CaseStatus.STOPPED:
        return Standing.STOPPED
    if withdrawn or sensitivity == Sensitivity.CONFIDENTIAL:
        return Standing.WITHDRAWN
    return Standing.OPEN


def _said(row: list[Any]) -> Said | None:
    if row[0] is None:
        return None
    return Said(row[0], Answer(row[1]), row[2], Details(*row[3:]))
