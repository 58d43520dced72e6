"""A draft as those see it whom a mail fits badly, and as its members do."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.issues.editing import offer_asks
from app.issues.models import BlockKind, Issue
from app.issues.preview import PERSONAS
from app.issues.preview_routes import THEMES
from app.staff.models import Staff
from tests import personas
from tests.issues.conftest import Draft, add_block
from tests.issues.desk import Desk

LONGEST = "Maximiliana-Theodora von Hohenlangenfels-Wittelsbruck"


@pytest.fixture
def file(desk: Desk) -> Callable[..., Any]:
    """file("nameless", "txt", theme="dark") is the answer."""

    def file(who: str, form: str = "html", **asked: str) -> Any:
        path = f"/issues/{desk.issue_id}/preview/{who}.{form}"
        return desk.client.get(path, query_string=asked)

    return file


def ask_everybody(draft: Draft) -> None:
    """One more ask, that is for all."""

    def change(session: Session, issue: Issue) -> None:
        case = issue.cases[0]
        personas.ask(session, case, "all", headline="Tell a colleague.")
        offer_asks(session, issue, case, [ask.id for ask in case.asks], now())

    draft.change(change)


@pytest.mark.parametrize("form", ["html", "txt", "eml"])
@pytest.mark.parametrize("who", PERSONAS)
def test_each_of_the_hard_ones_sees_the_issue(
    file: Callable[..., Any], who: str, form: str
) -> None:
    answer = file(who, form)
    assert answer.status_code == 200
    assert "Thank you for reading." in answer.text
    kinds = {"html": "text/html", "txt": "text/plain", "eml": "message/rfc822"}
    assert answer.mimetype == kinds[form]


def test_the_hard_ones_get_what_makes_them_hard(file: Callable[..., Any], draft: Draft) -> None:
    ask_everybody(draft)
    shown = {who: file(who, "txt").text for who in PERSONAS}
    assert {who for who, text in shown.items() if "Visit him." in text} == {*PERSONAS} - {
        "sectorless"
    }
    assert all("Tell a colleague." in text for text in shown.values())
    for who in ("everything", "nameless", "sectorless", "rtl"):
        assert "Dear colleague," in shown[who]
    assert "Dear Ada Quill," in shown["longest"]
    assert 'dir="rtl"' in file("rtl").text
    assert 'dir="ltr"' in file("nameless").text


def test_the_longest_name_is_that_of_a_member(
    file: Callable[..., Any], draft: Draft, database: Database
) -> None:
    with database.writing() as session:
        personas.member(session, session.merge(draft.issue.network), "Bartholomea Quillfeather")
    assert "Dear Bartholomea Quillfeather," in file("longest", "txt").text


def test_words_in_another_language_are_shown_to_who_reads_it(
    file: Callable[..., Any], draft: Draft
) -> None:
    def change(session: Session, issue: Issue) -> None:
        block = add_block(session, issue, "text", heading="Only English", body="English")
        block.words = block.words | {"ar": {"body": "عربي"}}

    draft.change(change)
    shown = file("rtl", "txt").text
    assert "عربي" in shown and "Only English" in shown
    assert "عربي" not in file("nameless", "txt").text


def test_a_member_sees_what_is_meant_for_them(file: Callable[..., Any], desk: Desk) -> None:
    members = {o.text: str(o["value"]) for o in desk.page.select("#who optgroup option")}
    doctor = file(members["Cy Marl"], "txt").text
    assert "Dear Cy Marl," in doctor and "Visit him." in doctor
    assert "Visit him." not in file(members["Ada Quill"], "txt").text


@pytest.mark.parametrize("who", ["999", "nobody", "9" * 30, "..", "EVERYTHING", "²"])
@pytest.mark.parametrize("form", ["html", "eml"])
def test_who_does_not_get_it_has_no_preview(file: Callable[..., Any], who: str, form: str) -> None:
    assert file(who, form).status_code == 404


def test_of_another_form_there_is_none(file: Callable[..., Any]) -> None:
    assert file("nameless", "pdf").status_code == 404


def test_a_member_of_another_network_has_no_preview(
    file: Callable[..., Any], database: Database
) -> None:
    with database.writing() as session:
        stranger = personas.member(session, personas.network(session, "medical"), "Stranger")
    assert file(str(stranger.id)).status_code == 404


def test_light_and_dark_are_what_they_say_whatever_the_system_has(
    file: Callable[..., Any],
) -> None:
    as_it_is = file("nameless").text
    assert as_it_is.count("@media (prefers-color-scheme: dark)") == 1
    for theme, media in (("dark", "@media all"), ("light", "@media not all")):
        shown = file("nameless", theme=theme).text
        assert media in shown
        assert "prefers-color-scheme" not in shown
        assert shown == as_it_is.replace("@media (prefers-color-scheme: dark)", media)
    assert file("nameless", theme="other").text == as_it_is
    assert set(THEMES) == {"light", "dark"}


def test_a_mail_in_a_frame_runs_submits_and_navigates_nothing(file: Callable[..., Any]) -> None:
    policy = file("nameless").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "form-action 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    sandbox = next(part for part in policy.split("; ") if part.startswith("sandbox"))
    assert "allow-scripts" not in sandbox
    assert "allow-top-navigation" not in sandbox
    assert "allow-forms" not in sandbox


def test_the_frame_on_the_desk_is_a_sandbox_too(desk: Desk, file: Callable[..., Any]) -> None:
    frame = desk.page.find("iframe")
    assert frame is not None
    assert "allow-scripts" not in str(frame["sandbox"])
    assert desk.client.get(str(frame["src"])).status_code == 200


def test_links_of_a_preview_lead_where_nothing_is_recorded(file: Callable[..., Any]) -> None:
    page = BeautifulSoup(file("everything").text, "html.parser")
    ours = {str(a["href"]) for a in page.find_all("a") if "docket.example.org" in str(a["href"])}
    assert ours == {"https://docket.example.org/preview"}


def test_the_source_of_the_mail_is_kept_as_a_file(file: Callable[..., Any], desk: Desk) -> None:
    answer = file("nameless", "eml")
    assert (
        answer.headers["Content-Disposition"] == f"attachment; filename=issue-{desk.issue_id}.eml"
    )
    assert answer.data.startswith(b"From:")


def test_what_keeps_a_mail_from_being_made_is_shown_where_it_would_be(
    desk: Desk, file: Callable[..., Any]
) -> None:
    desk.press(changes={"closing": "[me](https://x.example/{{name}})"})
    answer = file("nameless")
    assert answer.status_code == 409
    assert "cannot stand inside the address of a link" in answer.text
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    page = desk.client.get(f"/issues/{desk.issue_id}/preview")
    assert page.status_code == 200
    assert "The issue cannot be composed yet" in page.text


def test_a_draft_is_seen_long_before_it_can_be_sent(desk: Desk, file: Callable[..., Any]) -> None:
    for kind in BlockKind:
        if kind is not BlockKind.CASE:
            desk.press(f"add:{kind}")
    desk.press(changes={"subject": "", "greeting": "", "closing": "![](https://x.example/y.png)"})
    for who in PERSONAS:
        assert file(who).status_code == file(who, "txt").status_code == 200


def test_a_link_that_is_none_leads_nowhere_in_a_preview(
    file: Callable[..., Any], draft: Draft
) -> None:
    draft.change(lambda s, i: add_block(s, i, "event", body="B", address="javascript:x()"))
    for form in ("html", "txt", "eml"):
        answer = file("nameless", form)
        assert answer.status_code == 200
        assert "javascript" not in answer.text


def test_the_page_of_a_preview_shows_whom_it_is_for_and_how(desk: Desk) -> None:
    page = desk.client.get(f"/issues/{desk.issue_id}/preview?member=sectorless&theme=dark")
    soup = BeautifulSoup(page.text, "html.parser")
    chosen = [str(option["value"]) for option in soup.find_all("option", selected=True)]
    assert chosen == ["sectorless", "dark"]
    assert "Two letters this month" in soup.text
    frame = soup.find("iframe")
    assert frame is not None
    assert str(frame["src"]).endswith("/preview/sectorless.html?theme=dark")
    assert desk.client.get(str(frame["src"])).status_code == 200
    first = desk.client.get(f"/issues/{desk.issue_id}/preview?member=nonsense").text
    assert "Dear Ada Quill," in first


def test_an_issue_of_a_network_without_members_can_be_seen(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        issue = personas.issue(session, personas.network(session), [])
    sign_in(client, "admin")
    assert "Dear colleague," in client.get(f"/issues/{issue.id}/preview").text
    assert f"Dear {LONGEST}," in client.get(f"/issues/{issue.id}/preview/longest.txt").text
