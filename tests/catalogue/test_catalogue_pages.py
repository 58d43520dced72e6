"""The catalogue's pages: found, written, hidden, and brought back to what they were."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.catalogue.models import CatalogueAsk
from app.catalogue.taking import for_sector
from app.db import Database
from app.staff.models import AuditEntry, Staff
from tests import personas
from tests.catalogue.conftest import WORDS


@pytest.fixture
def editor(client: FlaskClient, sign_in: Callable[..., Staff]) -> FlaskClient:
    sign_in(client)
    return client


def first(database: Database, sector: str = "legal") -> CatalogueAsk:
    with database.reading() as session:
        return for_sector(session, sector)[0]


def audited(database: Database) -> list[tuple[str, dict[str, object]]]:
    with database.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.action, row.detail) for row in rows]


def test_a_sector_shows_its_asks_and_every_sector_its_count(
    editor: FlaskClient, seeded: Database
) -> None:
    page = editor.get("/catalogue/?sector=medical").text
    with seeded.reading() as session:
        medical = for_sector(session, "medical")
    for entry in medical:
        assert f"/catalogue/{entry.id}" in page
    assert f'Medical <span class="num soft">{len(medical)}</span>' in page
    assert f"/catalogue/{first(seeded).id}&#34;" not in page
    assert "Catalogue of asks" in editor.get("/cases/").text


def test_the_first_sector_shown_is_that_of_ones_own_network(
    client: FlaskClient, sign_in: Callable[..., Staff], seeded: Database
) -> None:
    with seeded.writing() as session:
        network = personas.network(session, "medical")
    sign_in(client, "coordinator", [network])
    assert f"/catalogue/{first(seeded, 'medical').id}" in client.get("/catalogue/").text
    assert client.get("/catalogue/?sector=nonsense").status_code == 200


def test_an_empty_sector_says_what_might_stand_there(editor: FlaskClient, seeded: Database) -> None:
    assert "Nothing for this sector yet" in editor.get("/catalogue/?sector=other").text


def test_an_empty_catalogue_says_where_it_comes_from(
    editor: FlaskClient, database: Database
) -> None:
    assert "docket db upgrade" in editor.get("/catalogue/").text


def test_an_ask_is_added_to_the_catalogue(editor: FlaskClient, database: Database) -> None:
    assert 'value="arts"' in editor.get("/catalogue/new?sector=arts").text
    answer = editor.post("/catalogue/new?sector=arts", data=WORDS | {"sector": "arts"})
    assert answer.status_code == 302
    entry = first(database, "arts")
    assert (entry.words, entry.seeded_as) == (WORDS, None)
    assert "written here" in editor.get("/catalogue/?sector=arts").text
    assert audited(database) == [("catalogue.added", {"sector": "arts"})]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"headline": ""}, "Nothing was saved yet"),
        ({"why": " "}, "without a reason"),
        ({"why": "Because of {reason}."}, "{reason}"),
        ({"headline": "Write about {who}."}, "{who}"),
        ({"instructions": "![](https://x.example/a.png)"}, "alt text"),
        ({"button": "x" * 61}, "Nothing was saved yet"),
        ({"kind": "dance"}, "Nothing was saved yet"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(
    editor: FlaskClient, seeded: Database, wrong: dict[str, str], said: str
) -> None:
    entry = first(seeded)
    for path in ("/catalogue/new?sector=legal", f"/catalogue/{entry.id}"):
        answer = editor.post(path, data=WORDS | {"sector": "legal"} | wrong)
        assert answer.status_code == 422
        assert said in answer.text
    assert not first(seeded).is_edited


def test_an_edited_entry_shows_what_differs_and_goes_back_to_its_original(
    editor: FlaskClient, seeded: Database
) -> None:
    entry = first(seeded)
    path = f"/catalogue/{entry.id}"
    assert "What differs" not in editor.get(path).text
    changed = entry.words | {"why": entry.why.replace("letterhead", "headed paper")}
    assert editor.post(path, data=changed).status_code == 302
    page = editor.get(path).text
    assert "<del>letterhead </del> <ins>headed paper </ins>" in page
    assert "changed here" in editor.get("/catalogue/?sector=legal").text
    editor.post(f"{path}/original")
    assert first(seeded).words == entry.words
    assert "What differs" not in editor.get(path).text
    assert audited(seeded) == [
        ("catalogue.changed", {"sector": "legal", "fields": ["why"]}),
        ("catalogue.restored", {"sector": "legal", "fields": ["why"]}),
    ]


def test_what_was_written_here_has_no_original(editor: FlaskClient, database: Database) -> None:
    editor.post("/catalogue/new", data=WORDS | {"sector": "legal"})
    assert editor.post(f"/catalogue/{first(database).id}/original").status_code == 409


def test_a_hidden_entry_is_offered_no_more_and_the_undo_stands_beside(
    editor: FlaskClient, seeded: Database
) -> None:
    entry = first(seeded)
    page = editor.post(f"/catalogue/{entry.id}/hiding", follow_redirects=True).text
    assert "Undo: offer it again" in page
    assert "1 hidden ask" in page
    assert first(seeded).id != entry.id
    assert "Hidden since" in editor.get(f"/catalogue/{entry.id}").text
    page = editor.post(f"/catalogue/{entry.id}/showing", follow_redirects=True).text
    assert "Undo" not in page
    assert "hidden ask" not in page
    assert first(seeded).id == entry.id
    # An old address offers no undo of what is not hidden.
    assert "Undo" not in editor.get(f"/catalogue/?sector=legal&hid={entry.id}").text
    assert [action for action, _detail in audited(seeded)] == [
        "catalogue.hidden",
        "catalogue.shown",
    ]


def test_an_entry_that_is_not_there_is_not_found(editor: FlaskClient, database: Database) -> None:
    assert editor.get("/catalogue/4711").status_code == 404
    for what in ("", "/hiding", "/showing", "/original"):
        assert editor.post(f"/catalogue/4711{what}").status_code == 404
