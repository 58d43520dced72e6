"""Making drafts, and which asks stand in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models import Ask, Case, Sensitivity
from app.errors import NotFound, Refused
from app.issues import blocks
from app.issues.models import Block, BlockKind, Issue, IssueState, Offer
from app.networks.models import Network
from app.reports.record import last_record
from newsletters.words import locale_of

WORDS = ("title", "subject", "preview", "greeting", "introduction", "closing", "sender_name")
# Blocks that nearly every issue of a network has: the next one begins with them.
USUAL = (BlockKind.NEWS, BlockKind.COLLEAGUES, BlockKind.THANKS, BlockKind.DIVIDER)
COUNTED = (BlockKind.NEWS, BlockKind.THANKS)  # that name what members did


def create(
    session: Session, network: Network, staff_id: int | None, now: datetime, **words: str
) -> Issue:
    """A draft that starts from the network's last issue: greeting, closing, sender, language, and
    the blocks that are usual."""
    last = session.scalars(
        select(Issue).where(Issue.network_id == network.id).order_by(Issue.id.desc()).limit(1)
    ).first()
    language = last.language if last else network.language
    issue = Issue(
        network=network,
        title=words.get("title") or month(now, network, language),
        subject=words.get("subject", ""),
        greeting=last.greeting if last else "Dear {{name|colleague}},",
        closing=last.closing if last else "",
        sender_name=last.sender_name if last else network.from_name,
        language=language,
        created_at=now,
        updated_at=now,
        created_by=staff_id,
        changed_by=staff_id,
    )
    session.add(issue)
    session.flush()  # its address needs its id
    if last is not None:
        _begin_as(session, issue, last, now)
    return issue


def month(now: datetime, network: Network, language: str) -> str:
    """The month of the network's day, as "November 2026"."""
    there = now.astimezone(ZoneInfo(network.timezone))
    return str(format_skeleton("yMMMM", there, locale=locale_of(language)))


def _begin_as(session: Session, issue: Issue, last: Issue, now: datetime) -> None:
    usual = [block for block in last.blocks if block.kind in USUAL]
    for position, block in enumerate(usual):
        words = dict(block.words)
        if block.kind == BlockKind.NEWS:  # last month's are no news
            words = {language: {**said, "body": ""} for language, said in words.items()}
        made = Block(kind=block.kind, position=position, words=words)
        if block.kind in COUNTED:
            made.record = last_record(session, issue, now)
        issue.every_block.append(made)
    session.flush()  # the fields of a page are named after its blocks' ids


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


def offer_asks(
    session: Session, issue: Issue, case: Case, ask_ids: Sequence[int], now: datetime
) -> None:
    """Let exactly these asks of the case stand in the issue."""
    require_draft(issue)
    others = [offer for offer in issue.offers if offer.ask.case_id != case.id]
    kept = {offer.ask_id: offer for offer in issue.offers if offer.ask.case_id == case.id}
    wanted = [ask for ask in case.asks if ask.id in ask_ids]
    issue.offers = others + [kept.get(ask.id) or Offer(ask=ask) for ask in wanted]
    put_in_order(issue)
    issue.updated_at = now
    session.flush()  # new offers need their ids for the audience's counts


def offered(issue: Issue, case: Case) -> list[int]:
    """The ids of the case's asks that stand in the issue."""
    return [offer.ask_id for offer in issue.offers if offer.ask.case_id == case.id]


def put_in_order(issue: Issue) -> None:
    """Offers follow their cases, and within a case the asks' order."""
    cases = {case.id: position for position, case in enumerate(issue.cases)}
    issue.offers.sort(key=lambda offer: (cases[offer.ask.case_id], _ask_order(offer.ask)))
    for position, offer in enumerate(issue.offers):
        offer.position = position


def case_or_404(session: Session, case_id: int) -> Case:
    case = session.get(Case, case_id)
    if case is None or case.sensitivity == Sensitivity.CONFIDENTIAL:
        raise NotFound(_("This case does not exist or is not for newsletters."))
    return case


def count_anew(session: Session, issue: Issue, block: Block, now: datetime) -> None:
    """What members did after the last issue, as it stands now."""
    require_draft(issue)
    if block.kind in COUNTED:
        block.record = last_record(session, issue, now)
        issue.updated_at = now


def beginning_of(session: Session, issue: Issue, kind: BlockKind, now: datetime) -> Block:
    """A new block with the words and numbers it begins with."""
    record = last_record(session, issue, now) if kind in COUNTED else {}
    return Block(kind=kind, words=blocks.beginning(kind, issue.language), record=record)


def _ask_order(ask: Ask) -> tuple[int, int]:
    return ask.position, ask.id
