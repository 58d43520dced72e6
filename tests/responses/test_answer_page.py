"""The page behind an ask's link: what records, what does not, and what each broken link gets."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases.models import Case
from app.clock import now
from app.issues.models import Issue, Offer
from app.links import Links
from app.responses.models import Visit
from tests.people import seal_of_a_reader
from tests.responses.conftest import Sent, post


def test_the_page_shows_what_was_asked_and_nobodys_name(client: FlaskClient, sent: Sent) -> None:
    answer = client.get(sent.path)
    assert answer.status_code == 200
    assert "Write to the Minister of Justice" in answer.text
    assert "Quillfeather" not in answer.text
    assert "Set-Cookie" not in answer.headers
    page = BeautifulSoup(answer.text, "html.parser")
    assert not page.find_all("script")
    values = [button["value"] for button in page.find_all("button", attrs={"name": "answer"})]
    assert values == ["done", "will_do", "could_not", "cannot", "already"]


def test_a_post_records_and_the_same_post_again_is_one_response(
    client: FlaskClient, sent: Sent
) -> None:
    for _time in range(3):
        answer = post(client, sent.path, answer="done")
        assert answer.status_code == 200
        assert "Recorded" in answer.text
        assert "Undo" in answer.text
    assert sent.answers() == ["done"]


def test_a_changed_answer_is_a_new_row_and_undo_one_more(client: FlaskClient, sent: Sent) -> None:
    post(client, sent.path, answer="will_do")
    post(client, sent.path, answer="done")
    undone = post(client, sent.path, answer="undone")
    assert "Taken back" in undone.text
    assert sent.answers() == ["will_do", "done", "undone"]
    post(client, sent.path, answer="undone")
    assert sent.answers() == ["will_do", "done", "undone"]


def test_details_are_kept_and_the_large_button_does_not_erase_them(
    client: FlaskClient, sent: Sent
) -> None:
    post(client, sent.path, answer="done")
    said = {"letters": "3", "how": "post", "acted_on": "2026-01-05", "reply_came": "y"}
    post(client, sent.path, answer="done", detailed="1", note="By hand.\r\nTwice.", **said)
    post(client, sent.path, answer="done")
    rows = sent.rows()
    assert len(rows) == 2
    assert (rows[1].letters, rows[1].how, rows[1].reply_came) == (3, "post", True)
    assert rows[1].note == "By hand.\nTwice."
    post(client, sent.path, answer="done", detailed="1", letters="2")
    assert sent.rows()[-1].letters == 2
    assert sent.rows()[-1].note == "By hand.\nTwice."
    assert "By hand" not in client.get(sent.path).text


def test_a_promise_may_name_a_day(client: FlaskClient, sent: Sent) -> None:
    day = (now() + timedelta(days=5)).date()
    post(client, sent.path, answer="will_do", promised_for=day.isoformat())
    assert sent.rows()[0].promised_for == day


@pytest.mark.parametrize(
    "values",
    [
        {"answer": "perhaps"},
        {},
        {"answer": "done", "letters": "many"},
        {"answer": "done", "letters": "-1"},
        {"answer": "done", "acted_on": "2999-01-01"},
        {"answer": "will_do", "promised_for": "1999-01-01"},
        {"answer": "done", "how": "by pigeon"},
        {"answer": "done", "note": "x" * 2001},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_shown_again_and_not_recorded(
    client: FlaskClient, sent: Sent, values: dict[str, str]
) -> None:
    answer = post(client, sent.path, **values)
    assert answer.status_code == 422
    assert "Not recorded yet" in answer.text
    assert sent.rows() == []


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("header", [{}, {"Sec-Purpose": "prefetch"}, {"X-Moz": "prefetch"}])
def test_looking_records_no_response(
    client: FlaskClient, sent: Sent, method: str, header: dict[str, str]
) -> None:
    for _time in range(2):
        assert client.open(sent.path, method=method, headers=header).status_code == 200
    assert sent.rows() == []
    with sent.database.reading() as session:
        visits = session.scalars(select(Visit)).all()
    assert len(visits) == (1 if method == "GET" and not header else 0)


def test_a_post_from_another_page_is_refused(client: FlaskClient, sent: Sent) -> None:
    seal = {"answer": "done"}
    answer = client.post(sent.path, data=seal, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert sent.rows() == []


def test_a_post_that_never_saw_the_form_is_kept_as_suspect_and_asked_again(
    client: FlaskClient, sent: Sent
) -> None:
    answer = client.post(sent.path, data={"answer": "done"})
    assert answer.status_code == 200
    assert "One more tap" in answer.text
    assert [(row.answer, row.suspect) for row in sent.rows()] == [("done", "no-form")]
    post(client, sent.path, answer="done")
    assert [row.suspect for row in sent.rows()] == ["no-form", None]


def test_a_seal_of_another_link_does_not_fit(client: FlaskClient, sent: Sent, links: Links) -> None:
    other = links.answer_url(sent.delivery_id, sent.other_offer_id).rpartition("/")[2]
    client.post(sent.path, data={"answer": "done", "seal": links.seal(other)})
    assert [row.suspect for row in sent.rows()] == ["no-form"]


def test_broken_links_get_a_page_and_a_status_of_their_own(
    client: FlaskClient, sent: Sent, links: Links
) -> None:
    token = sent.path.removeprefix("/r/")
    ids, signature = token.rsplit(".", 1)
    forged = f"{ids}.{'a' * len(signature)}"
    assert client.get("/r/" + token[:-5]).status_code == 400
    assert client.get("/r/" + forged).status_code == 404
    unasked = links.answer_url(sent.delivery_id, 999).removeprefix(links.base_url)
    assert client.get(unasked).status_code == 410
    unsubscribe = links.unsubscribe_url(sent.delivery_id).rpartition("/")[2]
    assert client.get("/r/" + unsubscribe).status_code == 404


def test_links_that_mail_programs_damaged_still_work(client: FlaskClient, sent: Sent) -> None:
    token = sent.path.removeprefix("/r/")
    middle = len(token) // 2
    for damaged in (
        token + ".",
        token + ">",
        token.upper(),
        f"{token[:middle]}=\n{token[middle:]}".replace("\n", "%0A"),
        f"{token[:middle]}%20{token[middle:]}",
        "=3D" + token,
    ):
        assert client.get("/r/" + damaged).status_code == 200, damaged
    assert client.get(sent.path.upper()).status_code == 200
    assert client.get(sent.path + "=20").status_code == 200


def test_a_stopped_case_and_a_withdrawn_ask_say_so(client: FlaskClient, sent: Sent) -> None:
    with sent.database.writing() as session:
        session.get_one(Offer, sent.offer_id).ask.withdrawn_at = now()
    answer = client.get(sent.path)
    assert answer.status_code == 409
    assert "withdrawn" in answer.text
    assert client.post(sent.path, data={"answer": "done"}).status_code == 409
    with sent.database.writing() as session:
        session.scalars(select(Case)).one().status = "stopped"
    assert "do not act" in client.get(sent.path).text
    assert sent.rows() == []


def test_an_old_newsletter_is_over_but_a_closed_ask_still_takes_an_answer(
    client: FlaskClient, sent: Sent
) -> None:
    with sent.database.writing() as session:
        session.get_one(Offer, sent.offer_id).closes_at = now() - timedelta(days=1)
    assert "The time for this ask is over" in client.get(sent.path).text
    assert post(client, sent.path, answer="done").status_code == 200
    with sent.database.writing() as session:
        session.scalars(select(Issue)).one().frozen_at = now() - timedelta(days=181)
    assert client.get(sent.path).status_code == 410


def test_two_taps_at_once_are_one_response(app: Flask, sent: Sent, links: Links) -> None:
    seal = seal_of_a_reader(links, sent.path)
    start = Barrier(6)

    def tap() -> None:
        client = app.test_client()
        start.wait()
        client.post(sent.path, data={"answer": "done", "seal": seal})

    threads = [Thread(target=tap) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(row.answer, row.suspect) for row in sent.rows()] == [("done", None)]
