"""Making and changing drafts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models import Ask, Case, CaseStatus, Sensitivity
from app.delivery.audience import count_by_edition, count_by_offer
from app.errors import NotFound, Refused
from app.issues.models import Issue, IssueCase, IssueState, Offer
from app.networks.models import Network

WORDS = ("title", "subject", "preview", "greeting", "introduction", "closing", "sender_name")


def create(
    session: Session, network: Network, staff_id: int | None, now: datetime, **words: str
) -> Issue:
    """A draft that starts from the network's last issue: its greeting, closing and sender."""
    last = session.scalars(
        select(Issue).where(Issue.network_id == network.id).order_by(Issue.id.desc()).limit(1)
    ).first()
    issue = Issue(
        network=network,
        title=words.get("title", ""),
        subject=words.get("subject", ""),
        greeting=last.greeting if last else "Dear {{name|colleague}},",
        closing=last.closing if last else "",
        sender_name=last.sender_name if last else network.from_name,
        language=network.language,
        created_at=now,
        updated_at=now,
        created_by=staff_id,
    )
    session.add(issue)
    session.flush()  # its address needs its id
    return issue


def require_draft(issue: Issue) -> None:
    if issue.state is not IssueState.DRAFT:
        raise Refused(
            _("This issue is scheduled or sent, so its words are fixed. Nothing was changed.")
        )


def rewrite(issue: Issue, words: Mapping[str, str], now: datetime) -> list[str]:
    """Change the words of a draft; the names of the fields that changed."""
    require_draft(issue)
    changed = [name for name in WORDS if name in words and getattr(issue, name) != words[name]]
    for name in changed:
        setattr(issue, name, words[name])
    if changed:
        issue.updated_at = now
    return changed


def add_case(session: Session, issue: Issue, case: Case, now: datetime) -> None:
    """Put a case at the end, and offer those of its asks that fit at least one member."""
    require_draft(issue)
    if any(place.case_id == case.id for place in issue.cases):
        raise Refused(_("This case stands in the issue already."))
    issue.cases.append(IssueCase(case=case, position=len(issue.cases)))
    offer_asks(session, issue, case, [ask.id for ask in case.asks if not ask.withdrawn_at], now)
    reached = count_by_offer(issue, count_by_edition(session, issue))
    fitting = [offer.ask_id for offer in issue.offers if reached[offer.id]]
    if any(ask.id in fitting for ask in case.asks):
        offer_asks(session, issue, case, fitting, now)


def remove_case(issue: Issue, case_id: int, now: datetime) -> None:
    require_draft(issue)
    place = _place(issue, case_id)
    issue.offers = [offer for offer in issue.offers if offer.ask.case_id != case_id]
    issue.cases.remove(place)
    _renumber(issue)
    issue.updated_at = now


def move_case(issue: Issue, case_id: int, step: int, now: datetime) -> None:
    """Swap a case with the one before (-1) or after it (1); at an end, nothing happens."""
    require_draft(issue)
    here = issue.cases.index(_place(issue, case_id))
    there = here + step
    if 0 <= there < len(issue.cases):
        issue.cases[here].position, issue.cases[there].position = there, here
        issue.cases.sort(key=lambda place: place.position)
        _renumber(issue)
        issue.updated_at = now


def offer_asks(
    session: Session, issue: Issue, case: Case, ask_ids: Sequence[int], now: datetime
) -> None:
    """Let exactly these asks of the case stand in the issue."""
    require_draft(issue)
    others = [offer for offer in issue.offers if offer.ask.case_id != case.id]
    kept = {offer.ask_id: offer for offer in issue.offers if offer.ask.case_id == case.id}
    wanted = [ask for ask in case.asks if ask.id in ask_ids]
    issue.offers = others + [kept.get(ask.id) or Offer(ask=ask) for ask in wanted]
    _renumber(issue)
    issue.updated_at = now
    session.flush()  # new offers need their ids for the audience's counts


def cases_to_offer(session: Session, issue: Issue, text: str = "") -> list[Case]:
    """Cases that may stand in the issue and do not yet: this network's sector first, then new."""
    taken = {place.case_id for place in issue.cases}
    statement = select(Case).where(
        Case.status.in_([CaseStatus.OPEN, CaseStatus.UPDATED]),
        Case.sensitivity != Sensitivity.CONFIDENTIAL,
        Case.id.not_in(taken),
    )
    if text:
        statement = statement.where(
            Case.title.icontains(text, autoescape=True)
            | Case.reference.icontains(text, autoescape=True)
        )
    found = session.scalars(statement.order_by(Case.updated_at.desc(), Case.id)).all()
    return sorted(found, key=lambda case: issue.network.sector not in case.sectors)


def case_or_404(session: Session, case_id: int) -> Case:
    case = session.get(Case, case_id)
    if case is None or case.sensitivity == Sensitivity.CONFIDENTIAL:
        raise NotFound(_("This case does not exist or is not for newsletters."))
    return case


def _place(issue: Issue, case_id: int) -> IssueCase:
    for place in issue.cases:
        if place.case_id == case_id:
            return place
    raise NotFound(_("This case does not stand in the issue."))


def _renumber(issue: Issue) -> None:
    """Cases keep their order; offers follow their cases, and within a case the asks' order."""
    order: dict[Any, int] = {}
    for position, place in enumerate(issue.cases):
        place.position = position
        order[place.case] = position
    issue.offers.sort(key=lambda offer: (order[offer.ask.case], _ask_order(offer.ask)))
    for position, offer in enumerate(issue.offers):
        offer.position = position


def _ask_order(ask: Ask) -> tuple[int, int]:
    return ask.position, ask.id
