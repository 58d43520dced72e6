"""Suspect answers: kept, shown, asked again, settled by whoever can, and in no rate until then."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy import select

from app.clock import now
from app.delivery.models import Settlement
from app.issues.models import Issue
from app.links import Links
from app.reports.counting import IssueReport, issue_report
from app.responses.models import Evidence, LeavingVisit, Resolution, Visit
from app.staff.models import AuditEntry, Staff
from tests.people import after_reading, hidden
from tests.responses.conftest import Sent, post


def report(sent: Sent) -> IssueReport:
    with sent.database.reading() as session:
        return issue_report(session, session.get_one(Issue, 1), now())


def fates(sent: Sent) -> dict[str, dict[str, int]]:
    """Why -> how it ended -> how many, without the zeros."""
    told = report(sent).suspects
    return {why: {end: n for end, n in ends.items() if n} for why, ends in told.items()}


def tap_at_once(client: FlaskClient, sent: Sent, answer: str = "done") -> str:
    """As a script does."""
    fields = hidden(client.get(sent.path).text)
    return client.post(sent.path, data=fields | {"answer": answer}).text


def test_who_taps_at_once_is_asked_for_one_more_tap_and_then_counted(
    client: FlaskClient, sent: Sent, links: Links
) -> None:
    for _time in range(2):  # through Flask, and before it
        page = tap_at_once(client, sent)
        assert "One more tap, please" in page
        assert "a robot" not in page
    tally = report(sent).asks[0].tally
    assert (tally.reported, tally.suspect) == (0, 1)
    assert fates(sent) == {"fast": {"open": 2}}

    button = BeautifulSoup(page, "html.parser").find("button")
    assert button is not None
    assert "button-large" in button["class"]
    assert button["value"] == "done"
    fields = after_reading(links, sent.path.rpartition("/")[2], page)
    assert "Recorded" in client.post(sent.path, data=fields | {"answer": "done"}).text
    tally = report(sent).asks[0].tally
    assert (tally.reported, tally.suspect) == (1, 0)
    assert fates(sent) == {"fast": {"answered": 2}}


def test_what_was_said_with_the_answer_is_not_lost_by_one_more_tap(
    client: FlaskClient, sent: Sent, links: Links
) -> None:
    post(client, sent.path, answer="done")
    said = {"letters": "3", "how": "post", "reply_came": "y", "note": 'By "hand".\r\nTwice.'}
    seal = links.seal(sent.path.rpartition("/")[2])
    first = {"seal": seal, "answer": "done", "detailed": "1"}
    page = client.post(sent.path, data=first | said).text
    form = BeautifulSoup(page, "html.parser").find("form")
    assert form is not None
    fields = {str(f["name"]): str(f["value"]) for f in form.find_all("input")}
    client.post(sent.path, data=fields | {"answer": "done"})  # at once: asked again
    assert [row.suspect for row in sent.rows()] == [None, "fast", "fast"]
    fields["seal"] = links.seal(sent.path.rpartition("/")[2], now() - timedelta(seconds=9))
    assert "Recorded" in client.post(sent.path, data=fields | {"answer": "done"}).text
    row = sent.rows()[-1]
    assert (row.suspect, row.letters, row.how, row.reply_came) == (None, 3, "post", True)
    assert row.note == 'By "hand".\nTwice.'


def test_the_same_suspect_tap_again_is_one_row_and_of_another_form_another(
    client: FlaskClient, sent: Sent, links: Links
) -> None:
    token = sent.path.rpartition("/")[2]
    seals = [links.seal(token), links.seal(token)]
    for seal in (seals[0], seals[0], seals[1], seals[1], "", ""):
        client.post(sent.path, data={"answer": "done", "seal": seal})
    assert [row.suspect for row in sent.rows()] == ["fast", "fast", "no-form"]
    assert [row.seal is None for row in sent.rows()] == [False, False, True]


def test_a_suspect_changes_nothing_that_is_held(
    client: FlaskClient, sent: Sent, links: Links
) -> None:
    post(client, sent.path, answer="done")
    assert "Recorded" in tap_at_once(client, sent)  # says nothing new
    assert "Taken back" not in tap_at_once(client, sent, "undone")
    assert "One more tap" in tap_at_once(client, sent, "cannot")
    assert "Recorded: you did it" in client.get(sent.path).text
    assert [row.suspect for row in sent.rows()] == [None, "fast", "fast"]
    assert report(sent).asks[0].tally.reported == 1


def test_a_form_from_before_the_upgrade_is_believed(
    client: FlaskClient, sent: Sent, links: Links
) -> None:
    token = sent.path.rpartition("/")[2]
    with time_machine.travel(now() - timedelta(days=30)):
        seal = links._old_seals.sign(token).decode()
    with sent.database.writing() as session:
        session.scalars(select(Settlement)).one().settled_at -= timedelta(days=40)
    page = client.post(sent.path, data={"answer": "done", "seal": seal}).text
    assert "Recorded" in page
    assert [row.suspect for row in sent.rows()] == [None]


def test_a_sweep_is_seen_although_each_of_its_pages_was_opened_before(
    client: FlaskClient, sent: Sent, links: Links
) -> None:
    def open_all() -> None:
        for path in (sent.path, other(sent, links), leaving(sent, links)):
            client.get(path)

    open_all()
    with sent.database.writing() as session:
        for visit in (*session.scalars(select(Visit)), *session.scalars(select(LeavingVisit))):
            visit.first_at -= timedelta(hours=1)
    open_all()
    with sent.database.reading() as session:
        assert all(visit.again_at for visit in session.scalars(select(Visit)))
        assert session.scalars(select(LeavingVisit)).one().again_at is not None
    seal = links.seal(sent.path.rpartition("/")[2], now() - timedelta(seconds=4))
    client.post(sent.path, data={"answer": "done", "seal": seal})
    assert [row.suspect for row in sent.rows()] == ["sweep"]


def other(sent: Sent, links: Links) -> str:
    return links.answer_url(sent.delivery_id, sent.other_offer_id).removeprefix(links.base_url)


def leaving(sent: Sent, links: Links) -> str:
    return links.unsubscribe_url(sent.delivery_id).removeprefix(links.base_url)


def test_a_prefetch_or_a_broken_link_is_no_visit_of_the_page_for_leaving(
    client: FlaskClient, sent: Sent, links: Links
) -> None:
    path = leaving(sent, links)
    client.get(path, headers={"Sec-Purpose": "prefetch"})
    client.head(path)
    assert client.get(path[:-3] + "aaa").status_code == 404
    assert client.get("/u/x").status_code == 400
    with sent.database.reading() as session:
        assert session.scalars(select(LeavingVisit)).all() == []


def test_a_page_opened_again_within_seconds_is_noted_once(client: FlaskClient, sent: Sent) -> None:
    for _time in range(3):
        client.get(sent.path)
    with sent.database.reading() as session:
        assert session.scalars(select(Visit)).one().again_at is None


def test_a_copy_of_the_letter_settles_a_suspicion(client: FlaskClient, sent: Sent) -> None:
    tap_at_once(client, sent, "will_do")
    tap_at_once(client, sent, "done")
    with sent.database.writing() as session:
        ids = {"delivery_id": sent.delivery_id, "offer_id": sent.offer_id}
        session.add(Evidence(**ids, grade="evidenced", recorded_at=now()))
    assert fates(sent) == {"fast": {"evidenced": 2}}
    tally = report(sent).asks[0].tally
    assert (tally.evidenced, tally.suspect) == (1, 0)
    with sent.database.writing() as session:
        session.scalars(select(Evidence)).one().withdrawn_at = now()
    assert fates(sent) == {"fast": {"open": 2}}
    tally = report(sent).asks[0].tally
    assert (tally.evidenced, tally.suspect) == (0, 1)


@pytest.mark.parametrize("back", ["list", "member"])
def test_staff_accept_a_suspect_and_what_stands_before_it_goes_with_it(
    client: FlaskClient, sign_in: Callable[..., Staff], sent: Sent, back: str
) -> None:
    tap_at_once(client, sent, "cannot")
    tap_at_once(client, sent, "done")
    sign_in(client)
    page = client.get("/issues/1/responses").text
    assert "a suspect answer: not counted" in page
    page = client.get("/issues/1/suspects").text
    assert "1 member and ask" in page
    assert "and 1 before it" in page
    assert "within a second of opening the page" in client.get("/reports/1").text
    newest = sent.rows()[-1].id
    form = {"do": "accept", "from": back}
    for words in ("Accepted: it counts.", "It was settled already."):
        answer = client.post(f"/issues/1/suspects/{newest}", data=form, follow_redirects=True)
        assert words in answer.text
    assert "Nothing to decide" in client.get("/issues/1/suspects").text
    assert "not counted" not in client.get("/issues/1/responses").text
    assert "suspect, accepted" in client.get(f"/issues/1/responses/{sent.delivery_id}").text
    assert fates(sent) == {"fast": {"accepted": 1, "set_aside": 1}}
    tally = report(sent).asks[0].tally
    assert (tally.reported, tally.cannot, tally.suspect) == (1, 0, 0)
    assert len(report(sent).days) == 1
    with sent.database.reading() as session:
        entry = session.scalars(select(AuditEntry)).all()[-1]
    assert (entry.action, entry.subject_id) == ("suspect.accepted", newest)
    assert entry.detail == {"answer": "done", "why": "fast", "rows": 2}


def test_an_accepted_answer_is_the_members_own(
    client: FlaskClient, sign_in: Callable[..., Staff], sent: Sent
) -> None:
    tap_at_once(client, sent, "done")
    sign_in(client)
    client.post(f"/issues/1/suspects/{sent.rows()[0].id}", data={"do": "accept"})
    assert "Recorded: you did it" in client.get(sent.path).text
    post(client, sent.path, answer="done")  # says nothing new
    assert "Taken back" in post(client, sent.path, answer="undone").text
    assert [row.suspect for row in sent.rows()] == ["fast", None]
    assert report(sent).asks[0].tally.reported == 0


def test_what_is_set_aside_is_kept_and_no_suspect_any_more(
    client: FlaskClient, sign_in: Callable[..., Staff], sent: Sent
) -> None:
    tap_at_once(client, sent, "done")
    sign_in(client)
    client.post(f"/issues/1/suspects/{sent.rows()[0].id}", data={"do": "set aside"})
    assert fates(sent) == {"fast": {"set_aside": 1}}
    tally = report(sent).asks[0].tally
    assert (tally.reported, tally.suspect) == (0, 0)
    assert sent.answers() == ["done"]
    with sent.database.reading() as session:
        assert session.scalars(select(Resolution)).one().resolved_by is not None
        assert session.scalars(select(AuditEntry)).all()[-1].action == "suspect.set_aside"


def test_only_suspects_of_the_issue_can_be_decided(
    client: FlaskClient, sign_in: Callable[..., Staff], sent: Sent
) -> None:
    post(client, sent.path, answer="done")
    sign_in(client)
    for number in (sent.rows()[0].id, 10**6):
        answer = client.post(f"/issues/1/suspects/{number}", data={"do": "accept"})
        assert answer.status_code == 404


def test_an_answer_by_staff_settles_what_was_doubted(
    client: FlaskClient, sign_in: Callable[..., Staff], sent: Sent
) -> None:
    tap_at_once(client, sent, "done")
    sign_in(client)
    form = {"do": "answer", "answer": "cannot"}
    client.post(f"/issues/1/responses/{sent.delivery_id}/{sent.offer_id}", data=form)
    assert fates(sent) == {"fast": {"answered": 1}}
    assert report(sent).asks[0].tally.cannot == 1
