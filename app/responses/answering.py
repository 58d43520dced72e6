"""What a member says of an ask: found by its link, recorded append-only, taken back by one tap.

Each function takes a driver's connection first, inside whatever transaction it is in: the page
that a mail brings everybody to is one statement to look at and four to answer (app/direct.py).
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, NamedTuple

from app.cases.models import CaseStatus, Sensitivity
from app.direct import Connection, Statement, dialect_of
from app.responses import statements
from app.responses.judging import LEAVING, SWEEP, Around, Suspicion, Tap, judge
from app.responses.models import Answer, Channel

Ids = tuple[int, int]  # delivery, offer: one member and one ask, as a link names them


class Details(NamedTuple):
    """What may be said beyond the answer itself."""

    letters: int | None = None
    how: str | None = None
    acted_on: date | None = None
    promised_for: date | None = None
    reply_came: bool = False
    note: str = ""


NO_DETAILS = Details()


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
    suspect: Suspicion | None = None  # why it may be a robot's
    seal: str | None = None  # of a suspect: its form's nonce


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
    visited: bool  # its being opened was noted lately
    language: str  # of the mail
    newest: Said | None  # that counts
    content: Content

    @property
    def held(self) -> Said | None:
        """The answer that counts now: the newest, unless it was taken back."""
        return None if self.newest is None or self.newest.answer == Answer.UNDONE else self.newest


class Taken(NamedTuple):
    """What became of an answer."""

    held: Said | None  # after it
    suspect: Suspicion | None  # it is kept, and does not count


def find(connection: Connection, ids: Ids, lifetime: timedelta, now: datetime) -> Asked | None:
    """None when the delivery is gone, or never carried this ask. One round trip."""
    at, expired_before, lately = _times(int(now.timestamp()), lifetime)
    row = _statement(statements.page, connection).first(
        connection, **_named(ids), now=at, expired_before=expired_before, lately=lately
    )
    if row is None:
        return None
    expired, status, sensitivity, withdrawn, closed, visited, language = row[:7]
    standing = _standing(bool(expired), status, sensitivity, withdrawn)
    said, content = _said(row[7:16]), Content(*row[16:])
    return Asked(ids, standing, bool(closed), visited, language, said, content)


def newest(connection: Connection, ids: Ids) -> Said | None:
    """The newest row that counts."""
    row = _statement(statements.newest, connection).first(connection, **_named(ids))
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
        seal=source.seal,
        **details._asdict(),
    )
    is_sqlite = dialect_of(connection) == "sqlite"
    added = cursor.lastrowid if is_sqlite else cursor.fetchone()[0]
    return Said(added, answer, now, details)


def take(
    connection: Connection,
    asked: Asked,
    answer: Answer,
    tap: Tap,
    details: Details = NO_DETAILS,
    *,
    detailed: bool = False,
) -> Taken:
    """What a form of the page says; `asked` was found after `lock`. What says nothing new adds no
    row, whoever says it."""
    details = kept(asked.held, answer, details, detailed=detailed)
    if answer is Answer.UNDONE:
        details, is_new = Details(), asked.held is not None
    else:
        is_new = asked.held is None or (asked.held.answer, asked.held.details) != (answer, details)
    if not is_new:
        return Taken(asked.held, None)
    why = _doubt(connection, asked, tap)
    if why is not None:
        _keep_suspect(connection, asked.ids, answer, details, tap, why)
        return Taken(asked.held, why)
    # Two taps may wait for each other: what is said later is not said earlier.
    at = max(tap.at, asked.newest.recorded_at) if asked.newest else tap.at
    said = record(connection, asked.ids, asked.newest, answer, details, at)
    return Taken(None if answer is Answer.UNDONE else said, None)


def _doubt(connection: Connection, asked: Asked, tap: Tap) -> Suspicion | None:
    if tap.form is None:
        return Suspicion.WITHOUT_FORM
    statement = _statement(statements.around, connection)
    rows = statement.all(connection, **_named(asked.ids), seal=tap.form.nonce)
    sent_at, openings, doubted = None, [], None
    for kind, offer_id, at, again_at, why in rows:
        if kind == "sent":
            sent_at = at
        elif kind == "doubted":
            doubted = Suspicion(why)
        else:
            link = LEAVING if kind == "leaving" else offer_id
            openings += [(link, moment) for moment in (at, again_at) if moment is not None]
    answered_at = None if asked.newest is None else asked.newest.recorded_at
    return judge(tap, Around(sent_at, openings, doubted, answered_at))


def _keep_suspect(
    connection: Connection, ids: Ids, answer: Answer, details: Details, tap: Tap, why: Suspicion
) -> None:
    """One row for the same tap of the same form, however often it comes."""
    nonce = None if tap.form is None else tap.form.nonce
    statement = _statement(statements.newest_suspect, connection)
    row = statement.first(connection, **_named(ids), suspect=why, seal=nonce)
    same = None if row is None else _said(row)
    record(connection, ids, same, answer, details, tap.at, Source(suspect=why, seal=nonce))


def kept(held: Said | None, answer: Answer, details: Details, *, detailed: bool) -> Details:
    """What to record: the large button pressed again says nothing new, and must not erase details
    given before. `detailed`: the form with the details was sent."""
    if held is None or held.answer != answer:
        return details
    if details == Details() and not detailed:
        return held.details
    return details._replace(note=details.note or held.details.note)  # the form shows it no more


def note_visits(connection: Connection, visits: list[tuple[Ids, datetime]]) -> None:
    """These pages were opened; each is counted once, and is never part of a rate. LEAVING as an
    offer's id: the page for leaving, which is counted nowhere."""
    for (delivery_id, offer_id), at in visits:
        if offer_id == LEAVING:
            statement = _statement(statements.leaving_visit, connection)
            statement.execute(connection, delivery_id=delivery_id, first_at=at)
        else:
            statement = _statement(statements.visit, connection)
            statement.execute(connection, delivery_id=delivery_id, offer_id=offer_id, first_at=at)


def _statement(make: statements.Make, connection: Connection) -> Statement:
    return _compiled(make, dialect_of(connection))


@cache
def _compiled(make: statements.Make, dialect: str) -> Statement:
    return Statement(make(dialect), dialect)


@lru_cache(10)
def _times(second: int, lifetime: timedelta) -> tuple[datetime, datetime, datetime]:
    """The second itself, before which an issue has expired, and after which a page's being opened
    need not be noted again. The same values for a whole second need not be converted for the
    database each time."""
    at = datetime.fromtimestamp(second, UTC)
    return at, at - lifetime, at - SWEEP


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
