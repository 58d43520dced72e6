"""Answers by mail: whom they reach, and that every mail program puts them into the thread."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.clock import now
from app.conversations import reading, replying, writing
from app.conversations.models import Conversation
from app.inbound.models import InboundArrival, InboundMail
from app.inbound.receiving import SEALED_AS
from app.inbound.sorting import quoting
from app.links import Purpose
from app.networks.models import Network
from app.notices.models import Notice
from app.services import Services
from app.staff.models import Staff
from tests.conversations.conftest import ADA, Post, letter
from tests.conversations.test_pages import Desk, network_of

LONG_ID = f"<{'AM0PR04MB1234ABCDEF' * 8}@AM0PR04MB1234.eurprd04.prod.outlook.example>"


@pytest.fixture
def desk(client: FlaskClient, sign_in: Callable[..., Staff], post: Post) -> Desk:
    return Desk(client, post, sign_in(client, "coordinator", [network_of(post)]))


def written(post: Post) -> EmailMessage:
    """The newest answer, as a mail program reads it."""
    _notice, raw = post.notices()[-1]
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_an_answer_goes_into_the_thread_of_the_mail_it_answers(desk: Desk) -> None:
    earlier = "<first@news.example.org> <second@quill.example>"
    mail = letter("When is the hearing?", References=earlier, Message_ID=LONG_ID)
    desk.post.brings(mail)
    assert desk.presses("answers", text="In May.\r\n\r\nPetra").status_code == 302
    answer, (notice, raw) = written(desk.post), desk.post.notices()[0]
    assert answer["In-Reply-To"] == LONG_ID
    assert str(answer["References"]).split() == [*earlier.split(), LONG_ID]
    assert LONG_ID.encode() in raw  # and not as an encoded word
    assert answer["Subject"] == "Re: Two letters this month"
    assert answer["From"].addresses[0].addr_spec == "legal@news.example.org"
    assert answer["From"].addresses[0].display_name == "Legal Network"
    assert [one.addr_spec for one in answer["To"].addresses] == [ADA]
    token = desk.post.services.links.sign(Purpose.NOTICE_ID, notice.id)
    assert answer["Message-ID"] == f"<{token}@news.example.org>"
    assert answer["Date"].datetime.tzinfo is not None
    assert answer["Auto-Submitted"] is None  # a person wrote it
    assert answer.get_content_type() == "text/plain"
    body = answer.get_content().replace("\r\n", "\n")
    assert body.startswith("In May.\n\nPetra\n\nOn ")
    assert body.endswith("Ada Quill wrote:\n> When is the hearing?\n")
    assert all(len(line) <= 998 for line in raw.splitlines())
    assert (notice.kind, notice.written_by) == ("answer", desk.staff.id)
    assert notice.conversation_id == desk.post.only().id
    assert desk.post.only().state == "handled"


def test_an_answer_may_leave_it_waiting_and_is_seen_on_its_way(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))
    desk.presses("answers", text="I shall ask.", then="waiting")
    assert desk.post.only().state == "waiting"
    page = desk.thread()
    turns = [turn.text for turn in page.select(".turn")]
    assert "When is the hearing?" in turns[0]
    assert "I shall ask." in turns[1]
    assert "Petra Lindqvist" in turns[1]
    assert "on its way" in turns[1]
    assert ADA in turns[1]
    words = page.select(".turn-ours .words")
    assert words[0].text == "I shall ask."


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"sent_at": now(), "next_try_at": None}, "sent "),
        ({"next_try_at": None, "last_answer": "550 no such user"}, "550 no such user"),
    ],
)
def test_what_became_of_an_answer_stands_beside_it(
    desk: Desk, values: dict[str, Any], shown: str
) -> None:
    desk.post.brings(letter("When is the hearing?"))
    desk.presses("answers", text="In May.")

    def settle(session: Any) -> None:
        notice = session.query(Notice).one()
        for name, value in values.items():
            setattr(notice, name, value)

    desk.post.change(settle)
    assert shown in desk.thread().select(".turn")[1].text


def test_what_comes_back_to_an_answer_is_the_same_conversation(
    services: Services, desk: Desk
) -> None:
    with_mail = replace(services, settings=replace(services.settings, takes_mail=True))
    desk.post.brings(letter("When is the hearing?"))

    def write(session: Any) -> None:
        conversation = session.get_one(Conversation, desk.post.only().id)
        staff = session.get_one(Staff, desk.staff.id)
        replying.answer(session, with_mail, conversation, "In May.", staff, now())

    desk.post.change(write)
    (notice, _raw), answer = desk.post.notices()[0], written(desk.post)
    talk = services.links.address(Purpose.TALK, desk.post.only().id)
    assert answer["Reply-To"].addresses[0].addr_spec == talk
    assert notice.sender == talk  # where its failure goes
    desk.post.brings(letter("Done", In_Reply_To=str(answer["Message-ID"])), talk)
    desk.post.brings(letter("And where?", In_Reply_To=str(answer["Message-ID"])), "legal@x.example")
    assert desk.post.only().state == "unread"
    assert (desk.post.only().suggested, desk.post.only().doubt) == ("done", "talking")
    assert desk.post.said() == []
    assert len(desk.thread().select(".turn")) == 4


def test_an_answer_goes_to_whom_staff_saw(services: Services, desk: Desk) -> None:
    """Another's mail may come into the conversation while somebody writes."""
    desk.post.brings(letter("When is the hearing?"))
    conversation_id = desk.post.only().id
    form = desk.thread().find("form", action=f"/replies/{conversation_id}/answers")
    assert form is not None
    hidden = {str(one["name"]): str(one["value"]) for one in form.find_all("input", type="hidden")}
    talk = services.links.address(Purpose.TALK, conversation_id)
    desk.post.brings(letter("And me?", "Eve <eve@elsewhere.example>"), talk)
    path = f"/replies/{conversation_id}/answers"
    assert desk.client.post(path, data=hidden | {"text": "In May."}).status_code == 302
    assert desk.post.notices()[0][0].recipient == ADA
    assert "hearing?" in written(desk.post).get_content()
    assert desk.post.only().state == "unread"


