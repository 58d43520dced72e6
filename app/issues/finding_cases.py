"""Cases that may stand in an issue, those for this network first, each saying why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases.models import Case, CasePerson, CaseStatus, Sensitivity
from app.issues.models import Block, Issue
from app.networks.models import Member, Membership
from app.sectors import sector_name

LATELY = 6  # issues of the network, whose cases' keywords say what it works on
MOST_COUNTRIES = 5  # in which most of its members live
MOST_LOOKED_AT = 500


@dataclass(frozen=True)
class Found:
    """`reasons`: why it fits this network, best first."""

    case: Case
    reasons: Sequence[str]


def cases_to_offer(session: Session, issue: Issue, text: str = "", most: int = 8) -> list[Found]:
    """Open cases that do not stand in the issue yet; of equal ones the newest first."""
    statement = select(Case).where(
        Case.status.in_([CaseStatus.OPEN, CaseStatus.UPDATED]),
        Case.sensitivity != Sensitivity.CONFIDENTIAL,
        Case.id.not_in([case.id for case in issue.cases]),
    )
    for word in text.split()[:10]:
        named = CasePerson.name.icontains(word, autoescape=True)
        statement = statement.where(
            Case.title.icontains(word, autoescape=True)
            | Case.reference.icontains(word, autoescape=True)
            | Case.place.icontains(word, autoescape=True)
            | Case.people.any(named)
        )
    newest = statement.order_by(Case.updated_at.desc(), Case.id).limit(MOST_LOOKED_AT)
    countries, keywords = _countries(session, issue), _keywords(session, issue)
    found = [
        Found(case, list(_reasons(issue, case, countries, keywords)))
        for case in session.scalars(newest)
    ]
    return sorted(found, key=lambda one: -len(one.reasons))[:most]


def _reasons(
    issue: Issue, case: Case, countries: Sequence[str], keywords: set[str]
) -> Iterator[str]:
    if issue.network.sector in case.sectors:
        yield _("for %(sector)s", sector=sector_name(issue.network.sector))
    if case.country in countries:
        yield _("members live there")
    if shared := sorted(keywords.intersection(case.keywords)):
        yield _("like your last issues: %(words)s", words=", ".join(shared[:3]))


def _countries(session: Session, issue: Issue) -> list[str]:
    most = (
        select(Member.country)
        .join(Membership, Membership.member_id == Member.id)
        .where(Membership.network_id == issue.network_id, Membership.ended_at.is_(None))
        .where(Member.country.is_not(None))
        .group_by(Member.country)
        .order_by(func.count().desc(), Member.country)
        .limit(MOST_COUNTRIES)
    )
    return [country for country in session.scalars(most) if country]


def _keywords(session: Session, issue: Issue) -> set[str]:
    last = (
        select(Issue.id)
        .where(Issue.network_id == issue.network_id, Issue.frozen_at.is_not(None))
        .order_by(Issue.id.desc())
        .limit(LATELY)
    )
    theirs = (
        select(Case)
        .join(Block, Block.case_id == Case.id)
        .where(Block.issue_id.in_(last), Block.removed_at.is_(None))
    )
    return {word for case in session.scalars(theirs).unique() for word in case.keywords}
