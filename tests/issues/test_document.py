"""An issue as one JSON document: written, applied again, and carried to another service."""

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases.interchange import export_cases, import_cases
from app.cases.models import Case
from app.clock import now
from app.errors import InvalidInput, Refused
from app.interchange import check
from app.issues import arranging
from app.issues.document import apply, document_of
from app.issues.interchange import export_issues, import_issues
from app.issues.models import Block, BlockKind, Issue
from app.networks.models import Network
from tests import personas
from tests.issues.conftest import BODY, add_block, add_picture

AT = now() + timedelta(hours=1)
COUNTED = {"issue": 7, "reached": 412, "acted": 41, "evidenced": 6, "letters": 50}
RECORD = COUNTED | {"counted_on": "2026-11-03"}
EVENT = {"heading": "E", "when": "Friday", "where": "Here", "body": "B", "label": "Come"}
WORDS = {
    "text": {"heading": "H", "body": "**B**\n\nb"},
    "news": {"heading": "News", "body": "She is free."},
    "event": EVENT | {"address": "https://x.example/"},
    "picture": {"body": "Candles"},
    "colleagues": {"heading": "C", "body": "B"},
    "thanks": {"heading": "T", "body": "B"},
}


@pytest.fixture
def full(session: Session, issue: Issue) -> Issue:
    """One of every kind of block, each with all its words, some in two languages."""
    for kind in BlockKind:
        if kind is not BlockKind.CASE:
            block = add_block(session, issue, kind, **WORDS.get(kind, {}))
            if kind in ("news", "thanks"):
                block.record = RECORD
            if kind == "picture":
                block.picture = add_picture(session, issue.network_id)
    issue.blocks[0].words = {"en": {"note": "Why now"}, "fr": {"note": "Pourquoi"}}
    issue.reference = "legal-2026-11"
    session.flush()
    return issue


def taken_out_and_in(session: Session, document: Any) -> Issue:
    """Into a service that has the network, the cases and the pictures, and not the issue."""
    session.flush()
    for one in session.scalars(select(Issue)):
        session.delete(one)
    session.flush()
    [(issue, verdict)] = import_issues(session, json.loads(json.dumps(document)), None)
    assert verdict == "new"
    session.flush()
    session.expire_all()
    return issue


def test_what_is_exported_comes_in_as_it_was(session: Session, full: Issue) -> None:
    document = export_issues([full])
    check(document, "issues")
    assert export_issues([taken_out_and_in(session, document)]) == document


def test_an_issue_moves_to_another_service(session: Session, full: Issue) -> None:
    """Everything has another id there."""
    cases = export_cases(list(session.scalars(select(Case))))
    document = export_issues([full])
    token = next(block.picture.token for block in full.blocks if block.picture)
    for one in session.scalars(select(Issue)):
        session.delete(one)
    session.flush()
    for case in session.scalars(select(Case)):
        session.delete(case)
    old = session.scalars(select(Network)).one()
    old.code = "old"
    session.flush()
    new = personas.network(session, "legal")
    import_cases(session, cases, None)
    picture = add_picture(session, new.id)
    for block in document["issues"][0]["blocks"]:
        if block.get("picture") == token:
            block["picture"] = picture.token
    there = taken_out_and_in(session, document)
    assert there.network is new
    assert export_issues([there]) == document


def test_a_block_says_its_id_only_within_this_service(session: Session, full: Issue) -> None:
    assert all("id" not in block for block in document_of(full)["blocks"])
    held = [block["id"] for block in document_of(full, with_ids=True)["blocks"]]
    assert held == [block.id for block in full.blocks]
    with pytest.raises(InvalidInput):
        check({"docket": "issues/1", "issues": [document_of(full, with_ids=True)]}, "issues")


def test_a_document_with_ids_brings_back_what_was_taken_out(session: Session, full: Issue) -> None:
    before = document_of(full, with_ids=True)
    offers = [offer.ask.reference for offer in full.offers]
    for block in full.blocks[:4]:
        arranging.take_out(full, block, AT)
    arranging.add(session, full, BlockKind.TEXT, AT)
    full.blocks[0].words = {"en": {"body": "Other words"}}
    arranging.put_at(full, full.blocks[0], 3, AT)
    full.title = "Another"
    session.flush()
    apply(session, full, before, AT)
    session.flush()
    session.expire_all()
    assert document_of(full, with_ids=True) == before
    assert [offer.ask.reference for offer in full.offers] == offers
    assert full.updated_at == AT


