"""The blocks of a draft: put in, moved, doubled, taken out and put back."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.delivery.audience import count_by_edition, count_by_offer
from app.errors import NotFound, Refused
from app.issues.editing import beginning_of, offer_asks, offered, put_in_order, require_draft
from app.issues.models import Block, BlockKind, Issue
from app.media.models import Picture

MOST_BLOCKS = 60


def block_of(issue: Issue, block_id: int) -> Block:
    """One that stands in the issue. NotFound else."""
    for block in issue.blocks:
        if block.id == block_id:
            return block
    raise NotFound(_("This block does not stand in the issue any more."))


def block_with(issue: Issue, case: Case) -> Block:
    for block in issue.blocks:
        if block.case_id == case.id:
            return block
    raise NotFound(_("This case does not stand in the issue."))


def add(
    session: Session,
    issue: Issue,
    kind: BlockKind,
    now: datetime,
    *,
    picture: Picture | None = None,
    after: int | None = None,
) -> Block:
    """A block that is no case, behind the one named, else at the end."""
    _require_room(issue)
    block = beginning_of(session, issue, kind, now)
    block.picture = picture
    _insert(session, issue, block, after, now)
    return block


def add_case(
    session: Session, issue: Issue, case: Case, now: datetime, *, after: int | None = None
) -> Block:
    """Put a case in, and offer those of its asks that fit at least one member."""
    _require_room(issue)
    if case in issue.cases:
        raise Refused(_("This case stands in the issue already."))
    held = next((block for block in issue.every_block if block.case_id == case.id), None)
    block = held or Block(kind=BlockKind.CASE, case=case)
    block.removed_at = None
    _insert(session, issue, block, after, now)
    _offer_what_fits(session, issue, case, now)
    return block


def _offer_what_fits(session: Session, issue: Issue, case: Case, now: datetime) -> None:
    offer_asks(session, issue, case, [ask.id for ask in case.asks if not ask.withdrawn_at], now)
    reached = count_by_offer(issue, count_by_edition(session, issue))
    fitting = [offer.ask_id for offer in issue.offers if reached[offer.id]]
    if any(ask.id in fitting for ask in case.asks):
        offer_asks(session, issue, case, fitting, now)


def move(issue: Issue, block: Block, step: int, now: datetime) -> None:
    """So many places down, or up where it is negative; it stops at either end."""
    order = issue.blocks
    here = order.index(block)
    put_at(issue, block, here + step, now)


def put_at(issue: Issue, block: Block, position: int, now: datetime) -> None:
    """At this place among the others, from 0."""
    require_draft(issue)
    order = issue.blocks
    order.remove(block)
    order.insert(min(max(position, 0), len(order)), block)
    _renumber(issue, order)
    issue.updated_at = now


def double(session: Session, issue: Issue, block: Block, now: datetime) -> Block:
    """The same once more, behind it. Refused for a case, which stands in an issue once."""
    _require_room(issue)
    if block.case is not None:
        raise Refused(_("A case stands in an issue once. Nothing was changed."))
    again = Block(
        kind=block.kind, words=block.words, record=block.record, picture_id=block.picture_id
    )
    _insert(session, issue, again, block.id, now)
    return again


def take_out(issue: Issue, block: Block, now: datetime) -> None:
    """It can be put back, with the asks of its case."""
    require_draft(issue)
    if block.case is not None:
        block.removed_asks = offered(issue, block.case)
        issue.offers = [o for o in issue.offers if o.ask.case_id != block.case_id]
    block.removed_at = now
    put_in_order(issue)
    issue.updated_at = now


def put_back(session: Session, issue: Issue, block_id: int, now: datetime) -> Block:
    """One that was taken out, where it stood. Once more changes nothing."""
    require_draft(issue)
    block = next((block for block in issue.every_block if block.id == block_id), None)
    if block is None:
        raise NotFound(_("This block is not there any more."))
    if block.removed_at is not None:
        _require_room(issue)
        block.removed_at = None
        if block.case is not None:
            offer_asks(session, issue, block.case, block.removed_asks, now)
        issue.updated_at = now
    return block


def _insert(session: Session, issue: Issue, block: Block, after: int | None, now: datetime) -> None:
    """Behind the block with this id, else at the end."""
    order = [one for one in issue.blocks if one is not block]
    place = next((n for n, one in enumerate(order, 1) if one.id == after), len(order))
    order.insert(place, block)
    if block not in issue.every_block:
        issue.every_block.append(block)
    _renumber(issue, order)
    issue.updated_at = now
    session.flush()  # the page names its fields after it


def _renumber(issue: Issue, order: list[Block]) -> None:
    """What was taken out keeps the number of where it stood."""
    for position, block in enumerate(order):
        block.position = position
    issue.every_block.sort(key=lambda block: (block.position, block.id or 0))
    put_in_order(issue)


def _require_room(issue: Issue) -> None:
    require_draft(issue)
    if len(issue.blocks) >= MOST_BLOCKS:
        raise Refused(_("An issue has at most %(most)s blocks.", most=MOST_BLOCKS))
