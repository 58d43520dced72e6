"""What staff see of responses, and add to them."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.clock import now
from app.issues.models import Issue
from app.reports.counting import issue_report
from app.staff.models import Staff
from tests.responses.conftest import Sent, post


@pytest.fixture
def path(client: FlaskClient, sign_in: Callable[..., Staff], sent: Sent) -> str:
    sign_in(client)
    return f"/issues/1/responses/{sent.delivery_id}"


def test_evidence_of_a_silent_member_is_their_act(
    client: FlaskClient, sent: Sent, path: str
) -> None:
    form = {"do": "evidence", "grade": "verified", "note": "The minister answered."}
    assert client.post(f"{path}/{sent.offer_id}", data=form).status_code == 302
    assert [(row.answer, row.channel) for row in sent.rows()] == [("done", "staff")]
    page = client.get(path).text
    assert "The minister answered." in page
    assert "entered by staff" in page
    with sent.database.reading() as session:
        tally = issue_report(session, session.get_one(Issue, 1), now()).asks[0].tally
        assert (tally.reported, tally.evidenced, tally.verified) == (1, 1, 1)


def test_an_answer_that_came_another_way_is_entered(
    client: FlaskClient, sent: Sent, path: str
) -> None:
    client.post(f"{path}/{sent.offer_id}", data={"do": "answer", "answer": "cannot"})
    assert "cannot" in client.get("/issues/1/responses").text
    wrong = client.post(f"{path}/{sent.offer_id}", data={"do": "answer", "answer": "perhaps"})
    assert wrong.status_code == 422
    assert sent.answers() == ["cannot"]
    assert client.post(f"{path}/999", data={"do": "answer", "answer": "done"}).status_code == 404


def test_days_show_the_answers_that_stand(client: FlaskClient, sent: Sent) -> None:
    post(client, sent.path, answer="will_do")
    post(client, sent.path, answer="done")
    post(client, sent.path, answer="done", detailed="1", letters="2")
    with sent.database.reading() as session:
        assert len(issue_report(session, session.get_one(Issue, 1), now()).days) == 1
    post(client, sent.path, answer="undone")
    with sent.database.reading() as session:
        assert issue_report(session, session.get_one(Issue, 1), now()).days == []