def test_what_a_document_does_not_name_is_taken_out_and_can_be_put_back(
    session: Session, issue: Issue
) -> None:
    text = issue.blocks[1]
    apply(session, issue, {"blocks": []}, AT)
    session.flush()
    session.expire_all()
    assert (issue.blocks, issue.offers) == ([], [])
    arranging.put_back(session, issue, text.id, AT)
    assert [block.words for block in issue.blocks] == [{"en": {"heading": "Heading", "body": BODY}}]


def test_what_a_document_does_not_say_of_words_stays(session: Session, issue: Issue) -> None:
    apply(session, issue, {"title": "New", "blocks": []}, AT)
    assert (issue.title, issue.subject) == ("New", "Two letters this month")


def test_what_is_no_longer_here_is_left_out(session: Session, issue: Issue) -> None:
    blocks: list[dict[str, Any]] = [
        {"kind": "case", "case": "GONE-1"},
        {"kind": "picture", "picture": "gone"},
        {"kind": "case", "case": issue.cases[0].reference, "asks": ["gone", "visit"]},
    ]
    apply(session, issue, {"blocks": blocks}, AT)
    session.flush()
    assert [block.kind for block in issue.blocks] == ["picture", "case"]
    assert issue.blocks[0].picture is None
    assert [offer.ask.reference for offer in issue.offers] == ["visit"]


def test_a_picture_of_another_network_is_not_taken(session: Session, issue: Issue) -> None:
    theirs = add_picture(session, personas.network(session, "medical").id)
    apply(session, issue, {"blocks": [{"kind": "picture", "picture": theirs.token}]}, AT)
    assert issue.blocks[0].picture is None


def test_asks_that_are_not_named_are_all_that_may_be_acted_on(
    session: Session, issue: Issue
) -> None:
    case = issue.cases[0]
    case.asks[0].withdrawn_at = now()
    personas.ask(session, case, "third")
    apply(session, issue, {"blocks": [{"kind": "case", "case": case.reference}]}, AT)
    assert [offer.ask.reference for offer in issue.offers] == ["visit", "third"]


def test_cases_alone_say_that_there_are_no_other_blocks(session: Session, issue: Issue) -> None:
    offers = [offer.id for offer in issue.offers]
    apply(session, issue, {"cases": [{"case": issue.cases[0].reference}]}, AT)
    assert [block.kind for block in issue.blocks] == ["case"]
    assert [offer.id for offer in issue.offers] == offers


def test_nothing_is_applied_to_an_issue_that_is_scheduled(session: Session, issue: Issue) -> None:
    issue.scheduled_for = now()
    with pytest.raises(Refused):
        apply(session, issue, {"title": "New", "blocks": []}, AT)
    assert (issue.title, len(issue.blocks)) == ("November", 2)


def test_the_same_document_again_leaves_every_block_where_it_is(
    session: Session, full: Issue
) -> None:
    """Who is writing in one of them meanwhile does not lose it."""
    document, before = export_issues([full]), [block.id for block in full.blocks]
    kept = session.scalar(select(func.count(Block.id)))
    assert [verdict for _issue, verdict in import_issues(session, document, None)] == ["unchanged"]
    session.flush()
    assert [block.id for block in full.blocks] == before
    document["issues"][0]["blocks"].reverse()
    assert [verdict for _issue, verdict in import_issues(session, document, None)] == ["changed"]
    session.flush()
    session.expire_all()
    assert export_issues([full]) == document
    assert session.scalar(select(func.count(Block.id))) == kept


