"""Versions are kept by themselves, compared word by word, and returned to without a loss."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import Refused
from app.issues import arranging, versions
from app.issues.differences import Difference, differences
from app.issues.document import document_of
from app.issues.models import BlockKind, Issue, Version
from app.staff.models import Staff
from tests import personas
from tests.issues.conftest import Draft
from tests.issues.desk import Desk

AT = now()


def write(session: Session, issue: Issue, subject: str, staff: Staff, after: timedelta) -> Version:
    issue.subject, issue.changed_by = subject, staff.id
    return versions.keep(session, issue, staff.id, AT + after)


def numbers(session: Session, issue: Issue) -> list[int]:
    return [version.number for version in versions.versions_of(session, issue)]


def changed(before: dict[str, object], issue: Issue) -> list[Difference]:
    return differences(before, document_of(issue, with_ids=True))


def test_what_one_person_writes_in_one_go_is_one_version(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    write(session, issue, "a", somebody, timedelta())
    last = write(session, issue, "ab", somebody, timedelta(minutes=9))
    assert (last.number, last.document["subject"]) == (1, "ab")
    write(session, issue, "abc", somebody, timedelta(minutes=18))
    assert numbers(session, issue) == [1]  # nine minutes after the last change
    write(session, issue, "d", somebody, timedelta(minutes=40))
    assert numbers(session, issue) == [2, 1]


def test_another_person_begins_another_version(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    write(session, issue, "a", somebody, timedelta())
    write(session, issue, "b", personas.staff(session), timedelta(minutes=1))
    assert numbers(session, issue) == [2, 1]


def test_nothing_new_is_no_version(session: Session, issue: Issue, somebody: Staff) -> None:
    first = write(session, issue, "a", somebody, timedelta())
    assert write(session, issue, "a", somebody, timedelta(days=1)) is first


def test_returning_brings_back_words_blocks_and_asks_and_loses_nothing(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    first = versions.keep(session, issue, somebody.id, AT)
    kept = first.document
    arranging.take_out(issue, issue.blocks[0], AT)
    arranging.add(session, issue, BlockKind.THANKS, AT)
    issue.subject, issue.changed_by = "Other words", somebody.id
    left = document_of(issue, with_ids=True)
    session.flush()  # as at the end of the request that changed it
    later = AT + timedelta(hours=1)
    versions.return_to(session, issue, first, somebody.id, later)
    assert document_of(issue, with_ids=True) == kept
    assert [offer.ask.reference for offer in issue.offers] == ["letter", "visit"]
    before = versions.version_or_404(session, issue, 2)
    assert before.document == left
    versions.return_to(session, issue, before, somebody.id, later)
    assert document_of(issue, with_ids=True) == left


def test_a_scheduled_issue_is_not_returned(session: Session, issue: Issue, somebody: Staff) -> None:
    first = versions.keep(session, issue, somebody.id, AT)
    issue.scheduled_for = datetime.fromisoformat("2099-01-01T08:00+00:00")
    session.flush()
    with pytest.raises(Refused):
        versions.return_to(session, issue, first, somebody.id, AT)


def test_differences_are_told_word_by_word(session: Session, issue: Issue) -> None:
    before = document_of(issue, with_ids=True)
    issue.subject = "Two letters that month"
    [one] = changed(before, issue)
    assert one.where == "Subject"
    assert [(op, text) for op, text in one.parts if op != "same"] == [
        ("gone", "this"),
        ("new", "that"),
    ]


def test_differences_name_blocks_and_their_fields(session: Session, issue: Issue) -> None:
    before = document_of(issue, with_ids=True)
    case, text = issue.blocks
    text.words = {"en": {"heading": "Another", "body": ""}}
    arranging.put_at(issue, text, 0, AT)
    arranging.add(session, issue, BlockKind.DIVIDER, AT)
    arranging.take_out(issue, case, AT)
    assert case.case is not None
    told = {one.where for one in changed(before, issue)}
    assert told == {f"Case {case.case.reference}", "Dividing line", "Text: Heading", "Text: Text"}


def test_the_order_of_blocks_is_a_difference_of_its_own(session: Session, issue: Issue) -> None:
    before = document_of(issue, with_ids=True)
    arranging.put_at(issue, issue.blocks[0], 1, AT)
    assert [one.where for one in changed(before, issue)] == ["Order of the blocks"]


def test_the_pages_show_what_changed_and_return_to_it(desk: Desk, draft: Draft) -> None:
    desk.press(changes={"subject": "Other words"})
    listed = desk.client.get(f"/issues/{desk.issue_id}/versions").text
    assert "Version 2" in listed
    second = desk.client.get(f"/issues/{desk.issue_id}/versions/2").text
    assert "<ins>Other</ins>" in second
    assert "Return to version" not in second  # it is what is there
    assert "Return to version 1" in desk.client.get(f"/issues/{desk.issue_id}/versions/1").text
    assert desk.client.post(f"/issues/{desk.issue_id}/versions/1").status_code == 302
    assert draft.issue.subject == "Two letters this month"
    assert ("issue.version_restored", {"number": 1}) in draft.audited()
    assert desk.client.get(f"/issues/{desk.issue_id}/versions/9").status_code == 404
