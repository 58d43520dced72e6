"""In which language pages and mails speak, and whether they read from the right."""

import quopri
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import preparing
from app.delivery.models import Delivery, Edition
from app.links import Links
from app.shell import FILTERS
from app.speaking import accepted
from app.staff.models import Staff
from app.translating import into
from app.vocabulary import sector_code
from newsletters import wire
from newsletters.words import act
from tests import personas
from tests.newsletters.samples import ISSUE, body, filled, parsed
from tests.people import after_reading

WELCOMING = "/preferences"  # a page that is open to everybody
AskedIn = Callable[[str], str]


def opening(page: str) -> str:
    found = re.search(r"<html[^>]*>", page)
    assert found is not None
    return found[0]


def get(client: FlaskClient, path: str, accept: str = "") -> str:
    answer = client.get(path, headers={"Accept-Language": accept} if accept else {})
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def asked_in(database: Database, links: Links) -> AskedIn:
    """asked_in("fr") sends an issue in that language; the path of its ask's page."""

    def send(language: str) -> str:
        with database.writing() as session:
            network = personas.network(session, language=language)
            personas.member(session, network)
            ask = personas.ask(session, personas.case(session), button="")
            issue = personas.issue(session, network, [ask], language=language)
            [delivery] = personas.delivered(session, issue, at=now() - timedelta(hours=1))
            path = links.answer_url(delivery.id, issue.offers[0].id)
        return path.removeprefix(links.base_url)

    return send


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("sv, da;q=0.8", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("es-419", "es"),
        ("ar-EG, en;q=0.5", "ar"),
        ("de, es;q=0.7, en;q=0.9", "en"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("*", "en"),
        ("fr;q=nonsense, \x00", "en"),
    ],
)
def test_a_browser_gets_the_best_of_the_languages_it_asks_for(header: str, language: str) -> None:
    assert accepted(header) == language


def test_a_french_page_is_in_french(client: FlaskClient) -> None:
    page = get(client, WELCOMING, "fr-CA")
    assert opening(page) == '<html lang="fr" dir="ltr">'
    assert into("fr")("Your preferences") in page
    assert "Your preferences" not in page


def test_an_arabic_page_reads_from_the_right(client: FlaskClient) -> None:
    page = get(client, WELCOMING, "ar")
    assert opening(page) == '<html lang="ar" dir="rtl">'
    assert re.search(r"<h1>[^<]*[\u0600-\u06ff]", page)


def test_a_page_in_a_language_that_we_do_not_speak_is_in_english(client: FlaskClient) -> None:
    page = get(client, WELCOMING, "sv")
    assert opening(page) == '<html lang="en" dir="ltr">'
    assert "Your preferences" in page


def test_what_is_wrong_with_a_form_is_said_in_the_language_of_its_page(client: FlaskClient) -> None:
    answer = client.post(WELCOMING, data={"email": ""}, headers={"Accept-Language": "es"})
    assert answer.status_code == 422
    assert "Este campo es obligatorio." in answer.text


def test_staff_read_what_their_browser_asks_for(
    client: FlaskClient, sign_in: Callable[..., Staff]
) -> None:
    sign_in(client)
    assert 'lang="es"' in opening(get(client, "/account", "es"))


def test_staff_choose_a_language_and_the_next_page_speaks_it(
    client: FlaskClient, sign_in: Callable[..., Staff], database: Database
) -> None:
    somebody = sign_in(client)
    values = {"name": "Ada", "timezone": "", "language": "ar"}
    page = client.post("/account", data=values, follow_redirects=True).text
    assert opening(page) == '<html lang="ar" dir="rtl">'
    assert into("ar")("Saved.") in page
    assert 'lang="ar"' in opening(get(client, "/account", "fr"))
    with database.reading() as session:
        assert session.get_one(Staff, somebody.id).language == "ar"


def test_staff_go_back_to_what_their_browser_asks_for(
    client: FlaskClient, sign_in: Callable[..., Staff]
) -> None:
    sign_in(client)
    for language in ("fr", ""):
        client.post("/account", data={"name": "Ada", "timezone": "", "language": language})
    assert 'lang="en"' in opening(get(client, "/account"))


def test_a_language_that_is_not_ours_cannot_be_chosen(
    client: FlaskClient, sign_in: Callable[..., Staff]
) -> None:
    sign_in(client)
    values = {"name": "Ada", "timezone": "", "language": "de"}
    assert client.post("/account", data=values).status_code == 422


def test_the_page_of_an_ask_speaks_the_language_of_its_mail(
    client: FlaskClient, asked_in: AskedIn
) -> None:
    path = asked_in("fr")
    for accept in ("en", "ar"):
        page = get(client, path, accept)
        assert opening(page) == '<html lang="fr" dir="ltr">'
        assert act("letter", "", into("fr")) in page.replace("&#39;", "'")


