"""The page of a draft saves what was changed on it: by its button, and by itself."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.clock import now
from app.db import Database
from app.issues import arranging
from app.staff.models import Staff
from tests import personas
from tests.issues.conftest import BODY, Draft, add_picture
from tests.issues.desk import Desk

NASTY = (
    *("\nbegins with an empty line", "\n\n", " blanks ", "<b>&amp;</b>", "</textarea><script>x()"),
    *('" onfocus="x()', "{{name}} {% x %}", "a\n\n\nb", "مرحبا\u202e", "👩‍🚀", "\tx", "ends\n"),
)


@pytest.fixture
def other(client: FlaskClient, desk: Desk, sign_in: Callable[..., Staff], draft: Draft) -> Desk:
    """Somebody else, who opened the same page."""
    theirs = client.application.test_client()
    sign_in(theirs, "coordinator", [draft.issue.network])
    return Desk(theirs, desk.issue_id).open()


def text_of(draft: Draft) -> str:
    return f"block{draft.blocks[1].id}-body"


def test_what_was_typed_is_saved_and_shown(desk: Desk, draft: Draft) -> None:
    body = text_of(draft)
    answer = desk.press(changes={"subject": "A letter", body: "One.\nTwo."})
    assert answer.status_code == 303
    assert draft.issue.subject == "A letter"
    assert draft.said(1) == {"heading": "Heading", "body": "One.\nTwo."}
    assert desk.fields()["subject"] == desk.fields()["was:subject"] == "A letter"
    assert desk.fields()[body] == "One.\nTwo."


def test_a_page_that_is_saved_as_it_was_shown_changes_nothing(desk: Desk, draft: Draft) -> None:
    before = draft.issue.updated_at
    assert desk.press().status_code == 303
    assert (draft.issue.updated_at, draft.issue.changed_by) == (before, None)
    assert draft.audited() == []


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_words_come_back_as_they_were_typed(desk: Desk, draft: Draft, text: str) -> None:
    body = text_of(draft)
    desk.press(changes={body: text, "closing": text})
    assert (draft.said(1)["body"], draft.issue.closing) == (text, text)
    assert (desk.fields()[body], desk.fields()["was:closing"]) == (text, text)
    assert not desk.form.find("script")
    before = draft.issue.updated_at
    desk.press()
    assert draft.issue.updated_at == before


def test_of_two_people_on_different_fields_neither_notices_the_other(
    desk: Desk, other: Desk, draft: Draft
) -> None:
    assert other.press(changes={"subject": "Theirs"}).status_code == 303
    assert desk.press(changes={"preview": "Mine"}).status_code == 303
    assert (draft.issue.subject, draft.issue.preview) == ("Theirs", "Mine")


def test_a_clash_shows_both_saves_all_else_and_does_not_press_the_button(
    desk: Desk, other: Desk, draft: Draft
) -> None:
    body = text_of(draft)
    other.press(changes={body: "Their words"})
    answer = desk.press("add:text", {body: "My words", "subject": "Saved"})
    assert answer.status_code == 409
    assert "Theirs is saved: Their words" in desk.text
    assert (desk.fields()[body], desk.fields()[f"was:{body}"]) == ("My words", "Their words")
    assert (draft.said(1)["body"], draft.issue.subject) == ("Their words", "Saved")
    assert draft.kinds == ["case", "text"]
    assert desk.press("add:text").status_code == 303
    assert draft.said(1)["body"] == "My words"
    assert draft.kinds == ["case", "text", "text"]


def test_words_for_a_block_that_was_taken_out_are_shown_to_who_wrote_them(
    desk: Desk, other: Desk, draft: Draft
) -> None:
    body, block = text_of(draft), draft.blocks[1].id
    other.press(f"remove:{block}")
    answer = desk.press(changes={body: "So <many> words", "subject": "Saved"})
    assert answer.status_code == 409
    assert "taken out meanwhile. Your words were: So <many> words" in desk.text
    assert draft.issue.subject == "Saved"


def test_what_is_too_long_is_shown_to_be_shortened(desk: Desk, draft: Draft) -> None:
    long = "A subject " * 30
    answer = desk.press(changes={"subject": long, "preview": "Saved"})
    assert answer.status_code == 409
    assert "longer than 200 characters" in desk.text
    assert desk.fields()["subject"].strip() == long.strip()
    assert (draft.issue.subject, draft.issue.preview) == ("Two letters this month", "Saved")
    assert desk.press(changes={"subject": "Short"}).status_code == 303
    assert draft.issue.subject == "Short"


def test_an_issue_keeps_its_title(desk: Desk, draft: Draft) -> None:
    assert desk.press(changes={"title": ""}).status_code == 409
    assert "Give the issue a title" in desk.text
    assert draft.issue.title == "November"


def test_a_subject_of_two_lines_becomes_one(desk: Desk, draft: Draft) -> None:
    desk.press(changes={"subject": "a\nBcc: all@members.example"})
    assert draft.issue.subject == "a Bcc: all@members.example"


def test_the_longest_texts_of_any_script_can_be_sent(desk: Desk, draft: Draft) -> None:
    """In a form each letter of Arabic is six bytes, and each text stands there twice."""
    names = ["introduction", "closing", text_of(draft)]
    for letter in ("م", "ن"):
        answer = desk.press(changes=dict.fromkeys(names, letter * 20_000))
        assert answer.status_code == 303
    assert draft.issue.introduction == "ن" * 20_000


def test_a_scheduled_issue_is_refused(desk: Desk, draft: Draft) -> None:
    draft.change(lambda _session, issue: setattr(issue, "scheduled_for", now()))
    assert desk.press(changes={"subject": "Too late"}).status_code == 409
    assert "its words are fixed. Nothing was changed." in desk.text
    answer = desk.client.get(desk.address)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/issues/{desk.issue_id}")
    assert draft.issue.subject == "Two letters this month"


def test_a_page_that_saves_itself_is_refused_too(desk: Desk, draft: Draft) -> None:
    draft.change(lambda _session, issue: setattr(issue, "scheduled_for", now()))
    answer = desk.save_by_itself({"subject": "Too late"})
    assert answer.status_code == 409
    assert "its words are fixed" in answer.json["refused"]
    assert draft.issue.subject == "Two letters this month"


def test_a_page_that_saves_itself_is_told_what_became_of_each_field(
    desk: Desk, other: Desk, draft: Draft
) -> None:
    body, heading = text_of(draft), text_of(draft).replace("body", "heading")
    other.press(changes={body: BODY.replace("first", "1st"), "closing": "Theirs"})
    block = draft.blocks[0].id
    draft.change(lambda _s, issue: arranging.take_out(issue, issue.blocks[0], now()))
    mine = {body: BODY.replace("third", "3rd"), "closing": "Mine", heading: " New\nheading"}
    answer = desk.save_by_itself(mine | {"title": "", f"block{block}-note": "Lost?"})
    told = answer.json
    assert answer.status_code == 200
    merged = "The 1st line.\nThe second line.\nThe 3rd line."
    assert told["changed"] == {body: merged, heading: "New heading"}
    assert told["merged"] == [body]
    assert told["clashes"] == [{"field": "closing", "theirs": "Theirs", "mine": "Mine"}]
    assert told["gone"] == {f"block{block}-note": "Lost?"}
    assert list(told["problems"]) == ["title"]
    assert told["preview"] is None
    assert draft.said(0) == {"heading": "New heading", "body": merged}


def test_a_page_that_saves_itself_presses_no_button(desk: Desk, draft: Draft) -> None:
    answer = desk.save_by_itself({"subject": "Mine"}, do="add:text")
    assert answer.json["changed"] == {"subject": "Mine"}
    assert draft.kinds == ["case", "text"]


def test_a_page_that_saves_itself_is_shown_what_it_wrote(desk: Desk, draft: Draft) -> None:
    words = {"closing": "Kind regards, {{name|colleague}}", "preview": "Short."}
    shown = desk.save_by_itself(words, seen_by="nameless", theme="dark").json["preview"]
    assert shown["subject"] == "Two letters this month"
    assert shown["line"] == "Short."
    assert "Kind regards, colleague" in shown["html"]
    assert "Kind regards, colleague" in shown["text"]
    assert "@media all" in shown["html"]


def test_words_that_cannot_be_mailed_yet_are_saved_all_the_same(desk: Desk, draft: Draft) -> None:
    sly = "[me](https://x.example/{{name}})"
    answer = desk.save_by_itself({"closing": sly}, seen_by="nameless")
    assert "inside the address of a link" in answer.json["preview"]["problem"]
    assert draft.issue.closing == sly


@pytest.mark.parametrize("who", ["999", "99999999999999", "nobody", "-1"])
def test_words_are_saved_though_who_would_see_them_left(desk: Desk, draft: Draft, who: str) -> None:
    answer = desk.save_by_itself({"subject": "Kept"}, seen_by=who)
    assert answer.status_code == 200
    assert answer.json["preview"]["problem"]
    assert draft.issue.subject == "Kept"


def test_the_audit_trail_names_who_and_the_fields_and_no_word(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff], draft: Draft, desk: Desk
) -> None:
    writer = sign_in(client, "admin")
    body = text_of(draft)
    desk.press(changes={"subject": "Secret subject", body: "Secret body"})
    desk.save_by_itself({"closing": "Secret closing"})
    desk.press(f"up:{draft.blocks[1].id}")
    assert draft.audited() == [
        ("issue.rewritten", {"fields": [body, "subject"]}),
        ("issue.rewritten", {"fields": ["closing"]}),
        ("issue.arranged", {"did": "up"}),
    ]
    assert draft.issue.changed_by == writer.id


def test_a_picture_of_the_library_is_chosen_and_taken_away_again(
    desk: Desk, draft: Draft, database: Database
) -> None:
    with database.writing() as session:
        mine = add_picture(session, draft.issue.network_id)
        theirs = add_picture(session, personas.network(session, "medical").id)
    desk.press("add:picture")
    field = f"block{draft.blocks[2].id}-picture"
    assert desk.press(changes={field: str(mine.id)}).status_code == 303
    assert draft.blocks[2].picture_id == mine.id
    assert desk.fields()[field] == str(mine.id)
    desk.press(changes={field: str(theirs.id)})
    assert draft.blocks[2].picture_id == mine.id
    assert desk.open().press(changes={field: ""}).status_code == 303
    assert draft.blocks[2].picture_id is None
