"""The page of a draft without script: its one form and its buttons do all of it."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.clock import now
from app.db import Database
from app.issues.models import BlockKind
from app.staff.models import Staff
from tests import personas
from tests.issues.conftest import Draft, catalogue_ask
from tests.issues.desk import WAS, Desk

OTHERS = [kind for kind in BlockKind if kind != BlockKind.CASE]


def ids(draft: Draft) -> list[int]:
    return [block.id for block in draft.blocks]


def test_every_field_says_what_it_held(desk: Desk) -> None:
    for kind in OTHERS:
        desk.press(f"add:{kind}")
    fields = desk.fields()
    was = {name for name in fields if name.startswith(WAS)}
    apart = {name for name in fields if name in ("csrf_token", "find") or name.startswith("note-")}
    assert {name.removeprefix(WAS) for name in was} == fields.keys() - was - apart
    assert all(fields[name] == fields[name.removeprefix(WAS)] for name in was)


def test_every_field_has_a_label_of_its_own(desk: Desk) -> None:
    for kind in OTHERS:
        desk.press(f"add:{kind}")
    found = [str(one["id"]) for one in desk.page.find_all(id=True)]
    assert len(found) == len(set(found))
    labels = {str(one["for"]) for one in desk.form.find_all("label", attrs={"for": True})}
    named = {n for n in desk.fields() if not n.startswith(WAS) and n != "csrf_token"}
    assert named == labels


@pytest.mark.parametrize("kind", OTHERS)
def test_a_block_is_added_looked_at_and_written(desk: Desk, draft: Draft, kind: str) -> None:
    answer = desk.press(f"add:{kind}", {"subject": "Not lost"})
    block = draft.blocks[2]
    assert (block.kind, draft.issue.subject) == (kind, "Not lost")
    assert f"at={block.id}#block-{block.id}" in answer.headers["Location"]
    assert desk.page.find(id=f"block-{block.id}")
    written = [name for name in desk.fields() if name.startswith(f"block{block.id}-")]
    words = {name: "https://x.example" for name in written if not name.endswith("picture")}
    desk.press(changes=words)
    assert {f"block{block.id}-{name}" for name in draft.said(2)} == set(words)


def test_a_case_is_found_added_and_stands_there(
    desk: Desk, draft: Draft, database: Database
) -> None:
    with database.writing() as session:
        for title in ("Tomas Wren", "Ines Carrow"):
            other = personas.case(session, title=title)
            personas.ask(session, other, title, sectors=["legal"])
    answer = desk.press("find", {"find": "wren", "closing": "Not lost"})
    assert "find=wren" in answer.headers["Location"]
    assert desk.fields()["find"] == "wren"
    adding = [do for do in desk.buttons() if do.startswith("add-case:")]
    assert len(adding) == 1
    desk.press(adding[0])
    assert [case.title for case in draft.issue.cases] == ["Mira Solenne", "Tomas Wren"]
    assert draft.asks == ["letter", "visit", "Tomas Wren"]
    assert draft.issue.closing == "Not lost"


def test_blocks_move_up_and_down_and_no_further(desk: Desk, draft: Draft) -> None:
    case, text = ids(draft)
    assert f"up:{case}" not in desk.buttons()
    assert f"down:{text}" not in desk.buttons()
    answer = desk.press(f"down:{case}", {f"block{text}-heading": "Not lost"})
    assert answer.headers["Location"].endswith(f"#block-{case}")
    assert draft.kinds == ["text", "case"]
    assert draft.said(0)["heading"] == "Not lost"
    desk.press(f"up:{case}")
    assert draft.kinds == ["case", "text"]


def test_a_block_is_dropped_at_a_place(desk: Desk, draft: Draft) -> None:
    desk.press("add:event")
    event = ids(draft)[2]
    assert desk.send(f"place:{event}:0").status_code == 303
    assert draft.kinds == ["event", "case", "text"]
    desk.send(f"place:{event}:1")
    assert draft.kinds == ["case", "event", "text"]


def test_a_block_is_taken_out_and_put_back_by_the_next_page(desk: Desk, draft: Draft) -> None:
    case = ids(draft)[0]
    desk.press(f"remove:{case}")
    assert (draft.kinds, draft.asks) == (["text"], [])
    assert "Taken out: Mira Solenne." in desk.text
    desk.press(f"back:{case}")
    assert (draft.kinds, draft.asks) == (["case", "text"], ["letter", "visit"])
    assert "It is back where it stood." in desk.text
    assert f"back:{case}" not in desk.buttons()


def test_a_block_is_doubled_and_a_case_is_not(desk: Desk, draft: Draft) -> None:
    case, text = ids(draft)
    assert f"double:{case}" not in desk.buttons()
    desk.press(f"double:{text}", {f"block{text}-heading": "Twice"})
    assert [draft.said(1)["heading"], draft.said(2)["heading"]] == ["Twice", "Twice"]
    desk.send(f"double:{case}")
    assert "A case stands in an issue once." in desk.text
    assert draft.kinds == ["case", "text", "text"]


def test_numbers_are_counted_again(desk: Desk, draft: Draft, database: Database) -> None:
    desk.press("add:thanks")
    assert "No earlier issue reached anybody" in desk.text
    thanks = draft.blocks[2]
    with database.writing() as session:
        network = session.merge(draft.issue.network)
        asked = personas.ask(session, personas.case(session))
        personas.delivered(session, personas.issue(session, network, [asked]))
    desk.press(f"count:{thanks.id}")
    assert draft.blocks[2].record["reached"] == 3
    assert "0 of 3 members acted on the last issue" in desk.text


def test_asks_are_taken_out_of_the_grid_and_put_in(desk: Desk, draft: Draft) -> None:
    case = draft.issue.cases[0].id
    [letter, visit] = [offer.ask_id for offer in draft.issue.offers]
    answer = desk.press(f"withhold:{case}:{letter}", {"subject": "Not lost"})
    assert answer.headers["Location"].endswith("#asks")
    assert (draft.asks, draft.issue.subject) == (["visit"], "Not lost")
    assert "No ask" in desk.text
    desk.press(f"offer:{case}:{letter}")
    assert draft.asks == ["letter", "visit"]
    desk.press(f"withhold:{case}:{visit}")
    assert draft.asks == ["letter"]


def test_an_entry_of_the_catalogue_is_taken_for_its_sector(
    desk: Desk, draft: Draft, database: Database
) -> None:
    with database.writing() as session:
        entry = catalogue_ask(session, "medical", "care")
    case = draft.issue.cases[0].id
    desk.open().press(f"take:{case}:{entry.id}")
    assert draft.asks == ["letter", "visit", "medical.care"]
    assert draft.issue.offers[2].ask.sectors == ["medical"]
    assert "care for Mira Solenne" in desk.text
    desk.send(f"take:{case}:{entry.id}")
    assert draft.asks == ["letter", "visit", "medical.care"]


def test_gaps_are_filled_at_once(desk: Desk, draft: Draft, database: Database) -> None:
    with database.writing() as session:
        catalogue_ask(session, "legal", "first")
        catalogue_ask(session, "medical", "care")
    assert "fill" not in desk.open().buttons()
    case = draft.issue.cases[0].id
    for offer in draft.issue.offers:
        desk.press(f"withhold:{case}:{offer.ask_id}")
    assert "Fill 2 empty places from the catalogue" in desk.text
    desk.press("fill", {"subject": "Not lost"})
    assert "2 asks were taken from the catalogue." in desk.text
    assert (draft.asks, draft.issue.subject) == (["legal.first", "medical.care"], "Not lost")


NO_BUTTONS = (
    *("nothing", "up", "up:", "up:x", "up:-1", "up:1:2:x", "add:", "add:case", "add:x", "place"),
    *("add-case", "add-case:", "add-case:x", "offer", "offer:", "offer:1", "withhold:1", "take"),
    *("take:1", "take:1:x", "back", "back:", "remove:", "double", "count:x", "offer:x:1", "up:²"),
    *("place:1:x", "add-case:99999999999", "up:" + "9" * 5000),
)


@pytest.mark.parametrize("do", NO_BUTTONS, ids=lambda do: do[:24])
def test_what_no_button_sends_changes_nothing(desk: Desk, draft: Draft, do: str) -> None:
    assert desk.send(do, {"subject": "Not lost"}).status_code == 303
    assert "this page does not know that button" in desk.text
    assert draft.issue.subject == "Not lost"
    assert (draft.kinds, draft.asks) == (["case", "text"], ["letter", "visit"])


GONE = (
    *("up:9999999999", "back:9999999999", "remove:77", "double:77", "count:77", "place:77:0"),
    *("add-case:77", "add-case:9999999999", "offer:77:1", "withhold:77:1", "take:77:1"),
)


@pytest.mark.parametrize("do", GONE)
def test_what_is_not_there_any_more_is_said(desk: Desk, draft: Draft, do: str) -> None:
    assert desk.send(do, {"subject": "Not lost"}).status_code == 303
    assert re.search("not there any more|does not (stand|exist)", desk.text)
    assert draft.issue.subject == "Not lost"
    assert (draft.kinds, draft.asks) == (["case", "text"], ["letter", "visit"])


def test_of_another_case_no_ask_is_put_in(desk: Desk, draft: Draft, database: Database) -> None:
    with database.writing() as session:
        other = personas.case(session)
        foreign = personas.ask(session, other, "foreign")
    case = draft.issue.cases[0].id
    desk.send(f"offer:{case}:{foreign.id}")
    desk.send(f"take:{case}:9999999999")
    assert "This entry of the catalogue is not there any more." in desk.text
    desk.send(f"offer:{other.id}:{foreign.id}")
    assert "This case does not stand in the issue." in desk.text
    assert draft.asks == ["letter", "visit"]


def test_a_confidential_case_is_not_put_in(desk: Desk, draft: Draft, database: Database) -> None:
    with database.writing() as session:
        hidden = personas.case(session, title="Hidden", sensitivity="confidential")
    assert "Hidden" not in desk.open().text
    desk.send(f"add-case:{hidden.id}")
    assert "does not exist or is not for newsletters" in desk.text
    assert draft.kinds == ["case", "text"]


def test_words_are_kept_though_a_button_cannot_be_pressed_any_more(
    desk: Desk, draft: Draft, database: Database
) -> None:
    with database.writing() as session:
        other = personas.case(session, title="Tomas Wren")
    desk.open()
    Desk(desk.client, desk.issue_id).open().press(f"add-case:{other.id}")
    desk.press(f"add-case:{other.id}", {"subject": "Not lost"})
    assert "stands in the issue already" in desk.text
    assert (draft.issue.subject, draft.kinds) == ("Not lost", ["case", "text", "case"])
    assert [detail for action, detail in draft.audited() if action == "issue.arranged"] == [
        {"did": "add-case"}
    ]


@pytest.mark.parametrize("do", ["add:text", "fill", "save", "find"])
def test_no_button_works_on_a_scheduled_issue(desk: Desk, draft: Draft, do: str) -> None:
    draft.change(lambda _session, issue: setattr(issue, "scheduled_for", now()))
    assert desk.send(do).status_code == 409
    assert draft.kinds == ["case", "text"]
    assert draft.audited() == []


def test_parts_of_the_page_come_alone(desk: Desk, database: Database) -> None:
    with database.writing() as session:
        personas.case(session, title="Tomas Wren", sectors=["legal"])
        personas.case(session, title="Ines Carrow")
    part = desk.client.get(f"/issues/{desk.issue_id}/cases?find=wren").text
    assert "Tomas Wren" in part and "for Legal" in part
    assert "Ines Carrow" not in part and "<html" not in part
    meaning = desk.client.get(f"/issues/{desk.issue_id}/checks").text
    assert re.search(r"Goes to 3 members\s+in 2 editions", meaning)
    assert "<html" not in meaning


def test_who_gets_no_ask_is_listed(desk: Desk, draft: Draft, database: Database) -> None:
    page = desk.client.get(f"/issues/{desk.issue_id}/without-ask").text
    assert "Everybody gets an ask" in page
    case, visit = draft.issue.cases[0].id, draft.issue.offers[1].ask_id
    desk.press(f"withhold:{case}:{visit}")
    assert "1 member gets no ask" in desk.text
    page = desk.client.get(f"/issues/{desk.issue_id}/without-ask").text
    assert "Cy Marl" in page and "Ada Quill" not in page
    desk.press(f"remove:{draft.blocks[0].id}")
    page = desk.client.get(f"/issues/{desk.issue_id}/without-ask").text
    assert "Cy Marl" in page and "Ada Quill" in page


def test_long_lists_of_those_without_an_ask_have_pages(
    desk: Desk, draft: Draft, database: Database
) -> None:
    with database.writing() as session:
        network = session.merge(draft.issue.network)
        for number in range(51):
            doctor = personas.member(session, None, f"Doctor {number:02}")
            personas.membership(session, doctor, network, sector="youth")
    path = f"/issues/{desk.issue_id}/without-ask"
    first, second = desk.client.get(path).text, desk.client.get(f"{path}?page=2").text
    assert "Doctor 49" in first and "Doctor 50" not in first
    assert "Doctor 50" in second and "Doctor 49" not in second


PATHS = ("edit", "cases", "checks", "without-ask", "preview", "preview/everything.html")


@pytest.mark.parametrize("path", PATHS)
def test_for_a_coordinator_of_another_network_the_page_is_not_there(
    desk: Desk,
    client: FlaskClient,
    database: Database,
    sign_in: Callable[..., Staff],
    path: str,
) -> None:
    address = f"/issues/{desk.issue_id}/{path}"
    assert client.get(address).status_code == 200
    with database.writing() as session:
        other = personas.network(session, "medical")
    sign_in(client, "coordinator", [other])
    assert client.get(address).status_code == 404


def test_a_coordinator_of_another_network_changes_nothing(
    desk: Desk, draft: Draft, client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        other = personas.network(session, "medical")
    sign_in(client, "coordinator", [other])
    assert desk.save_by_itself({"subject": "Theirs"}).status_code == 404
    assert desk.send("add:text", {"subject": "Theirs"}).status_code == 404
    assert (draft.issue.subject, draft.kinds) == ("Two letters this month", ["case", "text"])
    assert draft.audited() == []
