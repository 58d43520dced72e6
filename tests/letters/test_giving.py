"""The page where a member gives a copy: what it keeps, what it refuses, and in which words."""

from io import BytesIO
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.cases.models import Ask, Case
from app.clock import now
from app.issues.models import Issue
from app.letters import keeping
from app.links import Links, Purpose
from app.responses.models import Response
from app.vault import Vault
from tests.letters.conftest import Asked, evidence, letters, opened, picture, said, short
from tests.people import seal_of_a_reader

LETTER = b"Dear Minister, please release her."


def give(
    client: FlaskClient, asked: Asked, content: bytes = LETTER, path: str = "", **values: Any
) -> TestResponse:
    """As a person does, from the page, with a file."""
    path = path or asked.path
    links = client.application.extensions["docket"].links
    fields = {"seal": seal_of_a_reader(links, path), "kind": "letter"} | values
    fields["file"] = FileStorage(BytesIO(content), "Ada Quillfeather.pdf")
    boundary, body = encode_multipart(fields)
    return client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def test_a_copy_is_kept_and_is_the_members_word(
    client: FlaskClient, asked: Asked, vault: Vault
) -> None:
    answer = give(client, asked)
    assert answer.status_code == 200
    assert "Thank you" in answer.text
    assert "365 days" in answer.text
    assert "encrypted" in answer.text
    with asked.database.reading() as session:
        (letter,) = letters(session)
        assert keeping.content(vault, letter, now()) == LETTER
        assert (letter.kind, letter.name) == ("letter", "letter.txt")
        assert said(session) == [("done", "link")]
        assert evidence(session) == [("evidenced", "letter", True)]


def test_a_reply_is_kept_as_one_and_a_reload_keeps_nothing_more(
    client: FlaskClient, asked: Asked
) -> None:
    for _time in range(2):
        assert "We have the reply" in give(client, asked, kind="addressee").text
    with asked.database.reading() as session:
        assert [letter.kind for letter in letters(session)] == ["addressee"]
        assert evidence(session) == [("evidenced", "addressee", True)]


def test_the_form_stands_on_the_answer_page_and_works_without_script(
    client: FlaskClient, asked: Asked, links: Links
) -> None:
    path = asked.path.replace("/letter/", "/r/")
    for _time in range(2):  # drawn, and drawn before
        page = BeautifulSoup(client.get(path).text, "html.parser")
        (form,) = page.find_all("form", enctype="multipart/form-data")
        assert form["action"] == asked.path
        assert form.find_parent("details") is not None
        assert not form.find_parent("details").has_attr("open")
        seal = form.find("input", attrs={"name": "seal"})["value"]
        assert links.read_seal(asked.path.rpartition("/")[2], str(seal)) is not None
        assert [one["value"] for one in form.find_all("input", type="radio")] == [
            "letter",
            "addressee",
        ]


def test_the_copy_address_shows_where_mail_comes_back(
    app: Flask, client: FlaskClient, asked: Asked, links: Links
) -> None:
    address = links.address(Purpose.COPY, *asked.ids)
    pages = [asked.path, asked.path.replace("/letter/", "/r/")]
    for path in pages:
        assert address not in client.get(path).text
    services = app.extensions["docket"]
    object.__setattr__(services.settings, "takes_mail", True)
    app.extensions["docket.pages"]._pages.clear()
    for path in pages:
        assert address in client.get(path).text
    with asked.database.writing() as session:
        for ask in session.scalars(select(Ask)):
            ask.kind = "visit"
    for path in pages:
        assert address not in client.get(path).text


def test_no_name_shows_and_no_cookie_is_set(client: FlaskClient, asked: Asked) -> None:
    for answer in (client.get(asked.path), give(client, asked), client.get(asked.path)):
        assert "Quillfeather" not in answer.text
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert not BeautifulSoup(answer.text, "html.parser").find_all("script")


def test_a_get_keeps_nothing(client: FlaskClient, asked: Asked) -> None:
    assert client.get(asked.path).status_code == 200
    assert client.head(asked.path).status_code == 200
    with asked.database.reading() as session:
        assert not said(session)
        assert not letters(session)


@pytest.mark.parametrize("seal", ["", "x", "another"])
def test_what_never_opened_the_page_keeps_nothing(
    client: FlaskClient, asked: Asked, links: Links, seal: str
) -> None:
    if seal == "another":
        seal = links.seal(links.answer_url(*asked.foreign).rpartition("/")[2])
    answer = give(client, asked, seal=seal)
    assert answer.status_code == 422
    assert "Nothing was kept yet" in answer.text
    with asked.database.reading() as session:
        assert not said(session)
        assert not letters(session)