def test_a_conversation_is_known_by_its_address_however_that_is_written(
    services: Services, desk: Desk
) -> None:
    """A mailbox that is fetched tells no envelope."""
    desk.post.brings(letter("When is the hearing?"))
    talk = services.links.address(Purpose.TALK, desk.post.only().id)
    again = letter("And where?", To=f'"Legal Network" <{talk}>', Subject="Another matter")
    desk.post.brings(again, "mailbox@x.example")
    assert len(desk.thread().select(".turn")) == 2


@pytest.mark.parametrize("reply_to", [None, "desk@legal.example"])
def test_without_mail_of_our_own_answers_come_to_the_network(
    desk: Desk, reply_to: str | None
) -> None:
    def change(session: Any) -> None:
        session.get_one(Network, desk.post.network_id).reply_to = reply_to

    desk.post.change(change)
    desk.post.brings(letter("When is the hearing?"))
    desk.presses("answers", text="In May.")
    assert written(desk.post)["Reply-To"] == reply_to
    assert desk.post.notices()[0][0].sender == "legal@news.example.org"


def test_an_answer_goes_where_the_mail_wants_it(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?", Reply_To="Ada <other@quill.example>"))
    assert "other@quill.example" in desk.thread().text
    desk.presses("answers", text="In May.")
    assert desk.post.notices()[0][0].recipient == "other@quill.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "legal@news.example.org"},
        {"From": "anything@news.example.org"},
        {"From": "nonsense"},
        {"Reply_To": "R+1.AAAAAAAAAAAAAAAAAAAAAAAA@News.Example.org"},
    ],
)
def test_no_answer_goes_to_ourselves_or_to_nobody(desk: Desk, headers: dict[str, str]) -> None:
    desk.post.brings(letter("When is the hearing?", **headers))
    assert "cannot be answered from here" in desk.thread().text
    answered = desk.presses("answers", text="In May, dear machine.")
    assert answered.status_code == 409
    assert "In May, dear machine." in answered.text
    assert desk.post.notices() == []


@pytest.mark.parametrize(
    "change",
    [
        {"is_robot": True},
        {"reply_to": "no-reply@shop.example"},
        {"sender": "MAILER-DAEMON@quill.example"},
        {"sender": "postmaster@quill.example"},
        {"sender": "ädä@quill.example"},
        {"sender": ""},
        {"sender": "a@b\r\nBcc: c@d.example"},
    ],
)
def test_no_answer_goes_to_machines(post: Post, change: dict[str, Any]) -> None:
    mail_id = post.brings(letter("When is the hearing?"))
    with post.services.database.reading() as session:
        conversation = session.get_one(Conversation, post.only().id)
        read = reading.read(post.services.vault, session.get_one(InboundMail, mail_id))
        assert read is not None
        assert not replying.answerable(session, post.services, conversation, read).why_not
        strange = replace(read, **change)
        to = replying.answerable(session, post.services, conversation, strange)
        assert to.why_not
        assert to.recipient == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<talk.lists.example>"},
    ],
)
def test_a_mail_of_a_program_or_a_list_is_known(post: Post, headers: dict[str, str]) -> None:
    raw = letter("Hello.", **headers).as_bytes()
    mail = InboundMail(raw=post.services.vault.seal(raw, SEALED_AS), arrivals=[])
    read = reading.read(post.services.vault, mail)
    assert read is not None
    assert read.is_robot


def test_an_international_domain_is_written_as_the_name_system_has_it(post: Post) -> None:
    mail_id = post.brings(letter("When is the hearing?"))
    with post.services.database.reading() as session:
        conversation = session.get_one(Conversation, post.only().id)
        read = reading.read(post.services.vault, session.get_one(InboundMail, mail_id))
        assert read is not None
        abroad = replace(read, sender="ada@müller.example")
        to = replying.answerable(session, post.services, conversation, abroad)
        assert to.recipient == "ada@xn--mller-kva.example"


def test_no_answer_goes_to_the_null_sender(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))

    def empty(session: Any) -> None:
        session.query(InboundArrival).one().envelope_from = ""

    desk.post.change(empty)
    assert "cannot be answered from here" in desk.thread().text


