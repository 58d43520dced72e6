"""Who gets an issue, and which of its asks each of them is eligible for: in SQL, by sets.

A member may get an ask when, for each audience list that the ask fills in, the member fits it.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select, true
from sqlalchemy.orm import Session

from app.cases.models import Ask
from app.issues.models import Issue, Offer
from app.networks.models import Member, Membership, MemberTrait, Suppression, TraitKind


def recipients(issue: Issue) -> Select[int]:
    """The ids of the memberships that the issue goes to, as a statement to build upon."""
    return (
        select(Membership.id)
        .join(Member, Member.id == Membership.member_id)
        .where(Membership.network_id == issue.network_id, may_be_mailed())
    )


def may_be_mailed() -> ColumnElement[bool]:
    """Of a Membership joined with its Member: current, and the address not suppressed."""
    suppressed = exists().where(
        Suppression.email_key == Member.email_key, Suppression.lifted_at.is_(None)
    )
    return and_(Membership.ended_at.is_(None), ~suppressed)


def eligible(ask: Ask, home_language: str) -> ColumnElement[bool]:
    """Whether a Membership joined with its Member fits the ask's audience.

    Who states no language is taken to read the network's own.
    """
    conditions: list[ColumnElement[bool]] = [true()]
    if ask.sectors:
        conditions.append(Membership.sector.in_(ask.sectors))
    if ask.countries:
        conditions.append(Member.country.in_(ask.countries))
    if ask.specialties:
        conditions.append(_has(TraitKind.SPECIALTY, ask.specialties))
    if ask.languages:
        fits = _has(TraitKind.LANGUAGE, ask.languages)
        if home_language in ask.languages:
            fits = or_(fits, ~_has(TraitKind.LANGUAGE))
        conditions.append(fits)
    return and_(*conditions)


def offers_key(issue: Issue) -> ColumnElement[str]:
    """The ids of the offers that a member is eligible for, in order, each followed by a comma."""
    parts = [
        case((eligible(offer.ask, issue.network.language), f"{offer.id},"), else_="")
        for offer in issue.offers
    ]
    key: ColumnElement[str] = literal("")
    for part in parts:
        key = key + part
    return key


def count_by_edition(session: Session, issue: Issue) -> dict[tuple[int, ...], int]:
    """How many members get each set of offers; the empty set are those with nothing to do."""
    key = offers_key(issue).label("key")
    rows = recipients(issue).with_only_columns(key).subquery()
    counted = select(rows.c.key, func.count()).group_by(rows.c.key).order_by(rows.c.key)
    return {offer_ids(key): count for key, count in session.execute(counted)}


def count_by_offer(issue: Issue, editions: dict[tuple[int, ...], int]) -> dict[int, int]:
    """How many members get each offer of the issue."""
    return {
        offer.id: sum(count for ids, count in editions.items() if offer.id in ids)
        for offer in issue.offers
    }


def offer_ids(key: str) -> tuple[int, ...]:
    return tuple(int(part) for part in key.split(",") if part)


def chosen(issue: Issue, ids: Sequence[int]) -> list[Offer]:
    return [offer for offer in issue.offers if offer.id in ids]


def _has(kind: str, values: Sequence[str] = ()) -> ColumnElement[bool]:
    wanted = exists().where(MemberTrait.member_id == Member.id, MemberTrait.kind == kind)
    if values:
        wanted = wanted.where(MemberTrait.value.in_([value.casefold() for value in values]))
    return wanted
