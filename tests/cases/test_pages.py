"""Writing cases and their parts on the pages."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models import Ask, Case
from app.db import Database
from app.staff.models import Staff
from tests import personas

CASE = {
    "reference": "X-1",
    "title": "Mira Solenne",
    "summary": "Taken away.\r\nNo charge.",
    "sectors": ["legal"],
    "concerns": "fair trial, arrest",
    "sensitivity": "public",
    "status": "open",
}
ASK = {
    "kind": "letter",
    "headline": "Write to the minister.",
    "why": "Letters are read.",
    "countries": ["FR"],
    "languages": ["fr"],
    "specialties": "criminal law",
}


@pytest.fixture
def editor(client: FlaskClient, sign_in: Callable[..., Staff]) -> FlaskClient:
    sign_in(client)
    return client


def the_case(database: Database) -> tuple[Session, Case]:
    session = database.session()
    return session, session.scalars(select(Case)).one()


def test_a_case_is_written_with_all_its_parts(editor: FlaskClient, database: Database) -> None:
    assert editor.post("/cases/new", data=CASE).status_code == 302
    for kind, data in {
        "people": {"name": "Mira Solenne", "occupation": "lawyer"},
        "developments": {"on": "2026-11-03", "text": "Taken away."},
        "addressees": {"title": "Minister", "salutations": "en: Dear Minister\r\nfrançais: M."},
    }.items():
        assert editor.post(f"/cases/X-1/{kind}/new", data=data).status_code == 302, kind
    session, case = the_case(database)
    with session:
        to = case.addressees[0].id
        assert case.summary == "Taken away.\nNo charge."
        assert case.concerns == ["fair trial", "arrest"]
        assert case.addressees[0].salutations == {"en": "Dear Minister", "fr": "M."}
    editor.post("/cases/X-1/asks/new", data=ASK | {"addressees": [str(to)]})
    session, case = the_case(database)
    with session:
        ask = case.asks[0]
        assert (ask.countries, ask.languages, ask.specialties) == (["FR"], ["fr"], ["criminal law"])
        assert [addressee.id for addressee in ask.addressees] == [to]
    shown = editor.get(f"/cases/X-1/asks/{ask.id}").text
    assert "checked" in shown
    assert "Write to the minister." in editor.get("/cases/X-1").text


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/cases/new", CASE | {"title": ""}),
        ("/cases/new", CASE | {"reference": "a b"}),
        ("/cases/new", CASE | {"title": "two\r\nlines"}),
        ("/cases/X-1/asks/new", ASK | {"why": " "}),
        ("/cases/X-1/asks/new", ASK | {"countries": ["XX1"]}),
        ("/cases/X-1/addressees/new", {"title": "Minister", "salutations": "Dear Minister"}),
        ("/cases/X-1/developments/new", {"on": "30 February", "text": "x"}),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    editor: FlaskClient, database: Database, path: str, data: dict[str, str]
) -> None:
    if path != "/cases/new":
        editor.post("/cases/new", data=CASE)
    answer = editor.post(path, data=data)
    assert answer.status_code == 422
    assert "Nothing was saved yet" in answer.text


def test_a_reference_is_taken_once(editor: FlaskClient) -> None:
    editor.post("/cases/new", data=CASE)
    assert editor.post("/cases/new", data=CASE).status_code == 409


def test_an_ask_that_members_were_asked_is_withdrawn_and_not_removed(
    editor: FlaskClient, database: Database
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        asked, other = (personas.ask(session, c) for c in [personas.case(session, "X-1")] * 2)
        personas.issue(session, network, [asked])
    assert editor.post(f"/cases/X-1/asks/{asked.id}/remove").status_code == 409
    assert editor.post(f"/cases/X-1/asks/{other.id}/remove").status_code == 302
    assert editor.post(f"/cases/X-1/asks/{asked.id}/withdraw").status_code == 302
    with database.reading() as session:
        held = session.scalars(select(Ask)).one()
    assert held.withdrawn_at is not None


def test_the_list_is_searched(editor: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        personas.case(session, "X-1", title="Mira Solenne")
        personas.case(session, "X-2", title="Ilan Brecht", status="closed")
    assert "Ilan" not in editor.get("/cases/?text=mira").text
    assert "Mira" not in editor.get("/cases/?status=closed").text
    assert "No case found" in editor.get("/cases/?text=100%25").text
