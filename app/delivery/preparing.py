"""From a scheduled issue to ledger rows: words and audience are fixed in one transaction."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from app.archive import keeping
from app.db import changed
from app.delivery.audience import chosen, offer_sets, offers_key, recipients
from app.delivery.leasing import CHUNK_SIZE, rank_of
from app.delivery.models import Chunk, Delivery, Edition, EditionOffer
from app.delivery.waking import wake_workers
from app.errors import InvalidInput, Refused
from app.issues import approving
from app.issues.composing import NOWHERE, House, content_of, stops
from app.issues.models import Issue, Offer
from app.networks.models import Member, Membership
from app.translating import into
from newsletters import wire
from newsletters.content import CompositionError

FREEZING = 0x646F636B6574  # a number of our own for PostgreSQL's advisory lock
WINDOW = timedelta(days=28)  # in which a response counts, when the ask has no deadline


def schedule(
    session: Session, issue: Issue, at: datetime, staff_id: int | None, now: datetime
) -> bool:
    """Ask for the issue to be sent at `at`. False when it was asked for before: nothing changes.

    Refused for what would hurt, with every reason; the issue stays a draft.
    """
    session.refresh(issue, with_for_update=True)
    if issue.scheduled_for is not None:
        return False
    if problems := _refusals(session, issue, now):
        raise InvalidInput(
            _("The issue was not sent. It is kept as a draft. Mend this first:"), problems
        )
    issue.scheduled_for = max(at, now)
    issue.scheduled_by = staff_id
    issue.stopped_why = None
    return True


def _refusals(session: Session, issue: Issue, now: datetime) -> list[tuple[str, str]]:
    """What keeps it from going out: (where, what is wrong and what to do)."""
    problems = stops(issue, now)
    if approving.standing(session, issue).stops:
        problems.append(approving.MISSING)
    return [(str(where), str(what)) for where, what in problems]


def unschedule(session: Session, issue: Issue) -> None:
    """Take a scheduled issue back to draft, as long as nothing of it went out."""
    session.refresh(issue, with_for_update=True)
    if issue.frozen_at is not None:
        raise Refused(_("This issue is on its way already, so it cannot become a draft again."))
    issue.scheduled_for = issue.scheduled_by = None
    issue.paused_at = issue.paused_why = None


def due(session: Session, now: datetime) -> list[int]:
    """The ids of issues whose time has come and that are not frozen yet."""
    statement = (
        select(Issue.id)
        .where(Issue.scheduled_for <= now, Issue.frozen_at.is_(None), Issue.paused_at.is_(None))
        .order_by(Issue.scheduled_for)
    )
    return list(session.scalars(statement))


def freeze(session: Session, issue_id: int, now: datetime, house: House = NOWHERE) -> int:
    """Fix words and audience of a scheduled issue and write its ledger; how many deliveries.

    Calling it again does nothing. An issue that can no longer be sent (a case was stopped since)
    goes back to draft and says why.
    """
    issue = session.get_one(Issue, issue_id, with_for_update=True)
    if issue.frozen_at is not None or issue.scheduled_for is None:
        return 0
    if problems := _refusals(session, issue, now):
        return _back_to_draft(issue, "; ".join(f"{where}: {what}" for where, what in problems))
    try:
        with session.begin_nested():
            return _write_ledger(session, issue, now, house)
    except CompositionError as error:
        return _back_to_draft(issue, str(error))


def _write_ledger(session: Session, issue: Issue, now: datetime, house: House) -> int:
    _one_at_a_time(session)
    issue.frozen_at = now
    keeping.keep(session, issue, now, house)
    for offer in issue.offers:
        offer.closes_at = closing_time(offer, now, ZoneInfo(issue.network.timezone))
    wake_workers(session)
    return sum(
        _fill(session, issue, _edition(session, issue, ids, house))
        for ids in offer_sets(session, issue)
    )


def _one_at_a_time(session: Session) -> None:
    """Until this transaction ends: the ids of an edition's deliveries are then neighbours, and a
    chunk's range holds nobody else's. SQLite writes one at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(FREEZING)))


def _back_to_draft(issue: Issue, why: str) -> int:
    issue.scheduled_for = None
    issue.stopped_why = why
    return 0


def closing_time(offer: Offer, now: datetime, zone: ZoneInfo) -> datetime:
    """When responses stop to count: the end of the deadline's day there, else 28 days from now."""
    if offer.ask.deadline is None:
        return now + WINDOW
    end = datetime.combine(offer.ask.deadline + timedelta(days=1), time(), zone)
    return max(end, now)


def _edition(session: Session, issue: Issue, ids: tuple[int, ...], house: House) -> Edition:
    offers = chosen(issue, ids)
    content = content_of(issue, offers, house)
    compiled = wire.compile(content, into(issue.language))
    edition = Edition(
        issue_id=issue.id,
        language=issue.language,
        offers_key="".join(f"{offer_id}," for offer_id in ids),
        subject=issue.subject,
        compiled=compiled.dumps(),
        content_hash=compiled.content_hash,
        size=compiled.size,
    )
    session.add(edition)
    session.flush()  # its rows refer to its id
    session.add_all(EditionOffer(edition_id=edition.id, offer_id=offer.id) for offer in offers)
    return edition


def _fill(session: Session, issue: Issue, edition: Edition) -> int:
    """One statement writes the ledger rows of an edition, however many, and one their chunks."""
    columns = {
        "issue_id": literal(issue.id),
        "edition_id": literal(edition.id),
        "member_id": Member.id,
        "membership_id": Membership.id,
        "sector": Membership.sector,
        "profession": Member.profession,
        "country": Member.country,
    }
    rows = (
        recipients(issue)
        .with_only_columns(*columns.values())
        .where(offers_key(issue) == edition.offers_key)
        .order_by(Member.id)
    )
    count = changed(session, insert(Delivery).from_select(list(columns), rows))
    if count:
        _cut(session, issue, edition, count)
    return count


def _cut(session: Session, issue: Issue, edition: Edition, count: int) -> None:
    """Chunks of the edition's deliveries, the newest `count` of the ledger."""
    last = session.scalar(select(func.max(Delivery.id))) or 0
    first = last - count + 1
    ends = session.scalars(
        select(Delivery.id).where(
            Delivery.id.in_((first - 1, first, last)), Delivery.edition_id == edition.id
        )
    )
    if sorted(ends) != sorted({first, last}):
        raise RuntimeError("somebody else wrote deliveries meanwhile; it is tried again")
    session.execute(
        insert(Chunk),
        [
            {
                "issue_id": issue.id,
                "edition_id": edition.id,
                "first_id": begin,
                "last_id": min(begin + CHUNK_SIZE - 1, last),
                "size": min(CHUNK_SIZE, last - begin + 1),
                "rank": rank_of(urgent=issue.urgent),
            }
            for begin in range(first, last + 1, CHUNK_SIZE)
        ],
    )
