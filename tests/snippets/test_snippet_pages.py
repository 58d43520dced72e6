"""The snippets' pages, and the ways from a case to a snippet and back."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases.models import Case
from app.clock import now
from app.db import Database
from app.networks.models import Network
from app.snippets import keeping
from app.snippets.models import Snippet, SnippetKind
from app.staff.models import AuditEntry, Staff
from tests import personas

ADDRESSEE = {
    "snippet_title": "Minister",
    "title": "Minister of Justice",
    "salutations": "en: Dear Minister\r\nfr: Monsieur le Ministre",
    "post": "1 Court Square\r\nPort Halden",
    "copies": "embassy@veridia.example",
}
ASK = {"snippet_title": "Letter", "kind": "letter", "headline": "Write.", "why": "It is read."}


@pytest.fixture
def network(database: Database) -> Network:
    with database.writing() as session:
        return personas.network(session)


@pytest.fixture
def editor(client: FlaskClient, sign_in: Callable[..., Staff], network: Network) -> FlaskClient:
    sign_in(client, "coordinator", [network])
    return client


def snippets(database: Database) -> list[Snippet]:
    with database.reading() as session:
        return list(session.scalars(select(Snippet).order_by(Snippet.id)))


def closing(database: Database, network: Network) -> Snippet:
    with database.writing() as session:
        content = {"body": "With warm regards"}
        return keeping.keep(session, network, SnippetKind.CLOSING, "Warm", content, None, now())


def addressee(database: Database, network: Network) -> Snippet:
    with database.writing() as session:
        held = personas.case(session).addressees[0]
        return keeping.keep_addressee(session, network, held, None, now())


def audited(database: Database) -> list[tuple[str, dict[str, object]]]:
    with database.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.action, row.detail) for row in rows]


def test_a_network_without_snippets_says_what_they_are(editor: FlaskClient) -> None:
    assert "No snippet yet" in editor.get("/snippets/?network=legal").text
    assert "/snippets/?network=legal" in editor.get("/networks/legal").text


@pytest.mark.parametrize(
    ("kind", "data", "content"),
    [
        ("text", {"snippet_title": "About", "body": "One.\r\nTwo."}, {"body": "One.\nTwo."}),
        ("closing", {"snippet_title": "Warm", "body": "Regards"}, {"body": "Regards"}),
        (
            "ask",
            ASK,
            {
                "kind": "letter",
                "headline": "Write.",
                "why": "It is read.",
                **dict.fromkeys(("instructions", "model_text", "button"), ""),
            },
        ),
        (
            "addressee",
            ADDRESSEE,
            {
                "title": "Minister of Justice",
                "salutations": {"en": "Dear Minister", "fr": "Monsieur le Ministre"},
                "post": "1 Court Square\nPort Halden",
                "copies": ["embassy@veridia.example"],
                **dict.fromkeys(("name", "fax", "email"), ""),
            },
        ),
    ],
)
def test_each_kind_is_written_shown_and_opened_again(
    editor: FlaskClient,
    database: Database,
    kind: str,
    data: dict[str, str],
    content: dict[str, object],
) -> None:
    path = f"/snippets/new?network=legal&kind={kind}"
    assert editor.get(path).status_code == 200
    assert editor.post(path, data=data).status_code == 302
    (snippet,) = snippets(database)
    assert (snippet.kind, snippet.title) == (kind, data["snippet_title"])
    assert snippet.content == content
    assert data["snippet_title"] in editor.get("/snippets/?network=legal").text
    own = f"/snippets/{snippet.id}"
    assert data["snippet_title"] in editor.get(own).text
    again = data | {"snippet_title": "Another"}
    assert editor.post(own, data=again).status_code == 302
    assert [(one.title, one.content) for one in snippets(database)] == [("Another", content)]
    details = {"kind": kind, "network": "legal"}
    assert audited(database) == [
        ("snippet.kept", details | {"fields": []}),
        ("snippet.changed", details | {"fields": ["snippet_title"]}),
    ]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text", {"snippet_title": "", "body": "One"}),
        ("text", {"snippet_title": "x" * 201, "body": "One"}),
        ("text", {"snippet_title": "Empty", "body": " "}),
        ("closing", {"snippet_title": "Picture", "body": "![](https://x.example/a.png)"}),
        ("ask", ASK | {"why": ""}),
        ("ask", ASK | {"headline": "Write about {who}."}),
        ("addressee", ADDRESSEE | {"title": ""}),
        ("addressee", ADDRESSEE | {"salutations": "Dear Minister"}),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    editor: FlaskClient, database: Database, kind: str, data: dict[str, str]
) -> None:
    answer = editor.post(f"/snippets/new?network=legal&kind={kind}", data=data)
    assert answer.status_code == 422
    assert "Nothing was saved yet" in answer.text
    assert snippets(database) == []


def test_a_kind_or_a_network_that_there_is_not_is_not_found(editor: FlaskClient) -> None:
    for path in (
        "/snippets/new?kind=poem",
        "/snippets/new?network=none",
        "/snippets/?network=none",
    ):
        assert editor.get(path).status_code == 404


def test_removal_is_for_good_and_says_so(
    editor: FlaskClient, database: Database, network: Network
) -> None:
    snippet = closing(database, network)
    assert "lost for good" in editor.get(f"/snippets/{snippet.id}").text
    page = editor.post(f"/snippets/{snippet.id}/removal", follow_redirects=True).text
    assert "Deleted" in page
    assert snippets(database) == []
    assert audited(database)[-1][0] == "snippet.removed"


def test_snippets_of_another_network_do_not_exist(
    client: FlaskClient,
    sign_in: Callable[..., Staff],
    database: Database,
    network: Network,
) -> None:
    snippet = addressee(database, network)
    with database.writing() as session:
        other, case = personas.network(session, "medical"), personas.case(session, "X-1")
        ask = personas.ask(session, case)
    sign_in(client, "coordinator", [other])
    assert client.get("/snippets/?network=legal").status_code == 404
    assert client.get(f"/snippets/{snippet.id}").status_code == 404
    assert client.post(f"/snippets/{snippet.id}", data=ADDRESSEE).status_code == 404
    assert client.post(f"/snippets/{snippet.id}/removal").status_code == 404
    assert "Add an addressee from a snippet" not in client.get("/cases/X-1").text
    add = "/cases/X-1/addressees/from-snippet"
    assert client.post(add, data={"snippet": snippet.id}).status_code == 404
    keep = f"/cases/X-1/asks/{ask.id}/keeping"
    assert client.post(keep, data={"network": "legal"}).status_code == 404
    assert [one.id for one in snippets(database)] == [snippet.id]


def test_who_looks_after_no_network_is_told_so(
    client: FlaskClient, sign_in: Callable[..., Staff], database: Database
) -> None:
    with database.writing() as session:
        case = personas.case(session, "X-1")
        ask = personas.ask(session, case)
    sign_in(client, "coordinator")
    assert "you look after none" in client.get("/snippets/").text
    assert "Keep as a snippet" not in client.get(f"/cases/X-1/asks/{ask.id}").text


def test_parts_of_a_case_are_kept_from_their_pages(editor: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        case = personas.case(session, "X-1")
        ask, to = personas.ask(session, case), case.addressees[0]
    for kind, part_id in (("asks", ask.id), ("addressees", to.id)):
        path = f"/cases/X-1/{kind}/{part_id}"
        assert "Keep as a snippet" in editor.get(path).text
        answer = editor.post(f"{path}/keeping", data={"network": "legal"}, follow_redirects=True)
        assert "Kept." in answer.text
    assert [one.kind for one in snippets(database)] == ["ask", "addressee"]
    assert "Keep as a snippet" not in editor.get("/cases/X-1/asks/new").text
    assert "Keep as a snippet" not in editor.get(f"/cases/X-1/people/{case.people[0].id}").text
    assert editor.post("/cases/X-1/asks/4711/keeping").status_code == 404


def test_a_kept_addressee_is_added_to_a_case(
    editor: FlaskClient, database: Database, network: Network
) -> None:
    with database.writing() as session:
        personas.case(session, "X-1", addressees=[])
    assert "Add an addressee from a snippet" not in editor.get("/cases/X-1").text
    snippet = addressee(database, network)
    assert "Add an addressee from a snippet" in editor.get("/cases/X-1").text
    path = "/cases/X-1/addressees/from-snippet"
    assert editor.post(path, data={"snippet": snippet.id}).status_code == 302
    with database.reading() as session:
        case = session.scalars(select(Case).where(Case.reference == "X-1")).one()
        assert [one.title for one in case.addressees] == ["Minister of Justice"]
    assert editor.post(path, data={"snippet": "nonsense"}).status_code == 404
    assert audited(database)[-1] == ("case.part_written", {"kind": "addressees"})
