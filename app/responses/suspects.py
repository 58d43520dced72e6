"""Suspect answers: what became of each, and what staff decide of those that nothing has settled."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.issues.models import Offer
from app.responses.judging import Suspicion
from app.responses.models import Answer, Evidence, Resolution, Response, Verdict
from app.staff.models import Staff

Pair = tuple[int, int]  # delivery, offer


class Fate(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"  # the member said something since that counts
    EVIDENCED = "evidenced"  # a copy of the letter came
    ACCEPTED = "accepted"  # by staff: it counts
    SET_ASIDE = "set_aside"  # by staff


@dataclass(frozen=True)
class Suspect:
    response: Response
    fate: Fate

    @property
    def why(self) -> Suspicion:
        return Suspicion(self.response.suspect or "")


def of_issue(session: Session, issue_id: int) -> list[Suspect]:
    """Every suspect answer of the issue with its fate, oldest first."""
    return _judged(session, Offer.issue_id == issue_id)


def of_delivery(session: Session, delivery_id: int) -> dict[int, Suspect]:
    """By the id of the response."""
    found = _judged(session, Response.delivery_id == delivery_id)
    return {suspect.response.id: suspect for suspect in found}


def doubted(session: Session, delivery_id: int) -> set[int]:
    """The ids of the offers to which a suspect answer is open."""
    found = of_delivery(session, delivery_id).values()
    return {one.response.offer_id for one in found if one.fate is Fate.OPEN}


def waiting(suspects: Sequence[Suspect]) -> list[list[Suspect]]:
    """Those that are open, together for each member and ask, the newest first in each."""
    pairs: dict[Pair, list[Suspect]] = defaultdict(list)
    for suspect in reversed(suspects):
        if suspect.fate is Fate.OPEN:
            pairs[_pair(suspect.response)].append(suspect)
    return list(pairs.values())


def resolve(
    session: Session, response: Response, verdict: Verdict, staff: Staff, now: datetime
) -> int:
    """Decide of an open suspect, and set aside what stands open before it: how many rows that was.
    0 when it is open no more.
    """
    found = of_delivery(session, response.delivery_id).values()
    still = [one.response for one in found if one.fate is Fate.OPEN]
    if response not in still:
        return 0
    older = [one for one in still if _pair(one) == _pair(response) and one.id < response.id]
    for one in (*older, response):
        said = verdict if one is response else Verdict.SET_ASIDE
        added = Resolution(
            response_id=one.id, verdict=said.value, resolved_at=now, resolved_by=staff.id
        )
        session.add(added)
    session.flush()  # others read it by statements of their own
    return 1 + len(older)


def _judged(session: Session, which: ColumnElement[bool]) -> list[Suspect]:
    rows = session.scalars(
        select(Response)
        .join(Offer, Offer.id == Response.offer_id)
        .where(which, Response.suspect.is_not(None))
        .order_by(Response.id)
    ).all()
    if not rows:
        return []
    verdicts = _verdicts(session, which)
    counted = _newest_sound(session, which, verdicts)
    proven = _proven(session, which)
    return [Suspect(row, _fate(row, verdicts, counted, proven)) for row in rows]


def _fate(
    row: Response,
    verdicts: dict[int, str],
    counted: dict[Pair, int],
    proven: dict[Pair, datetime],
) -> Fate:
    """A copy of the letter settles what was said before it came, and that it was sent."""
    if row.id in verdicts:
        return Fate(verdicts[row.id])
    if counted.get(_pair(row), 0) > row.id:
        return Fate.ANSWERED
    evidence = proven.get(_pair(row))
    if evidence is not None and (row.answer == Answer.DONE or evidence >= row.recorded_at):
        return Fate.EVIDENCED
    return Fate.OPEN


def _verdicts(session: Session, which: ColumnElement[bool]) -> dict[int, str]:
    """Response id -> the newest verdict."""
    rows = session.execute(
        select(Resolution.response_id, Resolution.verdict)
        .join(Response, Response.id == Resolution.response_id)
        .join(Offer, Offer.id == Response.offer_id)
        .where(which)
        .order_by(Resolution.id)
    )
    return {row.response_id: row.verdict for row in rows}


def _newest_sound(
    session: Session, which: ColumnElement[bool], verdicts: dict[int, str]
) -> dict[Pair, int]:
    """Of each member and ask, the id of the newest answer that counts."""
    rows = session.execute(
        select(Response.delivery_id, Response.offer_id, Response.id, Response.suspect)
        .join(Offer, Offer.id == Response.offer_id)
        .where(which)
        .order_by(Response.id)
    )
    return {
        (delivery_id, offer_id): number
        for delivery_id, offer_id, number, suspect in rows
        if suspect is None or verdicts.get(number) == Verdict.ACCEPTED
    }


def _proven(session: Session, which: ColumnElement[bool]) -> dict[Pair, datetime]:
    """When the newest evidence for each member and ask came."""
    rows = session.scalars(
        select(Evidence)
        .where(
            Evidence.withdrawn_at.is_(None),
            Evidence.offer_id.in_(
                select(Response.offer_id).join(Offer, Offer.id == Response.offer_id).where(which)
            ),
        )
        .order_by(Evidence.recorded_at)
    )
    return {(one.delivery_id, one.offer_id): one.recorded_at for one in rows}


def _pair(row: Response) -> Pair:
    return row.delivery_id, row.offer_id
