"""A ledger as the freeze leaves it, workers that hold parts of it, and answers of relays."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import journal, leasing
from app.delivery.filling import Addressed
from app.delivery.leasing import CHUNK_SIZE, Due, Lease
from app.delivery.models import (
    STATE,
    Attempt,
    Cause,
    Chunk,
    Delivery,
    Edition,
    Settlement,
    WorkerLease,
)
from app.delivery.settling import Settled
from app.issues.models import Issue
from app.mail.answers import Answer, Outcome, Stage
from app.mail.letter import Letter
from app.networks.models import Member, Membership
from newsletters.content import CompositionError
from tests import personas

AT = datetime(2030, 3, 1, 9, 30, tzinfo=UTC)  # when ledgers of this cast are frozen
RELAY = "relay.example.net:25"
PATIENCE = 30.0  # seconds that nothing takes, unless it is broken

TAKEN = Answer(Outcome.SENT, Stage.DOT, RELAY, 250, "2.0.0 taken")
LATER = Answer(Outcome.RETRY, Stage.RCPT, RELAY, 451, "4.3.0 later")
NEVER = Answer(Outcome.GIVE_UP, Stage.RCPT, RELAY, 550, "5.1.1 nobody")
TROUBLE = Answer(Outcome.RELAY_TROUBLE, Stage.DOT, RELAY, 421, "4.3.2 closing")
OPEN = Answer(Outcome.UNKNOWN, Stage.DOT, RELAY, None, "timed out")

numbers = count(1)


def address(number: int) -> str:
    return f"m{number}@example.org"


@dataclass(frozen=True)
class Ledger:
    issue_id: int
    edition_id: int
    ids: tuple[int, ...]  # of its deliveries, in order


def ledger(
    session: Session,
    members: int = 3,
    *,
    size: int = CHUNK_SIZE,
    to: Callable[[int], str] = address,
    **values: Any,
) -> Ledger:
    """An issue on its way to so many members of a network of its own; committed."""
    issue = _issue(session, values)
    edition = _edition(session, issue)
    ids = _deliveries(session, issue, edition, [to(n) for n in range(members)])
    for begin in range(0, len(ids), size):
        part = ids[begin : begin + size]
        session.add(_chunk(issue, edition, part))
    session.commit()
    return Ledger(issue.id, edition.id, tuple(ids))


def _issue(session: Session, values: Mapping[str, Any]) -> Issue:
    network = personas.network(session, f"net{next(numbers)}")
    issue = personas.issue(session, network, [], **values)
    issue.scheduled_for = issue.frozen_at = AT
    return issue


def _edition(session: Session, issue: Issue) -> Edition:
    edition = Edition(
        issue_id=issue.id, language="en", offers_key="", subject="", compiled=b"",
        content_hash="", size=0,
    )  # fmt: skip
    session.add(edition)
    session.flush()  # its deliveries name it
    return edition


def _chunk(issue: Issue, edition: Edition, ids: Sequence[int]) -> Chunk:
    return Chunk(
        issue_id=issue.id,
        edition_id=edition.id,
        first_id=ids[0],
        last_id=ids[-1],
        size=len(ids),
        rank=leasing.rank_of(urgent=bool(issue.urgent)),
    )


def _deliveries(
    session: Session, issue: Issue, edition: Edition, emails: Sequence[str]
) -> list[int]:
    if not emails:
        return []
    tag = next(numbers)
    members = _inserted(
        session,
        Member,
        [
            {
                "email": email,
                "email_key": f"{tag}.{n}.{email.casefold()}",
                "name": f"Member {n}",
                "created_at": AT,
                "updated_at": AT,
            }
            for n, email in enumerate(emails)
        ],
    )
    consent = {
        "network_id": issue.network_id, "sector": "legal", "source": "import", "started_at": AT,
        "consent_wording": "I agree.", "consent_source": "sheet", "consent_at": AT,
    }  # fmt: skip
    memberships = _inserted(session, Membership, [consent | {"member_id": m} for m in members])
    place = {"issue_id": issue.id, "edition_id": edition.id, "sector": "legal"}
    pairs = zip(members, memberships, strict=True)
    return _inserted(
        session,
        Delivery,
        [place | {"member_id": member, "membership_id": mine} for member, mine in pairs],
    )


def _inserted(session: Session, model: Any, rows: list[dict[str, Any]]) -> list[int]:
    statement = insert(model).returning(model.id, sort_by_parameter_order=True)
    return list(session.scalars(statement, rows))


def gone(session: Session, made: Ledger, number: int) -> None:
    """As nothing does today."""
    member = members_of(session, made)[number]
    session.execute(delete(Membership).where(Membership.member_id == member.id))
    session.execute(delete(Member).where(Member.id == member.id))
    session.flush()


def members_of(session: Session, made: Ledger) -> list[Member]:
    statement = select(Member).join(Delivery, Delivery.member_id == Member.id)
    return list(session.scalars(statement.where(Delivery.id.in_(made.ids)).order_by(Delivery.id)))


# What the ledger says ---------------------------------------------------------------------------


def states(database: Database, issue_id: int | None = None) -> dict[int, str]:
    """Delivery -> state, by an outer join over everything."""
    statement = select(Delivery.id, STATE).outerjoin(
        Settlement, Settlement.delivery_id == Delivery.id
    )
    if issue_id is not None:
        statement = statement.where(Delivery.issue_id == issue_id)
    with database.reading() as session:
        return dict(iter(session.execute(statement.order_by(Delivery.id))))


def row(database: Database, delivery_id: int) -> Settlement:
    with database.reading() as session:
        return session.get_one(Settlement, delivery_id)


def rows(database: Database) -> dict[int, Settlement]:
    with database.reading() as session:
        return {one.delivery_id: one for one in session.scalars(select(Settlement))}


def chunks(database: Database) -> list[Chunk]:
    with database.reading() as session:
        return list(session.scalars(select(Chunk).order_by(Chunk.id)))


def attempts(database: Database, delivery_id: int) -> list[tuple[int, str]]:
    """(number, outcome) of the tries that did not end the matter."""
    statement = (
        select(Attempt.number, Attempt.outcome)
        .where(Attempt.delivery_id == delivery_id)
        .order_by(Attempt.id)
    )
    with database.reading() as session:
        return [(number, outcome) for number, outcome in session.execute(statement)]


def is_finished(database: Database, issue_id: int) -> bool:
    with database.reading() as session:
        return session.get_one(Issue, issue_id).finished_at is not None


def is_gone(database: Database, worker: str) -> bool:
    with database.reading() as session:
        return session.get_one(WorkerLease, worker).gone_at is not None


# What workers hold ------------------------------------------------------------------------------


def register(session: Session, *names: str, boot: str | None = None) -> None:
    for name in names:
        leasing.register(session, name, journal.boot_id() if boot is None else boot, now())
    session.commit()


def lease(session: Session, worker: str, taken: int = 500) -> tuple[Lease, list[Due]]:
    """The worker's next chunk, of which so many are taken up; committed."""
    held = leasing.claim(session, worker)
    assert held is not None
    dues, _ = leasing.take(session, held, held.first_id - 1, taken)
    session.commit()
    return held, dues


