"""Writing an issue on the pages: from new to scheduled."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import Database
from app.issues.models import Issue
from app.staff.models import Staff
from tests import personas
from tests.issues.desk import Desk

WORDS = {
    "title": "November",
    "subject": "Two letters",
    "preview": "One is short.",
    "greeting": "Dear {{name|colleague}},",
    "introduction": "**Hello**",
    "closing": "Thanks",
    "sender_name": "Ilse Marrow",
}


@pytest.fixture
def editor(client: FlaskClient, database: Database, sign_in: Callable[..., Staff]) -> FlaskClient:
    """A coordinator of a network with two members and a case for lawyers and one for doctors."""
    with database.writing() as session:
        network = personas.network(session)
        personas.member(session, network, "Ada Quill")
        personas.member(session, network, "Bo Inkpen")
        case = personas.case(session, "X-1")
        personas.ask(session, case, sectors=["legal"])
        personas.ask(session, case, sectors=["medical"], headline="Examine him.")
    sign_in(client, "coordinator", [network])
    client.post("/issues/new", data={"network": "legal", "title": "November"})
    return client


def the_issue(database: Database) -> Issue:
    with database.reading() as session:
        issue = session.scalars(select(Issue)).one()
        _loaded = [offer.ask.headline for offer in issue.offers], issue.cases
        return issue


def write(editor: FlaskClient, do: str = "", **words: str) -> Desk:
    """Open the draft, write this over what it holds, and press a button."""
    desk = Desk(editor, 1).open()
    desk.press(changes=words)
    if do:
        desk.press(do)
    return desk


def test_from_new_to_scheduled(editor: FlaskClient, database: Database) -> None:
    desk = write(editor, "add-case:1", **WORDS)
    assert "Goes to 2 members" in desk.text
    preview = editor.get("/issues/1/preview").text
    assert "Dear Ada Quill," in preview
    assert editor.get("/issues/1/preview/1.eml").data.startswith(b"From:")
    assert "2 members" in editor.get("/issues/1/send").text
    assert editor.post("/issues/1/send", data={"at": "2099-01-01T08:00"}).status_code == 302
    assert the_issue(database).scheduled_for is not None
    assert desk.send(changes={"subject": "Too late"}).status_code == 409
    assert editor.post("/issues/1/unschedule").status_code == 302
    issue = the_issue(database)
    assert (issue.scheduled_for, issue.subject) == (None, "Two letters")


def test_only_asks_that_fit_somebody_are_offered_at_first(
    editor: FlaskClient, database: Database
) -> None:
    desk = write(editor, "add-case:1")
    assert [offer.ask_id for offer in the_issue(database).offers] == [1]
    desk.send("offer:1:2")
    assert [offer.ask_id for offer in the_issue(database).offers] == [1, 2]
    desk.press(f"remove:{the_issue(database).blocks[0].id}")
    assert the_issue(database).offers == []


def test_what_stands_in_the_way_is_said_and_nothing_is_sent(
    editor: FlaskClient, database: Database
) -> None:
    write(editor, **WORDS | {"subject": "", "closing": "![](http://x/y.png)"})
    answer = editor.post("/issues/1/send", data={})
    assert answer.status_code == 422
    assert "alt text" in answer.text
    assert "Subject" in answer.text
    assert the_issue(database).scheduled_for is None


def test_script_in_a_preview_never_runs(editor: FlaskClient) -> None:
    sly = {"introduction": "<script>alert(1)</script>", "closing": "[x](javascript:1)"}
    write(editor, **WORDS | sly)
    answer = editor.get("/issues/1/preview/1.html")
    assert "<script" not in answer.text
    assert "javascript:" not in answer.text.replace("[x](javascript:1)", "")
    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_time_that_is_past_sends_nothing(editor: FlaskClient, database: Database) -> None:
    write(editor, "add-case:1", **WORDS)
    answer = editor.post("/issues/1/send", data={"at": "2020-01-01T10:00"})
    assert answer.status_code == 422
    assert "This time is past" in answer.text
    assert the_issue(database).scheduled_for is None


def test_an_issue_that_asks_nothing_is_not_sent(editor: FlaskClient, database: Database) -> None:
    assert "what members can do" in write(editor, **WORDS).text
    assert editor.post("/issues/1/send", data={}).status_code == 422
    assert the_issue(database).scheduled_for is None


def test_an_ask_that_reaches_nobody_is_worth_a_look(editor: FlaskClient) -> None:
    write(editor, "add-case:1").send("offer:1:2")
    assert "fits no member" in editor.get("/issues/1/send").text
