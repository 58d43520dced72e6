"""Which letters there are, for the pages: without what they say."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.issues.models import Issue, Offer
from app.letters.models import Letter, LetterKind, LetterState

PAGE = 50
OF_A_CASE = 20


@dataclass(frozen=True)
class OfCase:
    """`counts`: by kind, without those that were rejected. `newest` holds some of them."""

    counts: dict[LetterKind, int]
    newest: Sequence[Letter]


def of_networks(
    session: Session, network_ids: Collection[int], state: str, page: int
) -> Sequence[Letter]:
    """A page of them, those that nobody has checked first, then the newest. `state`: "" for all."""
    checked = Letter.state != LetterState.UNCHECKED.value
    return session.scalars(
        select(Letter)
        .where(*_in(network_ids), *_is(state))
        .order_by(checked, Letter.received_at.desc(), Letter.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()


def counts(session: Session, network_ids: Collection[int]) -> dict[LetterState, int]:
    rows = session.execute(
        select(Letter.state, func.count()).where(*_in(network_ids)).group_by(Letter.state)
    )
    found = dict(rows.all())
    return {state: found.get(state.value, 0) for state in LetterState}


def of_case(session: Session, case_id: int) -> OfCase:
    evidence = Letter.case_id == case_id, Letter.state != LetterState.REJECTED.value
    found = dict(
        session.execute(
            select(Letter.kind, func.count()).where(*evidence).group_by(Letter.kind)
        ).all()
    )
    newest = select(Letter).where(*evidence).order_by(Letter.received_at.desc(), Letter.id.desc())
    return OfCase(
        {kind: found.get(kind.value, 0) for kind in LetterKind},
        session.scalars(newest.limit(OF_A_CASE)).all(),
    )


def network_of(session: Session, letter: Letter) -> int:
    """The id of the network whose newsletter asked for it."""
    return session.scalars(
        select(Issue.network_id)
        .join(Offer, Offer.issue_id == Issue.id)
        .where(Offer.id == letter.offer_id)
    ).one()


def _in(network_ids: Collection[int]) -> tuple[ColumnElement[bool]]:
    offers = (
        select(Offer.id)
        .join(Issue, Issue.id == Offer.issue_id)
        .where(Issue.network_id.in_(network_ids))
    )
    return (Letter.offer_id.in_(offers),)


def _is(state: str) -> tuple[ColumnElement[bool], ...]:
    return (Letter.state == state,) if state else ()
