"""The page for printing: who gets letters, the file itself, and the slips that come back."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.clock import now
from app.db import Database
from app.delivery.models import Delivery
from app.issues.models import Issue
from app.links import Links
from app.printing import choosing, codes, press
from app.reports.counting import issue_report
from app.responses.models import Response
from app.staff.models import AuditEntry, Staff
from tests import personas
from tests.printing.conftest import Mailed, suppress


def audited(database: Database) -> list[tuple[str, dict[str, Any]]]:
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.action, entry.detail) for entry in entries]


def said(database: Database) -> list[tuple[int, int, str, str]]:
    with database.reading() as session:
        rows = session.scalars(select(Response).order_by(Response.id))
        return [(row.delivery_id, row.offer_id, row.answer, row.channel) for row in rows]


def letters_of(client: FlaskClient, mailed: Mailed, *ids: int, **more: str) -> Any:
    form = {"delivery": list(ids), "both_sides": "y"} | more
    return client.post(f"/issues/{mailed.issue_id}/print", data=form)


def test_the_page_proposes_those_whom_no_mail_reaches(
    editor: FlaskClient, mailed: Mailed, database: Database
) -> None:
    with database.writing() as session:
        suppress(session, session.get_one(Delivery, mailed.got), "complained")
    page = editor.get(f"/issues/{mailed.issue_id}/print").text
    for delivery_id in (mailed.failed, mailed.back):
        assert f'value="{delivery_id}" checked' in page
        assert f"/issues/{mailed.issue_id}/responses/{delivery_id}" in page
    assert f'value="{mailed.got}">' in page  # who complained has to be chosen
    assert "complained about our mail" in page


def test_anybody_else_is_found_by_name(editor: FlaskClient, mailed: Mailed) -> None:
    page = editor.get(f"/issues/{mailed.issue_id}/print?text=quill").text
    assert "Ada Quill" in page
    assert "Bo Inkpen" not in page
    assert "Nobody found" in editor.get(f"/issues/{mailed.issue_id}/print?text=zz").text


def test_the_page_says_for_whom_nothing_can_be_printed(
    editor: FlaskClient, mailed: Mailed, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "without_row", lambda *_arguments: 3)
    page = editor.get(f"/issues/{mailed.issue_id}/print").text
    assert "3 more members get no mail and had no part in this issue" in page
    assert "has no postal address" not in page
    with database.writing() as session:
        mailed.issue(session).network.postal_address = ""
    page = editor.get(f"/issues/{mailed.issue_id}/print").text
    assert "has no postal address" in page


def test_when_mail_reached_everybody_it_says_so(
    editor: FlaskClient, mailed: Mailed, database: Database
) -> None:
    with database.writing() as session:
        for delivery_id in (mailed.failed, mailed.back):
            personas.resettle(session, session.get_one(Delivery, delivery_id), "sent")
    assert "Mail reached everybody" in editor.get(f"/issues/{mailed.issue_id}/print").text


def test_the_letters_of_those_chosen_are_one_file(
    editor: FlaskClient, mailed: Mailed, database: Database
) -> None:
    answer = letters_of(editor, mailed, mailed.failed, mailed.back)
    assert answer.status_code == 200
    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Type"] == "application/pdf"
    name = f"attachment; filename=letters-{mailed.issue_id}.pdf"
    assert answer.headers["Content-Disposition"] == name
    assert answer.headers["Cache-Control"] == "no-store"
    assert audited(database) == [("issue.printed", {"letters": 2})]


def test_what_is_printed_changes_nothing_that_is_counted(
    editor: FlaskClient, mailed: Mailed, database: Database
) -> None:
    def counted() -> Any:
        with database.reading() as session:
            report = issue_report(session, mailed.issue(session), now())
            return report.deliveries, report.total

    before = counted()
    letters_of(editor, mailed, mailed.failed)
    assert counted() == before


def test_no_transaction_is_held_while_letters_are_set(
    editor: FlaskClient, mailed: Mailed, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def setting(_values: object, *, anyway: bool) -> bytes:
        with database.writing() as session:  # which would wait, and fail
            session.get_one(Issue, mailed.issue_id).subject = "Written meanwhile"
        return b"%PDF-"

    monkeypatch.setattr(press, "pdf", setting)
    assert letters_of(editor, mailed, mailed.failed).status_code == 200


def test_nobody_chosen_or_too_many_print_nothing(
    editor: FlaskClient, mailed: Mailed, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert letters_of(editor, mailed).status_code == 422
    monkeypatch.setattr(choosing, "MOST", 1)
    assert letters_of(editor, mailed, mailed.failed, mailed.back).status_code == 422
    assert audited(database) == []


def test_characters_that_no_font_has_are_told_before_anything_is_printed(
    editor: FlaskClient, mailed: Mailed, database: Database
) -> None:
    with database.writing() as session:
        session.get_one(Delivery, mailed.failed).member.name = "Bo \U000f1234"
    answer = letters_of(editor, mailed, mailed.failed)
    assert answer.status_code == 422
    assert "This machine lacks fonts" in answer.text
    assert f'name="delivery" value="{mailed.failed}"' in answer.text
    assert audited(database) == []
    assert letters_of(editor, mailed, mailed.failed, anyway="y").data.startswith(b"%PDF-")


def test_the_page_tells_which_characters_of_the_issue_no_font_has(
    editor: FlaskClient, mailed: Mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = f"/issues/{mailed.issue_id}/print"
    assert "lacks fonts" not in editor.get(page).text
    monkeypatch.setattr(press, "lacking", lambda _data: ["漢"])
    assert "漢" in editor.get(page).text


def test_an_issue_that_has_not_gone_out_has_nothing_to_print(
    editor: FlaskClient, mailed: Mailed, database: Database
) -> None:
    with database.writing() as session:
        draft = personas.issue(session, mailed.issue(session).network, [])
    assert editor.get(f"/issues/{draft.id}/print").status_code == 409
    assert f"/issues/{mailed.issue_id}/print" in editor.get(f"/issues/{mailed.issue_id}").text


def test_a_network_that_is_not_theirs_does_not_exist(
    client: FlaskClient, mailed: Mailed, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        medical = personas.network(session, "medical")
    sign_in(client, "coordinator", [medical])
    assert client.get(f"/issues/{mailed.issue_id}/print").status_code == 404
    assert letters_of(client, mailed, mailed.failed).status_code == 404
    assert client.post(f"/issues/{mailed.issue_id}/slips").status_code == 404
    sign_in(client, "reviewer")
    assert client.get(f"/issues/{mailed.issue_id}/print").status_code == 403
    assert letters_of(client, mailed, mailed.failed).status_code == 403


def enter(client: FlaskClient, mailed: Mailed, code: str, answer: str = "done", **more: str) -> Any:
    """As a browser does: what is redirected with 307 is posted once more (RFC 9110 15.4.8)."""
    form = {"code": code, "answer": answer} | more
    page = client.post(f"/issues/{mailed.issue_id}/slips", data=form)
    if page.status_code == 307:
        page = client.post(page.headers["Location"], data=form, follow_redirects=True)
    return page


@pytest.mark.parametrize("as_typed", [str, str.lower, lambda code: code.replace("-", " ")])
def test_a_slip_is_entered_by_its_code_and_leads_to_the_member(
    editor: FlaskClient,
    mailed: Mailed,
    database: Database,
    links: Links,
    as_typed: Callable[[str], str],
) -> None:
    code = as_typed(codes.code(links, mailed.got, mailed.second_offer))
    page = enter(editor, mailed, code)
    assert page.status_code == 200
    assert page.request.path == f"/issues/{mailed.issue_id}/responses/{mailed.got}"
    assert "Recorded." in page.text
    assert said(database) == [(mailed.got, mailed.second_offer, "done", "staff")]
    assert audited(database) == [("response.entered", {"answer": "done"})]


def test_a_scanned_square_is_entered_too_and_a_promise_has_its_day(
    editor: FlaskClient, mailed: Mailed, database: Database, links: Links
) -> None:
    day = now().date().isoformat()
    link = links.answer_url(mailed.got, mailed.first_offer)
    assert enter(editor, mailed, link, "will_do", promised_for=day).status_code == 200
    assert said(database) == [(mailed.got, mailed.first_offer, "will_do", "staff")]
    with database.reading() as session:
        promised = session.scalars(select(Response.promised_for)).one()
        assert promised is not None and promised.isoformat() == day


def test_what_comes_back_on_paper_is_counted_where_the_mail_arrived(
    editor: FlaskClient, mailed: Mailed, database: Database, links: Links
) -> None:
    """And beside the rates where it did not: rates are of mail that was delivered."""
    with database.writing() as session:  # a mail that arrived before the address was stopped
        suppress(session, session.get_one(Delivery, mailed.got))
    for delivery_id in (mailed.got, mailed.failed, mailed.back):
        enter(editor, mailed, codes.code(links, delivery_id, mailed.first_offer))
    assert {channel for *_ids, channel in said(database)} == {"staff"}
    with database.reading() as session:
        first = issue_report(session, mailed.issue(session), now()).asks[0]
        assert first.acted == {mailed.got}
        assert first.outside == 2
        assert first.tally.delivered == 1


@pytest.mark.parametrize("code", ["", "1-1-AAAA-AAAA", "nonsense", "https://a.example/r/1.1.x"])
def test_a_code_that_is_not_ours_records_nothing(
    editor: FlaskClient, mailed: Mailed, database: Database, code: str
) -> None:
    page = enter(editor, mailed, code)
    assert page.status_code == 422
    assert "Code:" in page.text
    assert said(database) == []


def test_without_a_tick_nothing_is_recorded(
    editor: FlaskClient, mailed: Mailed, database: Database, links: Links
) -> None:
    code = codes.code(links, mailed.got, mailed.first_offer)
    for answer in ("", "verified"):
        assert enter(editor, mailed, code, answer).status_code == 422
    assert said(database) == []


def test_a_slip_of_another_issue_of_theirs_is_entered_there_and_a_foreign_one_nowhere(
    editor: FlaskClient, mailed: Mailed, database: Database, links: Links
) -> None:
    with database.writing() as session:
        network = mailed.issue(session).network
        medical = personas.network(session, "medical")
        personas.member(session, medical)
        rows = []
        for where in (network, medical):
            asked = personas.ask(session, personas.case(session))
            issue = personas.issue(session, where, [asked])
            rows.append((personas.delivered(session, issue)[0], issue.offers[0].id))
    (ours, our_offer), (foreign, their_offer) = rows
    page = enter(editor, mailed, codes.code(links, ours.id, our_offer))
    assert page.request.path == f"/issues/{ours.issue_id}/responses/{ours.id}"
    assert enter(editor, mailed, codes.code(links, foreign.id, their_offer)).status_code == 422
    assert enter(editor, mailed, codes.code(links, 10**6, 1)).status_code == 422
    assert [row[0] for row in said(database)] == [ours.id]


def test_no_code_and_no_name_is_logged(
    editor: FlaskClient, mailed: Mailed, links: Links, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = codes.code(links, mailed.got, mailed.first_offer)
    letters_of(editor, mailed, mailed.failed)
    enter(editor, mailed, code)
    enter(editor, mailed, code[:-1] + "0")
    for word in (code, "Inkpen", links.answer_url(mailed.failed, mailed.first_offer)):
        assert word not in caplog.text
