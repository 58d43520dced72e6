"""The blocks of a draft: put in, moved, doubled, taken out and put back."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.clock import now
from app.errors import NotFound, Refused
from app.issues import arranging, blocks, editing
from app.issues.models import Block, BlockKind, Issue
from tests import personas
from tests.issues.conftest import add_block

AT = now() + timedelta(hours=1)


def kinds(session: Session, issue: Issue) -> list[str]:
    """As the next request finds them."""
    session.flush()
    session.expire_all()
    return [block.kind for block in issue.blocks]


def asks(session: Session, issue: Issue) -> list[str]:
    session.flush()
    session.expire_all()
    return [offer.ask.reference for offer in issue.offers]


def another_case(session: Session, *sectors: str) -> Case:
    case = personas.case(session, title="Tomas Wren")
    for sector in sectors:
        personas.ask(session, case, f"of-{sector}", sectors=[sector])
    return case


@pytest.mark.parametrize("kind", [kind for kind in BlockKind if kind != BlockKind.CASE])
def test_a_new_block_stands_at_the_end_and_says_what_its_kind_begins_with(
    session: Session, issue: Issue, kind: BlockKind
) -> None:
    block = arranging.add(session, issue, kind, AT)
    assert block.words == blocks.beginning(kind, "en")
    assert kinds(session, issue) == ["case", "text", kind]
    assert issue.updated_at == AT


def test_a_block_can_be_put_behind_another(session: Session, issue: Issue) -> None:
    arranging.add(session, issue, BlockKind.EVENT, AT, after=issue.blocks[0].id)
    assert kinds(session, issue) == ["case", "event", "text"]
    arranging.add(session, issue, BlockKind.DIVIDER, AT, after=12345)  # which is not there
    assert kinds(session, issue) == ["case", "event", "text", "divider"]


def test_a_case_comes_with_those_of_its_asks_that_fit_somebody(
    session: Session, issue: Issue
) -> None:
    arranging.add_case(session, issue, another_case(session, "legal", "media"), AT)
    assert kinds(session, issue) == ["case", "text", "case"]
    assert asks(session, issue) == ["letter", "visit", "of-legal"]


def test_a_case_whose_asks_fit_nobody_comes_with_them_all(session: Session, issue: Issue) -> None:
    case = another_case(session, "media", "youth")
    gone = personas.ask(session, case, "withdrawn", sectors=["legal"])
    gone.withdrawn_at = now()
    arranging.add_case(session, issue, case, AT)
    assert asks(session, issue) == ["letter", "visit", "of-media", "of-youth"]


def test_a_case_stands_in_an_issue_once(session: Session, issue: Issue) -> None:
    with pytest.raises(Refused, match="stands in the issue already"):
        arranging.add_case(session, issue, issue.cases[0], AT)
    with pytest.raises(Refused, match="stands in an issue once"):
        arranging.double(session, issue, issue.blocks[0], AT)
    assert kinds(session, issue) == ["case", "text"]


def test_a_block_moves_and_stops_at_either_end(session: Session, issue: Issue) -> None:
    add_block(session, issue, "event")
    case, text, event_ = issue.blocks
    for block, step, order in (
        (case, -1, "case text event"),
        (case, 1, "text case event"),
        (case, 1, "text event case"),
        (case, 1, "text event case"),
        (event_, -1, "event text case"),
        (text, 9, "event case text"),
        (text, -9, "text event case"),
    ):
        arranging.move(issue, block, step, AT)
        assert kinds(session, issue) == order.split()
    assert [block.position for block in issue.blocks] == [0, 1, 2]


@pytest.mark.parametrize(
    ("position", "order"),
    [
        (0, "event case text"),
        (1, "case event text"),
        (2, "case text event"),
        (99, "case text event"),
    ],
)
def test_a_block_is_put_at_a_place(
    session: Session, issue: Issue, position: int, order: str
) -> None:
    block = add_block(session, issue, "event")
    arranging.put_at(issue, block, position, AT)
    assert kinds(session, issue) == order.split()


def test_asks_follow_the_order_of_their_cases(session: Session, issue: Issue) -> None:
    arranging.add_case(session, issue, another_case(session, "legal"), AT)
    case, text, other = issue.blocks
    arranging.put_at(issue, other, 0, AT)
    assert asks(session, issue) == ["of-legal", "letter", "visit"]
    assert [offer.position for offer in issue.offers] == [0, 1, 2]
    arranging.move(issue, text, 1, AT)  # between the cases: nothing changes for the asks
    assert asks(session, issue) == ["of-legal", "letter", "visit"]
    arranging.move(issue, case, -9, AT)
    assert asks(session, issue) == ["letter", "visit", "of-legal"]


def test_an_ask_keeps_its_offer_wherever_it_stands(session: Session, issue: Issue) -> None:
    before = {offer.ask.reference: offer.id for offer in issue.offers}
    arranging.add_case(session, issue, another_case(session, "legal"), AT)
    arranging.put_at(issue, issue.blocks[2], 0, AT)
    session.flush()
    after = {offer.ask.reference: offer.id for offer in issue.offers}
    assert before.items() <= after.items()


def test_a_doubled_block_says_the_same_behind_the_first(session: Session, issue: Issue) -> None:
    add_block(session, issue, "divider")
    first = issue.blocks[1]
    again = arranging.double(session, issue, first, AT)
    assert kinds(session, issue) == ["case", "text", "text", "divider"]
    assert issue.blocks[2] is again
    assert again.words == first.words
    blocks.say(again, "body", "en", "Another")
    assert blocks.said(first, "body", ["en"]) != "Another"


def test_a_case_that_was_taken_out_is_put_back_in_its_place_with_its_asks(
    session: Session, issue: Issue
) -> None:
    case = issue.cases[0]
    editing.offer_asks(session, issue, case, [case.asks[1].id], AT)
    block = issue.blocks[0]
    blocks.say(block, "note", "en", "Why now")
    arranging.take_out(issue, block, AT)
    assert (kinds(session, issue), asks(session, issue)) == (["text"], [])
    arranging.put_back(session, issue, block.id, AT)
    assert kinds(session, issue) == ["case", "text"]
    assert asks(session, issue) == ["visit"]
    assert block.words == {"en": {"note": "Why now"}}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_block_is_put_back_where_it_stood(session: Session, issue: Issue, place: int) -> None:
    add_block(session, issue, "event")
    block = issue.blocks[place]
    arranging.take_out(issue, block, AT)
    assert len(kinds(session, issue)) == 2
    arranging.put_back(session, issue, block.id, AT)
    assert kinds(session, issue) == ["case", "text", "event"]


def test_putting_back_twice_is_putting_back_once(session: Session, issue: Issue) -> None:
    block = issue.blocks[0]
    arranging.take_out(issue, block, AT)
    session.flush()
    for _press in range(2):
        arranging.put_back(session, issue, block.id, AT)
        assert asks(session, issue) == ["letter", "visit"]
    assert kinds(session, issue) == ["case", "text"]
    with pytest.raises(NotFound):
        arranging.put_back(session, issue, 12345, AT)


def test_of_asks_that_are_gone_meanwhile_nothing_is_put_back(
    session: Session, issue: Issue
) -> None:
    case, block = issue.cases[0], issue.blocks[0]
    arranging.take_out(issue, block, AT)
    session.flush()
    case.asks.pop(0)
    arranging.put_back(session, issue, block.id, AT)
    assert asks(session, issue) == ["visit"]


def test_a_case_that_was_taken_out_can_be_added_again(session: Session, issue: Issue) -> None:
    case, block = issue.cases[0], issue.blocks[0]
    blocks.say(block, "note", "en", "Why now")
    arranging.take_out(issue, block, AT)
    session.flush()
    assert arranging.add_case(session, issue, case, AT) is block
    assert kinds(session, issue) == ["text", "case"]
    assert asks(session, issue) == ["letter", "visit"]
    assert block.words == {"en": {"note": "Why now"}}


def test_what_was_taken_out_cannot_be_moved(session: Session, issue: Issue) -> None:
    block = issue.blocks[1]
    arranging.take_out(issue, block, AT)
    with pytest.raises(NotFound, match="does not stand in the issue any more"):
        arranging.block_of(issue, block.id)


def test_an_issue_has_at_most_sixty_blocks(session: Session, issue: Issue) -> None:
    for _number in range(arranging.MOST_BLOCKS - 2):
        add_block(session, issue, "divider")
    text, case = issue.blocks[1], another_case(session, "legal")
    for too_many in (
        lambda: arranging.add(session, issue, BlockKind.TEXT, AT),
        lambda: arranging.double(session, issue, text, AT),
        lambda: arranging.add_case(session, issue, case, AT),
    ):
        with pytest.raises(Refused, match="at most 60 blocks"):
            too_many()
    arranging.take_out(issue, text, AT)
    arranging.add_case(session, issue, case, AT)
    with pytest.raises(Refused, match="at most 60 blocks"):
        arranging.put_back(session, issue, text.id, AT)
    assert len(kinds(session, issue)) == 60


def test_nothing_is_moved_in_an_issue_that_is_scheduled(session: Session, issue: Issue) -> None:
    case, (block, text) = another_case(session, "legal"), issue.blocks
    arranging.take_out(issue, text, AT)
    issue.scheduled_for = now()
    session.flush()
    for late in (
        lambda: arranging.add(session, issue, BlockKind.TEXT, AT),
        lambda: arranging.add_case(session, issue, case, AT),
        lambda: arranging.move(issue, block, 1, AT),
        lambda: arranging.put_at(issue, block, 1, AT),
        lambda: arranging.double(session, issue, block, AT),
        lambda: arranging.take_out(issue, block, AT),
        lambda: arranging.put_back(session, issue, text.id, AT),
        lambda: editing.offer_asks(session, issue, block.case, [], AT),
        lambda: editing.count_anew(session, issue, block, AT),
    ):
        with pytest.raises(Refused, match="its words are fixed"):
            late()
    assert kinds(session, issue) == ["case"]
    assert asks(session, issue) == ["letter", "visit"]
    assert session.scalar(select(func.count(Block.id))) == 2
