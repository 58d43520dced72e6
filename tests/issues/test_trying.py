"""Test mails: each form to a few people, marked, and with links that record nothing."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import InvalidInput
from app.issues.models import Issue
from app.issues.trying import MOST_PEOPLE, people_of, send_test
from app.notices import posting
from app.notices.models import Notice
from app.responses.models import Response, Visit
from app.services import Services
from tests.issues.conftest import Draft
from tests.issues.desk import Desk


def written(session: Session, services: Services) -> list[EmailMessage]:
    notices = session.scalars(select(Notice).order_by(Notice.id))
    raw = [posting.content(services.vault, notice) for notice in notices]
    return [message_from_bytes(one, policy=policy.default) for one in raw]  # type: ignore[misc]


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_each_person_gets_each_form_marked_as_a_test(
    session: Session, services: Services, issue: Issue
) -> None:
    people = ["ada@test.example", "bo@test.example"]
    tried = send_test(session, services, issue, people, None, now())
    mails = written(session, services)
    assert (tried.mails, tried.left_out) == (4, 0)  # lawyers and the doctor are asked differently
    assert sorted({mail["Subject"] for mail in mails}) == [
        "[Test 1 of 2] Two letters this month",
        "[Test 2 of 2] Two letters this month",
    ]
    assert [mail["To"] for mail in mails] == people * 2
    assert len({mail["Message-ID"] for mail in mails}) == 4


def test_its_links_record_nothing(session: Session, services: Services, issue: Issue) -> None:
    send_test(session, services, issue, ["ada@test.example"], None, now())
    for mail in written(session, services):
        links = re.findall(r"https://docket\.example\.org[^\s\"<]*", body(mail, "html"))
        assert set(links) == {"https://docket.example.org/preview"}
        assert "/preview" in mail["List-Unsubscribe"]
    assert session.scalars(select(Visit)).all() == session.scalars(select(Response)).all() == []


def test_the_people_are_remembered_for_the_network(
    session: Session, services: Services, issue: Issue
) -> None:
    send_test(session, services, issue, ["ada@test.example"], None, now())
    assert issue.network.test_people == ["ada@test.example"]


def test_what_cannot_be_mailed_is_told_and_nothing_is_sent(
    session: Session, services: Services, issue: Issue
) -> None:
    issue.subject = ""
    with pytest.raises(InvalidInput, match="Subject"):
        send_test(session, services, issue, ["ada@test.example"], None, now())


@pytest.mark.parametrize(
    ("people", "what"),
    [
        ([], "at least one"),
        ([f"a{n}@test.example" for n in range(MOST_PEOPLE + 1)], "At most"),
        (["ada@test.example", "nobody"], "nobody"),
    ],
)
def test_wrong_addresses_are_named(people: list[str], what: str) -> None:
    with pytest.raises(InvalidInput, match=what):
        people_of(people)


def test_the_page_sends_it_to_those_who_got_it_last_time(desk: Desk, draft: Draft) -> None:
    address = f"/issues/{desk.issue_id}/test"
    assert "Each gets 2 mails" in desk.client.get(address).text
    sent = desk.client.post(address, data={"people": "Ada@test.example\r\nbo@test.example\r\n"})
    assert sent.status_code == 302
    page = desk.client.get(address).text
    assert "4 test mails are on their way" in page
    assert "bo@test.example" in page
    assert ("issue.tested", {"mails": 4}) in draft.audited()
    assert desk.client.post(address, data={"people": "nobody"}).status_code == 422
