"""The pages of letters: who sees which, what a look leaves behind, and what a download is."""

from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.clock import now
from app.letters import keeping, listing
from app.letters.models import Letter, LetterKind, LetterState
from app.networks.managing import network_by_code
from app.staff.models import AuditEntry, Staff
from app.vault import Vault
from tests.letters.conftest import (
    MAIL,
    Asked,
    evidence,
    keep,
    letters,
    picture,
    said,
    short,
    upload,
)

HTML_MAIL = MAIL.replace(b"\r\n\r\nDear", b"\r\nContent-Type: text/html\r\n\r\n<b>Dear</b>") + (
    b"<script>x()</script> &amp; thank you"
)


@pytest.fixture
def letter(asked: Asked, vault: Vault) -> Letter:
    """Of the first network, by mail; another of the second."""
    with asked.database.writing() as session:
        keep(session, vault, [asked.ids, asked.foreign])
        return letters(session)[0]


@pytest.fixture
def enter(client: FlaskClient, sign_in: Callable[..., Staff], asked: Asked) -> Callable[..., Staff]:
    """enter("coordinator", "legal") signs somebody in."""

    def enter(role: str, *codes: str) -> Staff:
        with asked.database.reading() as session:
            networks = [network_by_code(session, code) for code in codes]
        return sign_in(client, role, networks)

    return enter


def audited(asked: Asked) -> list[tuple[str, dict[str, object]]]:
    with asked.database.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.action, row.detail) for row in rows]


def paths(letter_id: int) -> Iterator[tuple[str, str]]:
    yield "GET", f"/letters/{letter_id}"
    for what in ("", "/download", "/check"):
        yield "POST", f"/letters/{letter_id}{what}"


def add(client: FlaskClient, asked: Asked, content: bytes, offer_id: int = 0) -> TestResponse:
    place = f"{asked.delivery_id}/{offer_id or asked.offer_id}"
    fields = {"kind": "addressee", "file": FileStorage(BytesIO(content), "Ada.pdf")}
    boundary, body = encode_multipart(fields)
    return client.post(
        f"/issues/{asked.issue_id}/responses/{place}/letter",
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
    )


def test_only_those_of_its_network_see_a_letter(
    client: FlaskClient, asked: Asked, letter: Letter, enter: Callable[..., Staff]
) -> None:
    for who, code in (
        (("coordinator", "medical"), 404),
        (("reviewer",), 403),
        (("coordinator", "legal"), 200),
        (("admin",), 200),
    ):
        enter(*who)
        for method, path in paths(letter.id):
            got = client.open(path, method=method, data={"do": "verify"}).status_code
            assert got == (302 if code == 200 and path.endswith("check") else code), (who, path)
    assert {action for action, _detail in audited(asked)} == {"letter.read", "letter.verified"}


def test_the_list_holds_those_of_ones_networks(
    client: FlaskClient, letter: Letter, enter: Callable[..., Staff]
) -> None:
    enter("reviewer")
    assert client.get("/letters/").status_code == 403
    enter("coordinator", "legal")
    page = client.get("/letters/").text
    assert f"/letters/{letter.id}" in page
    assert f"/letters/{letter.id + 1}" not in page
    assert "1 letter" in page
    assert f"/letters/{letter.id + 1}" not in client.get("/letters/?network=medical").text
    enter("admin")
    assert "2 letters" in client.get("/letters/").text
    assert "Quillfeather" not in client.get("/letters/").text


def test_unchecked_letters_come_first_and_the_list_may_be_of_one_state(
    client: FlaskClient, asked: Asked, vault: Vault, enter: Callable[..., Staff]
) -> None:
    with asked.database.writing() as session:
        network = network_by_code(session, "legal")
        rows = [upload(session, vault, asked.ids, b"Letter %d" % number) for number in range(3)]
        rows[0].state, rows[2].state = LetterState.REJECTED.value, LetterState.VERIFIED.value
        session.flush()
        listed = listing.of_networks(session, [network.id], "", 1)
        assert [one.state for one in listed] == ["unchecked", "verified", "rejected"]
        assert not listing.of_networks(session, [network.id], "", 2)
        assert not listing.of_networks(session, [], "", 1)
    enter("admin")
    assert f"/letters/{rows[1].id}" not in client.get("/letters/?state=verified").text
    with asked.database.writing() as session:
        session.get_one(Letter, rows[0].id).state = LetterState.UNCHECKED.value
    assert "No letter is in this state" in client.get("/letters/?state=rejected").text
    assert client.get("/letters/?state=nonsense&page=999").status_code == 200


def test_an_empty_list_says_how_letters_come(
    client: FlaskClient, asked: Asked, enter: Callable[..., Staff]
) -> None:
    enter("admin")
    assert "No letter yet" in client.get("/letters/").text


def test_a_letter_is_read_as_plain_text_and_every_look_is_noted(
    client: FlaskClient, asked: Asked, letter: Letter, enter: Callable[..., Staff]
) -> None:
    enter("coordinator", "legal")
    assert "please release her" not in client.get(f"/letters/{letter.id}").text
    assert audited(asked) == []
    page = client.post(f"/letters/{letter.id}").text
    assert "please release her" in page
    assert "minister@justice.example" in page
    client.post(f"/letters/{letter.id}/download")
    assert audited(asked) == [
        ("letter.read", {"where": "page"}),
        ("letter.read", {"where": "download"}),
    ]