def test_numbers_are_counted_where_a_document_names_none(session: Session, issue: Issue) -> None:
    asked = personas.ask(session, personas.case(session))
    personas.delivered(session, personas.issue(session, issue.network, [asked]))
    blocks = [{"kind": "thanks"}, {"kind": "thanks", "record": RECORD}, {"kind": "text"}]
    apply(session, issue, {"blocks": blocks}, AT)
    session.flush()
    assert [block.record.get("reached") for block in issue.blocks] == [3, 412, None]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": "poem"}, "blocks[0].kind"),
    ({}, "blocks[0]"),
    ({"kind": "case"}, "blocks[0]"),
    ({"kind": "text", "case": "X-1"}, "blocks[0]"),
    ({"kind": "text", "asks": []}, "blocks[0]"),
    ({"kind": "text", "id": 1}, "blocks[0]"),
    ({"kind": "text", "words": {"en": {"heading": "a\nb"}}}, "blocks[0].words.en.heading"),
    ({"kind": "text", "words": {"en": {"title": "a"}}}, "blocks[0].words.en"),
    ({"kind": "text", "words": {"english!": {}}}, "blocks[0].words"),
    ({"kind": "event", "words": {"en": {"address": "x" * 1001}}}, "blocks[0].words.en.address"),
    ({"kind": "text", "words": {"en": {"body": "x" * 20_001}}}, "blocks[0].words.en.body"),
    ({"kind": "thanks", "record": {"acted": 1}}, "blocks[0].record"),
    ({"kind": "thanks", "record": RECORD | {"acted": -1}}, "blocks[0].record.acted"),
    ({"kind": "thanks", "record": RECORD | {"counted_on": "May"}}, "blocks[0].record.counted_on"),
    ({"kind": "picture", "picture": "unknown"}, "blocks[0].picture"),
    ({"kind": "case", "case": "NO-1"}, "blocks[0]"),
]


@pytest.mark.parametrize(("block", "where"), BAD, ids=lambda value: str(value)[:60])
def test_a_block_that_does_not_fit_is_named(
    session: Session, issue: Issue, block: dict[str, Any], where: str
) -> None:
    said = {"network": "legal", "reference": "x", "title": "T", "subject": "S", "blocks": [block]}
    before = session.scalar(select(func.count(Issue.id)))
    with pytest.raises(InvalidInput) as refused:
        import_issues(session, {"docket": "issues/1", "issues": [said]}, None)
    assert {place for place, _what in refused.value.problems} == {f"issues[0].{where}"}
    assert session.scalar(select(func.count(Issue.id))) == before


def test_a_picture_of_another_network_is_refused(session: Session, issue: Issue) -> None:
    theirs = add_picture(session, personas.network(session, "medical").id)
    document = export_issues([issue])
    document["issues"][0]["blocks"] = [{"kind": "picture", "picture": theirs.token}]
    with pytest.raises(InvalidInput) as refused:
        import_issues(session, document, None)
    assert refused.value.problems == [
        ("issues[0].blocks[0].picture", "this network's library has no such picture")
    ]


def test_a_confidential_case_and_one_that_stands_there_twice_are_refused(
    session: Session, issue: Issue
) -> None:
    case = issue.cases[0]
    document = export_issues([issue])
    document["issues"][0]["blocks"] = [{"kind": "case", "case": case.reference}] * 2
    case.sensitivity = "confidential"
    with pytest.raises(InvalidInput) as refused:
        import_issues(session, copy.deepcopy(document), None)
    assert [(where, "twice" in what) for where, what in refused.value.problems] == [
        ("issues[0].blocks[0]", False),
        ("issues[0].blocks[1]", True),
        ("issues[0].blocks[1]", False),
    ]


def test_cases_and_blocks_together_or_neither_are_refused(session: Session, issue: Issue) -> None:
    said: dict[str, Any] = {"network": "legal", "reference": "x", "title": "T", "subject": "S"}
    neither_and_both: tuple[dict[str, Any], ...] = ({}, {"cases": [], "blocks": []})
    for either in neither_and_both:
        with pytest.raises(InvalidInput) as refused:
            import_issues(session, {"docket": "issues/1", "issues": [said | either]}, None)
        assert refused.value.problems[0][0] == "issues[0]"
    for either in ({"cases": []}, {"blocks": []}):
        document = {"docket": "issues/1", "issues": [said | either]}
        assert len(import_issues(session, document, None)) == 1


def test_more_blocks_than_an_issue_may_have_are_refused(session: Session, issue: Issue) -> None:
    said = {"network": "legal", "reference": "x", "title": "T", "subject": "S"}
    document = {"docket": "issues/1", "issues": [said | {"blocks": [{"kind": "divider"}] * 61}]}
    with pytest.raises(InvalidInput):
        import_issues(session, document, None)