def test_a_page_that_was_drawn_before_speaks_as_it_did(
    client: FlaskClient, asked_in: AskedIn
) -> None:
    path = asked_in("ar")
    pages = [get(client, path, accept) for accept in ("en", "fr")]
    assert {opening(page) for page in pages} == {'<html lang="ar" dir="rtl">'}
    first, second = (re.sub(r'name="seal" value="[^"]*"', "", page) for page in pages)
    assert first == second


def test_an_ask_in_a_language_that_we_do_not_speak_stands_on_a_page_of_the_readers(
    client: FlaskClient, asked_in: AskedIn
) -> None:
    path = asked_in("sv")
    for accept in ("fr", "fr", "es"):
        assert f'lang="{accept}"' in opening(get(client, path, accept))


def test_an_answer_is_thanked_for_in_the_language_of_the_mail(
    client: FlaskClient, asked_in: AskedIn, links: Links
) -> None:
    path = asked_in("es")
    fields = after_reading(links, path.rpartition("/")[2], client.get(path).text)
    page = client.post(path, data=fields | {"answer": "done"}).text
    assert into("es")("Thank you.") in page


def test_the_page_for_leaving_speaks_the_language_of_its_mail(
    client: FlaskClient, links: Links, database: Database, asked_in: AskedIn
) -> None:
    asked_in("fr")
    with database.reading() as session:
        delivery_id = session.scalars(select(Delivery.id)).one()
    page = get(client, links.unsubscribe_url(delivery_id).removeprefix(links.base_url), "en")
    assert opening(page) == '<html lang="fr" dir="ltr">'


def test_a_mail_speaks_the_language_of_its_edition() -> None:
    edition = wire.compile(replace(ISSUE, language="fr"), into("fr"))
    mail = parsed(filled(edition))
    assert mail["Content-Language"] == "fr"
    for kind in ("plain", "html"):
        text = " ".join(body(mail, kind).split())
        for english in ("Why you", "Salutation", "Leave the network", "Not for publication."):
            assert into("fr")(english) in text
            assert english not in text
        assert "16 mai 2031" in text


def test_a_mail_says_in_french_what_a_tap_records() -> None:
    assert act("letter", "", into("fr")) != act("letter", "", into("en"))
    assert act("dance", "", into("fr")) == into("fr")("I have done it")
    assert act("letter", "C'est fait", into("fr")) == "C'est fait"


def test_an_arabic_mail_reads_from_the_right() -> None:
    page = body(parsed(filled(wire.compile(replace(ISSUE, language="ar"), into("ar")))), "html")
    assert re.search(r'<html lang="ar" dir="rtl"', page)
    assert "border-right:4px solid" in page
    assert "border-left:4px solid" not in page


def test_an_issue_is_frozen_in_its_own_language(session: Session) -> None:
    network = personas.network(session, language="es")
    personas.member(session, network)
    ask = personas.ask(session, personas.case(session), button="")
    issue = personas.issue(session, network, [ask], language="es")
    issue.scheduled_for = now()
    preparing.freeze(session, issue.id, now())
    edition = session.scalars(select(Edition)).one()
    pieces = wire.Edition.loads(edition.compiled).html
    page = quopri.decodestring(b"".join(piece for piece in pieces if isinstance(piece, bytes)))
    assert act("letter", "", into("es")) in page.decode()


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["16 May 2031", "16 May 2031, 14:02", "1,234,567", "34%", "5 minutes"]),
        ("fr", ["16 mai 2031", "16 mai 2031, 14:02", "1 234 567", "34 %", "5 minutes"]),
        ("es", ["16 de mayo de 2031", "16 may 2031, 14:02", "1.234.567", "34 %", "5 minutos"]),
        ("ar", ["16 مايو 2031", "16 مايو 2031، 14:02", "1,234,567", "34%", "5 دقائق"]),
    ],
)
def test_days_and_numbers_are_written_as_readers_write_them(
    app: Flask, language: str, shown: list[str]
) -> None:
    values = {
        "day": date(2031, 5, 16),
        "moment": datetime(2031, 5, 16, 14, 2, tzinfo=UTC),
        "number": 1_234_567,
        "percent": 0.34,
        "duration": timedelta(minutes=5),
    }
    with app.test_request_context(headers={"Accept-Language": language}):
        said = [FILTERS[name](value) for name, value in values.items()]
    said = [" ".join(re.sub(r"[\u200e\u200f]", "", text).split()) for text in said]
    assert said == shown


def test_countries_and_languages_are_named_in_the_language_of_the_page(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "fr"}):
        assert FILTERS["country"]("ES") == "Espagne"
        assert FILTERS["language_name"]("ar") == "arabe"


def test_a_sector_in_a_file_is_known_by_its_name_in_any_of_our_languages() -> None:
    for language in ("en", "fr", "es", "ar"):
        assert sector_code(into(language)("Trade unions").upper()) == "trade_union"
    assert sector_code("trade_union") == "trade_union"
    assert sector_code("Fishing") is None
