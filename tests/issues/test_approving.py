"""Approval by a second person: for exactly what is there, and for nothing else."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import preparing
from app.errors import InvalidInput, Refused
from app.issues import approving, arranging, checks, notes
from app.issues.models import Approval, BlockKind, Issue, Note
from app.networks.models import Network
from app.staff.models import Staff
from tests import personas
from tests.issues.conftest import Draft
from tests.issues.desk import Desk

AT = now()


def approve(session: Session, issue: Issue, staff: Staff) -> Approval:
    return approving.approve(session, issue, approving.fingerprint(issue), staff, AT)


CHANGES: dict[str, Callable[[Session, Issue], object]] = {
    "a word": lambda _session, issue: setattr(issue, "subject", "Another"),
    "a block": lambda session, issue: arranging.add(session, issue, BlockKind.DIVIDER, AT),
    "the order": lambda _session, issue: arranging.put_at(issue, issue.blocks[0], 1, AT),
    "a case": lambda _session, issue: setattr(issue.cases[0], "summary", "Another"),
    "an ask": lambda _session, issue: setattr(issue.offers[0].ask, "why", "Another"),
    "who is asked": lambda _session, issue: setattr(issue.offers[0].ask, "sectors", ["media"]),
    "the sender": lambda _session, issue: setattr(issue, "sender_name", "Another"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_voids_it(
    session: Session, issue: Issue, somebody: Staff, change: Callable[[Session, Issue], object]
) -> None:
    approve(session, issue, somebody)
    session.flush()  # the standing is asked of the database
    assert approving.standing(session, issue).holds
    change(session, issue)
    assert not approving.standing(session, issue).holds


def test_taking_a_change_back_makes_it_hold_again(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    before = issue.subject
    approve(session, issue, somebody)
    issue.subject = "Another"
    issue.subject = before
    assert approving.standing(session, issue).holds


def test_who_wrote_last_does_not_approve(session: Session, issue: Issue, somebody: Staff) -> None:
    issue.changed_by = somebody.id
    with pytest.raises(Refused, match="second person"):
        approve(session, issue, somebody)


def test_what_changed_while_somebody_looked_is_not_approved(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    seen = approving.fingerprint(issue)
    issue.subject = "Changed meanwhile"
    session.flush()  # as at the end of the request that changed it
    with pytest.raises(Refused, match="changed while"):
        approving.approve(session, issue, seen, somebody, AT)


def test_nothing_goes_out_without_it_where_the_network_asks_for_it(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    issue.network.approval_needed = True
    with pytest.raises(InvalidInput, match="second person"):
        preparing.schedule(session, issue, AT, None, AT)
    approve(session, issue, somebody)
    session.flush()  # scheduling asks the database
    assert preparing.schedule(session, issue, AT, None, AT)


def test_a_change_after_it_was_scheduled_sends_it_back_to_draft(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    issue.network.approval_needed = True
    approve(session, issue, somebody)
    session.flush()  # scheduling asks the database
    preparing.schedule(session, issue, AT, None, AT)
    issue.cases[0].summary = "Changed by the case team"
    session.flush()  # freezing reads it from the database
    assert preparing.freeze(session, issue.id, AT + timedelta(minutes=1)) == 0
    assert issue.scheduled_for is None
    assert "second person" in (issue.stopped_why or "")


def test_the_checks_tell_of_it(session: Session, issue: Issue, somebody: Staff) -> None:
    def told() -> list[checks.Finding]:
        return list(checks._of_approval(approving.standing(session, issue)))

    assert told() == []
    issue.network.approval_needed = True
    assert [one.kind for one in told()] == [checks.Kind.STOPS]
    approve(session, issue, somebody)
    session.flush()  # the standing is asked of the database
    assert [one.kind for one in told()] == [checks.Kind.FINE]


def test_a_second_person_approves_on_the_page(
    desk: Desk, draft: Draft, client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    draft.change(lambda _session, issue: setattr(issue.network, "approval_needed", True))
    desk.press(changes={"subject": "For you to approve"})
    address = f"/issues/{desk.issue_id}/approval"
    own = client.get(address).text
    assert "You wrote in this issue last" in own
    assert client.post(address, data={"seen": "whatever"}).status_code == 409
    with database.reading() as session:
        network = session.scalars(select(Network)).one()
    sign_in(client, "coordinator", [network])
    page = client.get(address).text
    assert "For you to approve" in page
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    assert client.post(address, data={"seen": seen}).status_code == 302
    assert "Nothing was changed since" in client.get(address).text
    draft.change(lambda _session, issue: setattr(issue, "subject", "Other words"))
    void = client.get(address).text
    assert "that approval is void" in void
    assert "<ins>Other" in void


def test_a_note_is_left_on_a_block_and_settled(desk: Desk, draft: Draft) -> None:
    block = draft.blocks[1].id
    desk.press(f"note:{block}", {f"note-{block}": "Shorter, please."})
    assert "Shorter, please." in desk.text
    [settle] = [value for value in desk.buttons() if value.startswith("settle:")]
    desk.press(settle)
    assert "Shorter, please." not in desk.text
    with draft.database.reading() as session:
        note = session.scalars(select(Note)).one()
        assert note.done_at is not None


def test_a_note_does_not_make_its_writer_the_last_who_wrote(desk: Desk, draft: Draft) -> None:
    desk.press("note:0", {"note-0": "Fine with me."})
    assert draft.issue.changed_by is None


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (notes.LONGEST + 1)])
def test_an_empty_or_endless_note_is_refused(
    session: Session, issue: Issue, somebody: Staff, text: str
) -> None:
    with pytest.raises(InvalidInput):
        notes.leave(session, issue, None, text, somebody, AT)


def test_notes_of_another_issue_are_not_settled(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    other = personas.issue(session, issue.network, [])
    note = notes.leave(session, other, None, "Theirs", somebody, AT)
    session.flush()  # it gets its id
    with pytest.raises(Exception, match="does not exist"):
        notes.settle(session, issue, note.id, somebody, AT)