def settled(
    delivery_id: int, issue_id: int, answer: Answer = TAKEN, *, fresh: bool = True, **values: Any
) -> Settled:
    return Settled(delivery_id, issue_id, answer, fresh, **values)


def due(delivery_id: int, email: str = "ada@example.org", **values: Any) -> Due:
    """As if it had just been taken up."""
    defaults: dict[str, Any] = {
        "issue_id": 1, "edition_id": 1, "rank": 1, "fits": True,
        "taken_at": leasing.boot_seconds(),
    }  # fmt: skip
    to = Addressed(delivery_id, "Ada Quill", email, None, None)
    return Due(to, **defaults | values)


def retry(
    session: Session, ledger: Ledger, *numbers: int, at: object = AT, **values: object
) -> None:
    """These of its deliveries were put off until `at`; committed."""
    defaults: dict[str, Any] = {
        "state": "retry",
        "cause": Cause.PUT_OFF,
        "attempts": 1,
        "settled_at": AT,
    }
    session.add_all(
        Settlement(
            delivery_id=ledger.ids[number], issue_id=ledger.issue_id, next_try_at=at,
            **defaults | values,
        )
        for number in numbers
    )  # fmt: skip
    session.execute(update(Chunk).where(Chunk.issue_id == ledger.issue_id).values(done_at=AT))
    session.commit()


def in_threads(count: int, work: Callable[[str], None]) -> None:
    """Run `work(name)` at the same moment in so many threads; the first error is raised."""
    begin, errors = threading.Barrier(count), list[BaseException]()

    def run(name: str) -> None:
        try:
            begin.wait(30)
            work(name)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(f"w{n}",)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Plain:
    """Fills letters without words; members named Poison cannot be written to."""

    is_slow = False

    def load(self, session: Session, edition_id: int) -> Any:
        return object()

    def letter(self, loaded: Any, to: Addressed, at: datetime) -> Letter:
        if to.name == "Poison":
            raise CompositionError("no name for the greeting")
        return Letter("from@news.example.org", to.address, b"x\r\n")
