"""The pages of an issue on its way: what they show, and what staff do there."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery.models import Delivery, Settlement
from app.issues.models import Issue
from app.staff.models import Staff
from tests import personas, under_way

PACE = {"rate_per_minute": "120", "urgent": "y", "when_uncertain": "hold"}


@pytest.fixture
def editor(client: FlaskClient, database: Database, sign_in: Callable[..., Staff]) -> FlaskClient:
    """A coordinator of the network whose issue 1 goes out to six members; a worker lives."""
    with database.writing() as session:
        network = personas.network(session)
        under_way.begun(session, network)
        under_way.worker(session, sent_last_minute=3)
    sign_in(client, "coordinator", [network])
    return client


def words(html: str) -> str:
    """What a reader reads."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def look(client: FlaskClient, path: str = "/issues/1") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return words(answer.text)


def happen(database: Database, do: Callable[[Session, Issue, list[Delivery]], object]) -> None:
    with database.writing() as session:
        issue = session.get_one(Issue, 1)
        do(session, issue, list(session.scalars(select(Delivery).order_by(Delivery.id))))


def states(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(session.scalars(select(Settlement.state)))


def test_while_it_goes_out_its_counts_pace_and_end_are_seen(
    editor: FlaskClient, database: Database
) -> None:
    happen(database, lambda s, _i, rows: [under_way.settle(s, row) for row in rows[:2]])
    page = look(editor)
    assert "Sending Started" in page
    assert "2 of 6" in page
    assert "3 mails a minute, so it ends in about 1 minute" in page
    assert "Pause" in page and "Stop the rest" in page


def test_without_a_worker_the_page_says_that_nothing_goes_out(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        under_way.begun(session, personas.network(session))
    sign_in(client)
    assert "No worker has been seen yet: nothing goes out." in look(client)
    with database.writing() as session:
        under_way.worker(session, seen=now() - timedelta(minutes=5))
    assert "No worker has been seen for 5 minutes: nothing goes out." in look(client)


def test_pausing_says_who_and_why_and_resuming_goes_on(
    editor: FlaskClient, database: Database
) -> None:
    assert editor.post("/issues/1/pause", data={"why": "a <b>wrong</b> date"}).status_code == 302
    answer = editor.get("/issues/1").text
    assert "<b>wrong" not in answer
    page = words(answer)
    assert "by Petra Lindqvist" in page
    assert "Why: a <b>wrong" in page
    assert "Resume the sending" in page
    assert editor.post("/issues/1/resume").status_code == 302
    assert "Resume the sending" not in look(editor)


def test_a_reason_of_two_lines_is_refused_and_nothing_is_paused(editor: FlaskClient) -> None:
    answer = editor.post("/issues/1/pause", data={"why": "one\ntwo"})
    assert answer.status_code == 422
    assert "must be a single line" in answer.text
    assert "Resume" not in look(editor)


def test_a_worker_that_paused_it_is_quoted(editor: FlaskClient, database: Database) -> None:
    def refuse(_session: Session, issue: Issue, _rows: list[Delivery]) -> None:
        issue.paused_at, issue.paused_why = now(), "553 5.1.8 sender address rejected"

    happen(database, refuse)
    page = look(editor)
    assert "A mail server refused the sender, legal@news.example.org" in page
    assert "553 5.1.8 sender address rejected" in page
    assert "Nobody is lost" in page


def test_stopping_says_what_is_lost_before_and_how_to_have_it_back_after(
    editor: FlaskClient, database: Database
) -> None:
    happen(database, lambda s, _i, rows: under_way.settle(s, rows[0]))
    page = look(editor, "/issues/1/stop")
    assert "5 members will not get this issue." in page
    assert "1 has been reached" in page
    assert states(database) == ["sent"]  # a look stops nothing
    answer = editor.post("/issues/1/stop", follow_redirects=True)
    page = words(answer.text)
    assert "Stopped. 5 members had not got it" in page
    assert "Send to those 5 after all" in page
    assert editor.get("/issues/1/stop").status_code == 302
    page = words(
        editor.post("/issues/1/again", data={"cause": "stopped"}, follow_redirects=True).text
    )
    assert "It is sent once more to 5 members." in page
    assert states(database) == ["retry"] * 5 + ["sent"]


def test_the_failed_are_tried_again_by_cause_with_the_words_of_mail_servers(
    editor: FlaskClient, database: Database
) -> None:
    def fail(session: Session, issue: Issue, rows: list[Delivery]) -> None:
        for row in rows[:3]:
            under_way.settle(session, row, "failed", cause="refused", answer="5.7.1 <policy>")
        under_way.settle(session, rows[3], "failed", cause="gave up", answer="4.2.0 later")
        for row in rows[4:]:
            under_way.settle(session, row)
        under_way.finish(session, issue)

    happen(database, fail)
    page = look(editor)
    assert "Refused for good 3 members" in page
    assert "5.7.1 <policy> × 3" in page
    assert "Try those 3 again" in page
    assert "Try all 4 failed again" in page
    editor.post("/issues/1/again", data={"cause": "refused"})
    assert states(database) == ["failed", "retry", "retry", "retry", "sent", "sent"]


def test_while_it_goes_out_those_not_reached_stand_on_a_page_that_holds_still(
    editor: FlaskClient, database: Database
) -> None:
    assert "Nobody so far" in look(editor, "/issues/1/undelivered")
    happen(database, lambda s, _i, rows: under_way.settle(s, rows[0], "failed", cause="refused"))
    assert "Try that member again" not in look(editor)
    page = look(editor, "/issues/1/undelivered")
    assert "Try that member again" in page
    assert "5 more members wait for it." in page
    assert "hx-get" not in editor.get("/issues/1/undelivered").text


@pytest.mark.parametrize(
    ("do", "said", "becomes"),
    [
        ("resend", "It is sent once more to 1 member.", "retry"),
        ("sent", "1 member counts as reached now.", "sent"),
    ],
)
def test_staff_decide_on_what_nobody_knows(
    editor: FlaskClient, database: Database, do: str, said: str, becomes: str
) -> None:
    def lose(session: Session, issue: Issue, rows: list[Delivery]) -> None:
        under_way.settle(session, rows[0], "unknown", uncertain=1)
        under_way.finish(session, issue)

    happen(database, lose)
    page = look(editor)
    assert "Send again to that member" in page and "its Message-ID is the same" in page
    assert "Count that member as sent" in page and "part of every rate" in page
    assert editor.post("/issues/1/unknown", data={"do": "guess"}).status_code == 422
    assert states(database) == ["unknown"]
    answer = editor.post("/issues/1/unknown", data={"do": do}, follow_redirects=True)
    assert said in words(answer.text)
    assert states(database) == [becomes]


def test_trying_again_a_paused_issue_says_that_it_waits(
    editor: FlaskClient, database: Database
) -> None:
    happen(database, lambda s, _i, rows: under_way.settle(s, rows[0], "failed", cause="refused"))
    editor.post("/issues/1/pause")
    answer = editor.post("/issues/1/again", follow_redirects=True)
    assert "waits until you resume it" in words(answer.text)
    answer = editor.post("/issues/1/again", follow_redirects=True)
    assert "nobody left to send to" in words(answer.text)


def test_the_pace_is_set_while_it_goes_out(editor: FlaskClient, database: Database) -> None:
    assert editor.post("/issues/1/pace", data=PACE).status_code == 302
    page = look(editor)
    assert "at most 120 a minute" in page
    assert "yes, it overtakes others" in page
    assert "kept back until staff decide" in page
    assert 'value="120"' in editor.get("/issues/1/pace").text
    editor.post("/issues/1/pace", data={"rate_per_minute": "", "when_uncertain": "resend"})
    with database.reading() as session:
        issue = session.get_one(Issue, 1)
        assert (issue.rate_per_minute, issue.urgent, issue.when_uncertain) == (
            None,
            False,
            "resend",
        )


@pytest.mark.parametrize(
    "wrong",
    [{"rate_per_minute": "0"}, {"rate_per_minute": "many"}, {"when_uncertain": "guess"}],
    ids=str,
)
def test_a_wrong_pace_is_said_at_its_field_and_changes_nothing(
    editor: FlaskClient, database: Database, wrong: dict[str, str]
) -> None:
    answer = editor.post("/issues/1/pace", data=PACE | wrong)
    assert answer.status_code == 422
    assert "field-wrong" in answer.text
    with database.reading() as session:
        assert session.get_one(Issue, 1).urgent is False


def test_the_part_that_moves_loads_the_page_anew_only_when_other_things_can_be_done(
    editor: FlaskClient,
) -> None:
    same = editor.get("/issues/1/progress?was=sending")
    assert same.status_code == 200
    assert "<form" not in same.text
    editor.post("/issues/1/pause")
    changed = editor.get("/issues/1/progress?was=sending")
    assert (changed.status_code, changed.headers["HX-Refresh"]) == (204, "true")


def test_whoever_reads_slowly_can_hold_the_numbers_still(editor: FlaskClient) -> None:
    moving, still = editor.get("/issues/1").text, editor.get("/issues/1?still=1").text
    assert "hx-get" in moving and "http-equiv" in moving
    assert "hx-get" not in still and "http-equiv" not in still


def test_a_scheduled_issue_that_is_paused_can_only_be_resumed_or_taken_back(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        asked = personas.ask(session, personas.case(session))
        issue = personas.issue(session, network, [asked], scheduled_for=now())
        issue.paused_at, issue.paused_why = now(), "after a restore"
    sign_in(client)
    page = look(client)
    assert "does not go out at its time" in page
    assert "Stop the rest" not in page
    assert "Resume the sending" in page and "Take it back to draft" in page
    assert client.post("/issues/1/stop").status_code == 409
    assert client.get("/issues/1/undelivered").status_code == 404


@pytest.mark.parametrize("path", ["pause", "resume", "stop", "again", "unknown", "pace"])
def test_nobody_steers_an_issue_of_another_network(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff], path: str
) -> None:
    with database.writing() as session:
        under_way.begun(session, personas.network(session))
        other = personas.network(session, "medical")
    sign_in(client, "coordinator", [other])
    assert client.post(f"/issues/1/{path}", data=PACE | {"do": "sent"}).status_code == 404
    with database.reading() as session:
        issue = session.get_one(Issue, 1)
        assert (issue.paused_at, issue.cancelled_at, issue.urgent) == (None, None, False)


def test_the_pace_can_be_set_before_it_is_sent(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        personas.member(session, network)
        personas.issue(session, network, [personas.ask(session, personas.case(session))])
    sign_in(client)
    wrong = client.post("/issues/1/send", data=PACE | {"rate_per_minute": "0"})
    assert wrong.status_code == 422
    assert '<details class="pace" open>' in wrong.text
    assert client.post("/issues/1/send", data=PACE).status_code == 302
    with database.reading() as session:
        issue = session.get_one(Issue, 1)
        assert issue.scheduled_for is not None
        assert (issue.rate_per_minute, issue.urgent, issue.when_uncertain) == (120, True, "hold")


def test_the_list_of_issues_shows_what_is_paused_stopped_and_urgent(
    editor: FlaskClient, database: Database
) -> None:
    editor.post("/issues/1/pace", data=PACE)
    assert "Sending Urgent" in look(editor, "/issues/")
    editor.post("/issues/1/pause")
    assert "Paused Urgent" in look(editor, "/issues/")
    editor.post("/issues/1/stop")
    page = look(editor, "/issues/")
    assert "Stopped" in page and "Stopped Urgent" not in page
