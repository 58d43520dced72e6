"""Issues on the web: who may read them, what stands there, and what never does."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases.models import Ask
from app.clock import now
from app.db import Database
from app.issues.models import Archived, Issue, Offer
from app.links import Links, Purpose
from app.networks.models import Network
from app.staff.models import AuditEntry, Staff
from tests import personas
from tests.archive.conftest import Archive, frozen

TOKEN = re.compile(r"[0-9a-z]{1,13}\.[a-z2-7]{24}")


def read(page: str) -> str:
    """As a person reads it."""
    return " ".join(BeautifulSoup(page, "html.parser").get_text(" ").split())


def test_nobody_reads_an_issue_before_staff_say_so(client: FlaskClient, archive: Archive) -> None:
    assert client.get(archive.path).status_code == 404
    assert client.get("/archive/legal/").status_code == 404
    assert client.get(archive.by_link).status_code == 410


def test_members_read_it_by_its_link_alone(client: FlaskClient, archive: Archive) -> None:
    archive.open_to(Archived.MEMBERS)
    assert "Mira Solenne" in client.get(archive.by_link).text
    assert client.get(archive.path).status_code == 404
    assert client.get("/archive/legal/").status_code == 404
    archive.open_to(Archived.NONE)
    page = client.get(archive.by_link)
    assert page.status_code == 410
    assert "closed it" in page.text
    assert "Mira" not in page.text


def test_everybody_reads_a_public_one_and_finds_it_in_the_list(
    client: FlaskClient, archive: Archive
) -> None:
    archive.open_to(Archived.PUBLIC)
    assert "Mira Solenne" in client.get(archive.path).text
    assert "Mira Solenne" in client.get(archive.by_link).text
    assert f'href="{archive.path}"' in client.get("/archive/legal/").text


def test_the_list_has_public_issues_of_its_network_alone(
    client: FlaskClient, archive: Archive, database: Database
) -> None:
    archive.open_to(Archived.PUBLIC)
    with database.writing() as session:
        network = session.scalars(select(Network)).one()
        medical = personas.network(session, "medical")
        personas.issue(session, network, [], title="A draft", archive="public")
        for where, title, who in (
            (network, "For members", "members"),
            (medical, "Of doctors", "public"),
        ):
            personas.delivered(
                session, personas.issue(session, where, [], title=title, archive=who)
            )
    page = client.get("/archive/legal/").text
    assert "November" in page
    for title in ("A draft", "For members", "Of doctors"):
        assert title not in page
    assert client.get(archive.path.replace("legal", "medical")).status_code == 404
    assert client.get("/archive/nowhere/").status_code == 404


def test_a_draft_has_no_page_whatever_its_setting(
    client: FlaskClient, database: Database, links: Links
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        issue = personas.issue(session, network, [], archive="public")
    assert client.get(f"/archive/legal/{issue.id}").status_code == 404
    assert client.get(links.archive_url(issue.id)).status_code == 410


def test_it_stands_there_as_it_was_mailed_to_nobody_in_particular(
    client: FlaskClient, archive: Archive
) -> None:
    archive.open_to(Archived.PUBLIC)
    archive.change_case(summary="Something else.")
    page = client.get(archive.path).text
    text = read(page)
    assert "Dear colleague," in text
    assert "was arrested at her office" in text
    assert "Something else" not in text
    assert "Lena Ilmari is free ." in text
    assert "Osric Vane" in text
    assert "Members of this network answer by the link in their mail." in text


def test_it_names_no_member_no_sender_and_holds_no_token_and_no_form(
    client: FlaskClient, archive: Archive
) -> None:
    archive.open_to(Archived.PUBLIC)
    for path in (archive.path, archive.by_link, "/archive/legal/"):
        answer = client.get(path)
        for word in ("Ada", "Quill", "Ilse Marrow", "/r/", "/u/", "<form", "csrf"):
            assert word not in answer.text, (path, word)
        assert not TOKEN.search(answer.text), path
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert 'content="noindex' in answer.text
        assert "Set-Cookie" not in answer.headers


def test_no_other_site_is_told_who_reads_it(client: FlaskClient, archive: Archive) -> None:
    archive.open_to(Archived.PUBLIC)
    page = client.get(archive.path).text
    assert "elsewhere.example" not in page
    assert "[Picture: a chart]" in page


def test_asks_for_some_stand_under_a_heading_that_says_for_whom(
    client: FlaskClient, archive: Archive
) -> None:
    archive.open_to(Archived.PUBLIC)
    soup = BeautifulSoup(client.get(archive.path).text, "html.parser")
    found = [
        (one.name, " ".join(one.get_text().split())) for one in soup.find_all(re.compile("h[1-6]"))
    ]
    assert found == [
        ("h1", "November"),
        ("h2", "Mira Solenne"),
        ("h3", "Write to the Minister of Justice and ask for her release."),
        ("h3", "Asked of members in: Medical"),
        ("h4", "Examine her."),
        ("h3", "Asked of some members"),
        ("h4", "Ask your minister."),
        ("h2", "Osk Venn"),
        ("h3", "Call the prosecutor."),
        ("h2", "Good news"),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "stopped"}, "nobody acts any more"),
        ({"status": "closed"}, "closed"),
        ({"sensitivity": "restricted"}, "not for publication"),
        ({"sensitivity": "confidential"}, "not for publication"),
    ],
    ids=str,
)
@pytest.mark.parametrize("who", [Archived.PUBLIC, Archived.MEMBERS])
def test_a_case_that_must_not_be_shown_leaves_one_plain_sentence(
    client: FlaskClient, archive: Archive, change: dict[str, str], said: str, who: Archived
) -> None:
    archive.open_to(who)
    archive.change_case(**change)
    page = client.get(archive.by_link).text
    assert said in page
    for word in ("Mira", "Solenne", "her release", "Examine", "arrested"):
        assert word not in page, word
    assert "Osk Venn" in page


def test_a_case_that_was_restricted_when_it_was_mailed_stays_out(
    client: FlaskClient, database: Database, links: Links
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        personas.member(session, network)
        case = personas.case(session, sensitivity="restricted")
        issue = personas.issue(session, network, [personas.ask(session, case)], archive="public")
        frozen(session, issue)
        case.sensitivity = "public"
    page = client.get(links.archive_url(issue.id)).text
    assert "not for publication" in page
    assert "Mira" not in page


def test_an_ask_that_was_withdrawn_or_is_over_says_so(
    client: FlaskClient, archive: Archive, database: Database
) -> None:
    archive.open_to(Archived.PUBLIC)
    with database.writing() as session:
        first, second = session.scalars(select(Ask).order_by(Ask.id).limit(2))
        first.withdrawn_at = now()
        offer = session.scalars(select(Offer).where(Offer.ask_id == second.id)).one()
        offer.closes_at = now() - timedelta(days=1)
    text = read(client.get(archive.path).text)
    assert "This ask was withdrawn" in text
    assert "Be brief." not in text
    assert "The time for this ask is over." in text


def test_an_issue_from_right_to_left_says_so(
    client: FlaskClient, database: Database, links: Links
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        personas.member(session, network)
        case = personas.case(session, title="ميرا سولين")
        asks = [personas.ask(session, case, headline="اكتبوا")]
        issue = personas.issue(session, network, asks, language="ar", archive="public")
        frozen(session, issue)
    soup = BeautifulSoup(client.get(links.archive_url(issue.id)).text, "html.parser")
    article = soup.article
    assert article is not None
    assert (article["lang"], article["dir"]) == ("ar", "rtl")
    assert soup.html is not None and soup.html["lang"] == "en"


NASTY = '<script>alert(1)</script>{{ 7*7 }}{% x %}" onload="x'


def test_whatever_people_wrote_is_text(
    client: FlaskClient, database: Database, links: Links
) -> None:
    with database.writing() as session:
        network = personas.network(session, name=NASTY)
        personas.member(session, network)
        case = personas.case(session, title=NASTY, place=NASTY, summary=NASTY, wishes=NASTY)
        words: dict[str, Any] = dict.fromkeys(
            ("headline", "why", "instructions", "model_text"), NASTY
        )
        asks = [personas.ask(session, case, **words)]
        issue = personas.issue(
            session, network, asks, title=NASTY, introduction=NASTY, archive="public"
        )
        personas.delivered(session, issue)
    page = client.get(links.archive_url(issue.id)).text
    soup = BeautifulSoup(page, "html.parser")
    assert not soup.find_all("script")
    assert not [tag for tag in soup.find_all(True) if tag.has_attr("onload")]
    assert soup.h1 is not None and soup.h1.get_text() == NASTY


@pytest.mark.parametrize("damage", ["x", "{}x", "a{}"])
def test_a_link_that_is_not_ours_opens_nothing(
    client: FlaskClient, archive: Archive, links: Links, damage: str
) -> None:
    archive.open_to(Archived.MEMBERS)
    token = damage.format(links.sign(Purpose.ARCHIVE, archive.issue_id))
    assert client.get(f"/a/{token}").status_code in (400, 404)
    other = links.sign(Purpose.ANSWER, archive.issue_id)
    assert client.get(f"/a/{other}").status_code == 404
    assert client.get(archive.by_link.upper().replace("/A/", "/a/")).status_code == 200


def test_who_asks_too_often_waits(
    app: Flask, client: FlaskClient, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    services = app.extensions["docket"]
    limited = replace(services.settings, public_limit="2 per minute")
    monkeypatch.setitem(app.extensions, "docket", replace(services, settings=limited))
    got = [client.get(archive.path).status_code for _time in range(3)]
    assert got == [404, 404, 429]


def audited(database: Database) -> list[tuple[str, dict[str, Any]]]:
    with database.reading() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "issue.archived").order_by(AuditEntry.id)
        )
        return [(entry.action, entry.detail) for entry in entries]


def test_staff_choose_who_may_read_it_and_find_its_address(
    editor: FlaskClient, archive: Archive, database: Database
) -> None:
    page = f"/issues/{archive.issue_id}"
    choice = f"{page}/archive"
    assert "Who may read this issue?" in editor.get(page).text
    assert editor.post(choice, data={"readers": "members"}).status_code == 302
    shown = editor.get(page).text
    assert archive.by_link in shown
    assert "Whoever has its link can read it now." in shown
    editor.post(choice, data={"readers": "members"})  # nothing new
    editor.post(choice, data={"readers": "public"})
    assert f"https://docket.example.org{archive.path}" in editor.get(page).text
    editor.post(choice, data={"readers": "none"})
    assert "Its page, to share" not in editor.get(page).text
    readers = ["members", "public", "none"]
    assert audited(database) == [("issue.archived", {"readers": who}) for who in readers]


def test_nonsense_and_an_issue_that_has_not_gone_out_change_nothing(
    editor: FlaskClient, archive: Archive, database: Database
) -> None:
    assert editor.post(f"/issues/{archive.issue_id}/archive", data={}).status_code == 422
    wrong = {"readers": "all"}
    assert editor.post(f"/issues/{archive.issue_id}/archive", data=wrong).status_code == 422
    with database.writing() as session:
        network = session.scalars(select(Network)).one()
        draft = personas.issue(session, network, [])
    choice = {"readers": "public"}
    assert editor.post(f"/issues/{draft.id}/archive", data=choice).status_code == 409
    with database.reading() as session:
        assert set(session.scalars(select(Issue.archive))) == {"none"}


def test_an_issue_of_a_network_that_is_not_theirs_does_not_exist(
    client: FlaskClient, archive: Archive, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        medical = personas.network(session, "medical")
    sign_in(client, "coordinator", [medical])
    choice = {"readers": "public"}
    assert client.post(f"/issues/{archive.issue_id}/archive", data=choice).status_code == 404
    sign_in(client, "reviewer")
    assert client.post(f"/issues/{archive.issue_id}/archive", data=choice).status_code == 403


def test_staff_are_told_of_what_they_may_not_expect(
    editor: FlaskClient, archive: Archive, database: Database
) -> None:
    page = f"/issues/{archive.issue_id}"
    assert "are left out" not in editor.get(page).text
    archive.change_case(status="stopped", updated_at=now() + timedelta(minutes=1))
    shown = editor.get(page).text
    assert "are left out" in shown
    assert "Changed after it was mailed, and shown as it was then: Mira Solenne." in shown
    with database.writing() as session:
        network = session.scalars(select(Network)).one()
        old = personas.issue(session, network, [])
        personas.delivered(session, old)
    assert "before Docket kept the words" in editor.get(f"/issues/{old.id}").text