def test_a_mail_of_markup_shows_its_words_alone(
    client: FlaskClient, asked: Asked, vault: Vault, enter: Callable[..., Staff]
) -> None:
    with asked.database.writing() as session:
        keep(session, vault, [asked.ids], HTML_MAIL)
        number = letters(session)[0].id
    enter("admin")
    page = client.post(f"/letters/{number}").text
    assert "Dear" in page
    assert "&amp; thank you" in page
    assert "x()" not in page
    assert "&lt;b&gt;" not in page


def test_what_has_no_words_is_a_download(
    client: FlaskClient, asked: Asked, vault: Vault, enter: Callable[..., Staff]
) -> None:
    with asked.database.writing() as session:
        number = upload(session, vault, asked.ids, picture()).id
    enter("admin")
    assert "Read the letter" not in client.get(f"/letters/{number}").text
    assert client.post(f"/letters/{number}").status_code == 404


@pytest.mark.parametrize(
    "content", [MAIL, picture(), b"<%PDF- text", b"%PDF-1.4 <script>"], ids=short
)
def test_a_download_is_nothing_that_a_browser_would_open(
    client: FlaskClient,
    asked: Asked,
    vault: Vault,
    enter: Callable[..., Staff],
    content: bytes,
) -> None:
    with asked.database.writing() as session:
        kept = upload(session, vault, asked.ids, content)
        whole = keeping.content(vault, kept, now())
    enter("admin")
    answer = client.post(f"/letters/{kept.id}/download")
    assert answer.data == whole
    assert answer.headers["Content-Type"] == "application/octet-stream"
    stem, suffix = kept.name.split(".")
    disposition = f"attachment; filename={stem}-{kept.id}.{suffix}"
    assert answer.headers["Content-Disposition"] == disposition
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox "
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_staff_verify_and_reject_on_its_page(
    client: FlaskClient, asked: Asked, letter: Letter, enter: Callable[..., Staff]
) -> None:
    enter("coordinator", "legal")
    check = f"/letters/{letter.id}/check"
    client.post(check, data={"do": "verify", "remark": "Read it."})
    page = client.get(f"/letters/{letter.id}").text
    assert "Read it." in page
    assert "Petra Lindqvist" in page
    member = f"/issues/{asked.issue_id}/responses/{asked.delivery_id}"
    assert f"/letters/{letter.id}" in client.get(member).text
    client.post(check, data={"do": "reject", "remark": "Another case's."})
    assert "no evidence any more" in client.get(member).text
    assert "It counts as no evidence" in client.get(f"/letters/{letter.id}").text
    assert client.post(check, data={"do": "verify", "remark": "x" * 501}).status_code == 422
    assert client.post(check, data={"do": "verify", "remark": "a\nb"}).status_code == 422


def test_a_letter_whose_time_is_over_says_so(
    client: FlaskClient, asked: Asked, letter: Letter, enter: Callable[..., Staff]
) -> None:
    with asked.database.writing() as session:
        session.get_one(Letter, letter.id).expires_at = now()
        keeping.forget_expired(session, now())
    enter("admin")
    page = client.get(f"/letters/{letter.id}").text
    assert "and then deleted" in page
    assert "Download" not in page
    assert client.post(f"/letters/{letter.id}/download").status_code == 404
    assert client.post(f"/letters/{letter.id}/check", data={"do": "verify"}).status_code == 409
    assert audited(asked) == []


def test_staff_add_a_reply_that_came_by_post(
    client: FlaskClient, asked: Asked, vault: Vault, enter: Callable[..., Staff]
) -> None:
    somebody = enter("coordinator", "legal")
    for _time in range(2):
        assert add(client, asked, picture()).status_code == 302
    with asked.database.reading() as session:
        assert said(session) == [("done", "staff")]
        assert evidence(session) == [("evidenced", "addressee", True)]
        (kept,) = letters(session)
        assert (kept.kind, kept.media_type) == (LetterKind.ADDRESSEE, "image/jpeg")
    assert audited(asked) == [("letter.added", {"kind": "addressee"})]
    with asked.database.reading() as session:
        assert session.scalars(select(AuditEntry.staff_id)).one() == somebody.id


def test_staff_add_nothing_where_it_was_not_asked_or_is_not_theirs(
    client: FlaskClient, asked: Asked, enter: Callable[..., Staff]
) -> None:
    enter("coordinator", "legal")
    assert add(client, asked, b"A letter", offer_id=asked.foreign[1]).status_code == 404
    assert add(client, asked, b"").status_code == 422
    assert add(client, asked, b"GIF89a" + bytes(20)).status_code == 422
    assert add(client, asked, bytes(11 * 1024 * 1024)).status_code == 413
    enter("coordinator", "medical")
    assert add(client, asked, b"A letter").status_code == 404
    with asked.database.reading() as session:
        assert not letters(session)
        assert not said(session)


def test_a_case_shows_what_came_and_leads_those_who_may(
    client: FlaskClient, asked: Asked, letter: Letter, enter: Callable[..., Staff]
) -> None:
    with asked.database.writing() as session:
        session.get_one(Letter, letter.id + 1).kind = LetterKind.ADDRESSEE.value
    enter("coordinator", "legal")
    page = client.get("/cases/CASE-1").text
    assert "1 copy of a letter" in page
    assert "1 addressee's reply" in page
    assert f"/letters/{letter.id}" in page
    assert f"/letters/{letter.id + 1}" not in page
    with asked.database.writing() as session:
        for one in session.scalars(select(Letter)):
            one.state = LetterState.REJECTED.value
    assert "No copy and no reply yet" in client.get("/cases/CASE-1").text