def test_a_robot_that_sends_every_form_is_asked_for_one_more_tap(
    client: FlaskClient, asked: Asked, links: Links
) -> None:
    answer = give(client, asked, seal=links.seal(asked.path.rpartition("/")[2]))
    assert "Choose the file once more" in answer.text
    with asked.database.reading() as session:
        assert not letters(session)
        assert not evidence(session)
        assert [row.suspect is not None for row in session.scalars(select(Response))] == [True]
    assert "Thank you" in give(client, asked).text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "none was chosen"),
        (b"GIF89a" + bytes(50), "Send a PDF"),
        (b"<svg><script>x()</script></svg>", "web page"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "damaged"),
        (b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    ],
    ids=short,
)
def test_a_file_that_cannot_be_kept_is_told_why_and_says_nothing_was_done(
    client: FlaskClient, asked: Asked, content: bytes, words: str
) -> None:
    answer = give(client, asked, content)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Nothing was kept yet" in answer.text
    with asked.database.reading() as session:
        assert not said(session)
        assert not letters(session)


def test_a_body_that_is_much_too_large_is_not_read(client: FlaskClient, asked: Asked) -> None:
    answer = give(client, asked, bytes(11 * 1024 * 1024))
    assert answer.status_code == 413
    assert "larger than 10 MB" in answer.text


def test_a_form_without_a_file_is_told_so(client: FlaskClient, asked: Asked, links: Links) -> None:
    answer = client.post(asked.path, data={"seal": seal_of_a_reader(links, asked.path)})
    assert answer.status_code == 422
    assert "none was chosen" in answer.text


def test_a_picture_is_written_anew(client: FlaskClient, asked: Asked, vault: Vault) -> None:
    give(client, asked, picture("JPEG", comment=b"SecretPhone"))
    with asked.database.reading() as session:
        (letter,) = letters(session)
        kept = keeping.content(vault, letter, now())
    assert b"SecretPhone" not in kept
    assert opened(kept).format == "JPEG"
    assert (letter.media_type, letter.name) == ("image/jpeg", "letter.jpg")


def test_another_site_may_not_send_its_form(
    client: FlaskClient, asked: Asked, links: Links
) -> None:
    fields = {
        "seal": seal_of_a_reader(links, asked.path),
        "file": (BytesIO(LETTER), "letter.txt"),
    }
    answer = client.post(asked.path, data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    with asked.database.reading() as session:
        assert not letters(session)


@pytest.mark.parametrize(
    ("path", "code"),
    [("/letter/nothing", 400), ("/letter/1.1.aaaaaaaaaaaaaaaaaaaaaaaa", 404)],
)
def test_a_broken_link_is_told_so(client: FlaskClient, asked: Asked, path: str, code: int) -> None:
    assert client.get(path).status_code == code
    assert give(client, asked, path=path).status_code == code


def test_a_link_to_what_was_never_asked_is_gone(
    client: FlaskClient, asked: Asked, links: Links
) -> None:
    url = links.answer_url(asked.delivery_id, asked.foreign[1])
    path = url.removeprefix(links.base_url).replace("/r/", "/letter/")
    assert client.get(path).status_code == 410
    assert give(client, asked, path=path).status_code == 410


def test_a_mangled_token_writes_nothing_of_it_into_the_page(
    client: FlaskClient, asked: Asked
) -> None:
    for path in (asked.path, asked.path.replace("/letter/", "/r/")):
        answer = client.get(path + '"<>(')
        assert answer.status_code == 200
        assert '"<>(' not in answer.text
        assert f'action="{asked.path}"' in answer.text


@pytest.mark.parametrize("end", ["stopped", "withdrawn"])
def test_what_was_sent_is_kept_though_nobody_must_act_any_more(
    client: FlaskClient, asked: Asked, end: str
) -> None:
    with asked.database.writing() as session:
        if end == "stopped":
            session.get_one(Case, asked.case_id).status = "stopped"
        for ask in session.scalars(select(Ask)):
            ask.withdrawn_at = now() if end == "withdrawn" else None
    answer = give(client, asked)
    assert answer.status_code == 200
    assert "Write to the Minister" not in answer.text + client.get(asked.path).text
    with asked.database.reading() as session:
        assert len(letters(session)) == 1


def test_a_link_that_is_too_old_keeps_nothing(client: FlaskClient, asked: Asked) -> None:
    with asked.database.writing() as session:
        issue = session.get_one(Issue, asked.issue_id)
        assert issue.frozen_at is not None
        issue.frozen_at = issue.frozen_at.replace(year=issue.frozen_at.year - 2)
    assert client.get(asked.path).status_code == 410
    assert give(client, asked).status_code == 410
    with asked.database.reading() as session:
        assert not letters(session)