def test_a_double_tap_sends_one_answer(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))
    path = f"/replies/{desk.post.only().id}/answers"
    form = {"mail": "1", "notice": "0", "text": "In May."}
    assert desk.client.post(path, data=form).status_code == 302
    again = desk.client.post(path, data=form)
    assert again.status_code == 409
    assert "sent twice" in again.text
    assert "In May." in again.text
    assert len(desk.post.notices()) == 1


def test_two_taps_at_the_same_moment_send_one_answer(desk: Desk, app: Flask) -> None:
    desk.post.brings(letter("When is the hearing?"))
    path = f"/replies/{desk.post.only().id}/answers"
    cookie = desk.client.get_cookie("docket", "docket.example.org")
    assert cookie is not None

    def tap(_number: int) -> int:
        client = app.test_client()
        client.set_cookie("docket", cookie.value, domain="docket.example.org")
        form = {"mail": "1", "notice": "0", "text": "In May."}
        return client.post(path, data=form, base_url="https://docket.example.org").status_code

    with ThreadPoolExecutor(4) as pool:
        got = sorted(pool.map(tap, range(4)))
    assert got == [302, 409, 409, 409]
    assert len(desk.post.notices()) == 1


def test_a_mail_that_came_while_somebody_wrote_stays_unread(desk: Desk) -> None:
    mail_id = desk.post.brings(letter("When is the hearing?"))
    desk.post.brings(letter("And where?"))
    form = {"mail": str(mail_id), "notice": "0", "text": "In May."}
    desk.client.post(f"/replies/{desk.post.only().id}/answers", data=form)
    assert len(desk.post.notices()) == 1
    assert desk.post.only().state == "unread"


def test_an_empty_answer_is_not_sent(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))
    answered = desk.presses("answers", text="  ")
    assert answered.status_code == 422
    assert "Write something first." in answered.text
    assert desk.post.notices() == []


def test_a_name_cannot_add_a_header(desk: Desk) -> None:
    def change(session: Any) -> None:
        session.get_one(Network, desk.post.network_id).from_name = "Legal\r\nBcc: x@y.example"

    desk.post.change(change)
    desk.post.brings(letter("When is the hearing?", Subject="Hearing =?utf-8?q?=0D=0ABcc=3A_x?="))
    answered = desk.presses("answers", text="In May.")
    assert answered.status_code in (302, 409)
    for _notice, raw in desk.post.notices():
        assert message_from_bytes(raw, policy=policy.default)["Bcc"] is None


# The parts


IDS = st.from_regex(r"<[a-zA-Z0-9.]{1,200}@[a-z]{1,30}>", fullmatch=True)


@given(st.lists(IDS, max_size=60), IDS)
def test_references_end_with_what_is_answered_and_fit_a_line(earlier: list[str], last: str) -> None:
    thread = writing.references(earlier, last)
    assert thread[-1] == last
    assert len(f"References: {' '.join(thread)}") < 998
    assert len(thread) == len(set(thread)) <= writing.MOST_REFERENCES
    kept = [one for one in dict.fromkeys(earlier) if one in thread and one != last]
    assert thread[:-1] == kept


@pytest.mark.parametrize("broken", ["", "no brackets", "<a b@c>", "<é@c>", "<a@b> <c@d>", "<\n>"])
def test_what_is_no_message_id_is_left_out(broken: str) -> None:
    assert writing.references([broken], broken) == []


@pytest.mark.parametrize(
    ("subject", "answered"),
    [
        ("Hearing", "Re: Hearing"),
        ("Re: Hearing", "Re: Hearing"),
        ("AW: Re: RE[2]: Hearing", "Re: Hearing"),
        ("Hearing: when?", "Re: Hearing: when?"),
        ("", "Re:"),
    ],
)
def test_a_subject_is_answered_once(subject: str, answered: str) -> None:
    assert writing.answered(subject) == answered


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Cs"]))


@given(st.lists(TEXTS, min_size=1).map("\n".join), st.lists(TEXTS).map("\n".join))
def test_what_staff_wrote_is_read_again_from_their_mail(text: str, quoted: str) -> None:
    reply = writing.Reply(
        sender=("Legal", "legal@news.example.org"),
        recipient=ADA,
        reply_to="",
        subject="Hearing",
        text=text,
        attribution="On 23 November 2026, Ada wrote:",
        quoted=quoted,
    )
    message = writing.compose(reply, "<1@news.example.org>", now())
    raw = message.as_bytes()
    again = message_from_bytes(raw, policy=policy.default).get_content()  # type: ignore[attr-defined]
    assert writing.without_quote(again) == writing.without_quote(f"{text.strip()}\n")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


def test_our_own_quotes_are_found_by_our_own_sorting() -> None:
    reply = writing.Reply(
        sender=("Legal", "legal@news.example.org"),
        recipient=ADA,
        reply_to="",
        subject="Hearing",
        text="In May.",
        attribution="On 23 November 2026, Ada wrote:",
        quoted="When is the hearing?",
    )
    assert quoting.written(writing.body(reply)) == "In May."
