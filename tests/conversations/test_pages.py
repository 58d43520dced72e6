"""The reply inbox as staff see it, and what their buttons do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.clock import now
from app.conversations.models import Conversation
from app.inbound.models import InboundMail
from app.networks.models import Network
from app.responses import answering
from app.responses.answering import Details
from app.responses.models import Answer, Response
from app.staff.models import AuditEntry, Staff
from tests import personas
from tests.conversations.conftest import ADA, Post, letter
from tests.conversations.test_taking import answer

HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} <img src=x onerror=alert(1)>"


@dataclass(frozen=True)
class Desk:
    """A member of staff at the inbox, signed in."""

    client: FlaskClient
    post: Post
    staff: Staff

    def page(self, path: str = "/replies/") -> BeautifulSoup:
        answered = self.client.get(path)
        assert answered.status_code == 200, answered.text
        return BeautifulSoup(answered.text, "html.parser")

    def thread(self) -> BeautifulSoup:
        return self.page(f"/replies/{self.post.conversations()[-1].id}")

    def presses(self, action: str, **values: str | int) -> TestResponse:
        """A form of the thread's page, with what it hides."""
        conversation_id = self.post.conversations()[-1].id
        form = self.thread().find("form", action=f"/replies/{conversation_id}/{action}")
        hidden = {
            str(field["name"]): str(field["value"])
            for field in (form.find_all("input", type="hidden") if form else [])
        }
        return self.client.post(f"/replies/{conversation_id}/{action}", data=hidden | values)

    def audit(self) -> list[AuditEntry]:
        with self.post.services.database.reading() as session:
            return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


@pytest.fixture
def desk(client: FlaskClient, sign_in: Callable[..., Staff], post: Post) -> Desk:
    return Desk(client, post, sign_in(client, "coordinator", [network_of(post)]))


@pytest.fixture
def desk_of_two(client: FlaskClient, sign_in: Callable[..., Staff], post_of_two: Post) -> Desk:
    return Desk(client, post_of_two, sign_in(client, "coordinator", [network_of(post_of_two)]))


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[..., Staff], post: Post) -> Desk:
    return Desk(client, post, sign_in(client, "admin"))


def network_of(post: Post, code: str = "legal") -> Network:
    with post.services.database.reading() as session:
        return session.scalars(select(Network).where(Network.code == code)).one()


def stray(words: str = "Hello.") -> Any:
    """Of nobody, in answer to something."""
    return letter(words, sender="Strayman <bo@b.example>", In_Reply_To="<old@elsewhere.example>")


# The list


def test_an_empty_inbox_says_what_will_stand_there(desk: Desk) -> None:
    assert "Nothing to read" in desk.page().text
    assert "Nothing waits" in desk.page("/replies/?state=waiting").text
    assert "Nothing handled yet" in desk.page("/replies/?state=handled").text
    assert "Nothing found" in desk.page("/replies/?text=nobody").text


def test_the_list_shows_who_wrote_what_and_how_many_are_unread(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))
    page = desk.page()
    for words in ("Ada Quill", "Two letters this month", "When is the hearing?", "Replies (1)"):
        assert words in page.text
    tabs = [" ".join(link.text.split()) for link in page.select(".tabs a")]
    assert tabs == ["Unread 1", "Waiting 0", "Handled 0"]


def test_the_list_opens_at_what_there_is(desk: Desk) -> None:
    desk.post.brings(letter("Done"))
    assert "Ada Quill" in desk.page().text
    assert "Replies (" not in desk.page().text
    assert "Ada Quill" not in desk.page("/replies/?state=unread").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=quill", True),
        ("text=ADA@", True),
        ("text=nobody", False),
        ("text=%25", False),
        ("network=legal", True),
        ("network=medical", True),  # not theirs: as if it had not been named
        ("label=question", False),
        ("label=nonsense", True),
        ("mine=1", False),
        ("state=nonsense", True),
    ],
)
def test_the_list_is_filtered(desk: Desk, query: str, found: bool) -> None:
    desk.post.brings(letter("When is the hearing?"))
    assert ("When is the hearing?" in desk.page(f"/replies/?{query}").text) is found


def test_a_suggestion_is_accepted_from_the_list_with_one_tap(desk: Desk) -> None:
    desk.post.brings(letter("Done", sender="Bo <bo@b.example>"))
    assert "It came from another address than the member's." in desk.page().text
    form = desk.page().select_one(".reply form")
    assert form is not None
    assert " ".join(form.text.split()) == "Record “done” for Ada Quill"
    button = form.find("button")
    values = {str(f["name"]): str(f["value"]) for f in form.find_all("input")}
    values[str(button["name"])] = str(button["value"])  # type: ignore[index]
    assert desk.client.post(str(form["action"]), data=values).headers["Location"] == "/replies/"
    assert desk.post.said() == [("done", "mail")]
    assert desk.post.responses()[0].recorded_by == desk.staff.id
    assert desk.post.only().state == "handled"


# Who may see what


PATHS = ("", "/mails/1.eml", "/mails/1/1")
ACTIONS = ("answers", "state", "label", "assignee", "response", "undo", "set-aside")


def test_another_networks_conversation_does_not_exist(
    client: FlaskClient, sign_in: Callable[..., Staff], post: Post
) -> None:
    post.brings(letter("When is the hearing?"))
    sign_in(client, "coordinator", [network_of(post, "medical")])
    conversation_id = post.only().id
    for path in PATHS:
        assert client.get(f"/replies/{conversation_id}{path}").status_code == 404, path
    for action in ACTIONS:
        form = {"text": "x", "state": "handled", "answer": "done", "offer": post.offer_ids[0]}
        answered = client.post(f"/replies/{conversation_id}/{action}", data=form)
        assert answered.status_code == 404, action
    assert "hearing" not in client.get("/replies/").text
    assert "Replies (" not in client.get("/replies/").text
    assert post.only().state == "unread"


def test_nobodys_network_is_seen_by_admins_alone(
    client: FlaskClient, sign_in: Callable[..., Staff], post: Post
) -> None:
    post.brings(stray(), "nobody@news.example.org")
    path = f"/replies/{post.only().id}"
    sign_in(client, "coordinator", [network_of(post)])
    assert client.get(path).status_code == 404
    assert "Strayman" not in client.get("/replies/").text
    assert client.post(f"{path}/network", data={"network": "legal"}).status_code == 403
    sign_in(client, "admin")
    assert "Strayman" in client.get("/replies/").text
    assert "Strayman" in client.get("/replies/?network=-").text
    assert "Strayman" not in client.get("/replies/?network=legal").text
    assert "belongs to no network yet" in client.get(path).text
    assert client.post(f"{path}/network", data={"network": "none"}).status_code == 404
    assert client.post(f"{path}/network", data={"network": "legal"}).status_code == 302
    assert post.only().network_id == post.network_id
    assert client.post(f"{path}/network", data={"network": "medical"}).status_code == 409


def test_a_reviewer_sees_no_reply(
    client: FlaskClient, sign_in: Callable[..., Staff], post: Post
) -> None:
    post.brings(letter("When is the hearing?"))
    sign_in(client, "reviewer")
    for path in ("/replies/", f"/replies/{post.only().id}", "/replies/unsorted"):
        assert client.get(path).status_code == 403
    assert "Replies" not in client.get("/reports/").text


def test_a_mail_of_another_conversation_is_not_handed_out(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))
    mail_id = desk.post.brings(stray(), "nobody@news.example.org")
    first = desk.post.conversations()[0]
    assert desk.client.get(f"/replies/{first.id}/mails/{mail_id}.eml").status_code == 404


# The thread


def test_opening_a_thread_changes_nothing(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))
    desk.thread()
    assert desk.post.only().state == "unread"
    assert desk.audit() == []


def test_a_thread_shows_words_without_quotes_and_the_whole_one_tap_away(desk: Desk) -> None:
    quoted = "On Mon, 23 Nov 2026 at 10:00, X <x@y.example> wrote:\n> the old words\n"
    desk.post.brings(letter(f"When is the hearing?\n\n{quoted}"))
    words = [found.text for found in desk.thread().select(".turn .words")]
    assert words[0] == "When is the hearing?"
    assert "the old words" in words[1]


def test_markup_in_a_mail_is_words(desk: Desk) -> None:
    mail = letter(f"{HOSTILE}\n", sender=f'"{HOSTILE}" <{ADA}>', Subject=HOSTILE)
    mail.add_alternative(f"<p>{HOSTILE}</p><script>alert(2)</script>", subtype="html")
    mail.add_attachment(b"x", maintype="text", subtype="html", filename=f"{HOSTILE}.html")
    desk.post.brings(mail)
    for page in (desk.thread(), desk.page()):
        scripts = [script.get("src") for script in page.find_all("script")]
        assert scripts == ["/static/htmx.min.js"]
        assert page.find("img") is None
        assert "alert(1)" in page.text


def test_a_mail_of_markup_alone_is_read_as_text(desk: Desk) -> None:
    mail = letter("")
    mail.set_content("<p>When is <b>the hearing</b>?</p>", subtype="html")
    desk.post.brings(mail)
    assert "When is the hearing?" in desk.thread().text


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("letter.pdf", "letter.pdf"),
        ("../../etc/passwd", "etc_passwd"),
        ("a\u202egpj.exe", "a_gpj.exe"),
        ("Brief an Minister Müller.pdf", "Brief_an_Minister_Muller.pdf"),
        ("письмо", "attachment-1"),
        ("", "attachment-1"),
    ],
)
def test_what_is_attached_is_only_ever_saved(desk: Desk, given: str, name: str) -> None:
    mail = letter("See the letter.")
    mail.add_attachment(b"<script>1</script>", maintype="text", subtype="html", filename=given)
    mail_id = desk.post.brings(mail)
    link = desk.thread().select_one(".attached a")
    assert link is not None
    path = str(link["href"])
    with desk.client.get(path) as got:
        assert got.data == b"<script>1</script>"
        assert got.content_type == "application/octet-stream"
        assert got.headers["Content-Disposition"] == f"attachment; filename={name}"
        assert "sandbox" in got.headers["Content-Security-Policy"]
        assert "'self'" not in got.headers["Content-Security-Policy"]
        assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert desk.client.get(path.removesuffix("/1") + "/2").status_code == 404
    with desk.client.get(f"{path.removesuffix('/1')}.eml") as whole:
        assert whole.headers["Content-Disposition"] == f"attachment; filename=reply-{mail_id}.eml"
        assert whole.content_type == "application/octet-stream"
        assert b"See the letter." in whole.data


def test_a_mail_whose_time_is_over_says_so(desk: Desk) -> None:
    mail_id = desk.post.brings(letter("When is the hearing?"))
    desk.post.change(lambda session: setattr(session.get_one(InboundMail, mail_id), "raw", None))
    page = desk.thread()
    assert "deleted when their time was over" in page.text
    assert desk.client.get(f"/replies/{desk.post.only().id}/mails/{mail_id}.eml").status_code == 404
    assert desk.presses("answers", text="In May.").status_code == 302
    assert desk.post.notices()[0][0].recipient == ADA


def test_a_mail_whose_key_is_gone_says_so(desk: Desk) -> None:
    mail_id = desk.post.brings(letter("When is the hearing?"))
    desk.post.change(lambda session: setattr(session.get_one(InboundMail, mail_id), "raw", b"\1x"))
    assert "not among SECRET_KEYS" in desk.thread().text


def test_a_thread_shows_what_the_member_was_asked_and_said(desk: Desk) -> None:
    desk.post.brings(letter("Done"))
    page = desk.thread()
    aside = page.find("aside", attrs={"aria-label": "What it means"})
    assert "Write to the Minister of Justice" in aside.text  # type: ignore[union-attr]
    assert "done" in aside.text  # type: ignore[union-attr]
    link = f"/issues/1/responses/{desk.post.delivery_id}"
    assert page.find("a", href=link) is not None
    assert desk.client.get(link).status_code == 200


def test_a_suspect_answer_is_no_silence(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))
    assert "silent" in desk.thread().text
    offer_id = desk.post.offer_ids[0]
    row = Response(
        delivery_id=desk.post.delivery_id,
        offer_id=offer_id,
        answer=Answer.DONE,
        channel="link",
        recorded_at=now(),
        suspect="fast",
    )
    desk.post.change(lambda session: session.add(row))
    assert "a suspect answer: not counted" in desk.thread().text
    assert "silent" not in desk.thread().text


# What it says


def test_what_was_recorded_by_itself_is_taken_back_with_one_tap(desk: Desk) -> None:
    answer(desk.post, "will_do")
    desk.post.brings(letter("Done"))
    assert "Recorded: done" in desk.thread().text
    assert "by itself" in desk.thread().text
    desk.presses("undo")
    assert [said for said, _channel in desk.post.said()] == ["will_do", "done", "will_do"]
    conversation = desk.post.only()
    assert (conversation.state, conversation.suggested) == ("waiting", "done")
    desk.presses("response", offer=desk.post.offer_ids[0], answer="done")
    assert desk.post.said()[-1] == ("done", "mail")


def test_taking_back_where_nothing_was_said_before_is_silence(desk: Desk) -> None:
    desk.post.brings(letter("Done"))
    desk.presses("undo")
    assert desk.post.said() == [("done", "mail"), ("undone", "staff")]
    assert desk.presses("undo").status_code == 409


def test_what_the_member_said_since_is_not_taken_back(desk: Desk) -> None:
    desk.post.brings(letter("Done"))
    ids = (desk.post.delivery_id, desk.post.offer_ids[0])

    def since(session: Any) -> None:
        driver = session.connection().connection.driver_connection
        newest = answering.newest(driver, ids)
        answering.record(driver, ids, newest, Answer.CANNOT, Details(), now())

    desk.post.change(since)
    assert "answered otherwise since" in desk.thread().text
    assert desk.presses("undo").status_code == 409
    assert len(desk.post.said()) == 2


def test_of_several_asks_staff_choose_one_and_may_choose_again(desk_of_two: Desk) -> None:
    desk, (first, second) = desk_of_two, desk_of_two.post.offer_ids
    desk.post.brings(letter("Done"))
    buttons = desk.thread().select("button[name=offer]")
    assert [int(str(button["value"])) for button in buttons] == [first, second]
    desk.presses("response", offer=second, answer="done")
    desk.presses("response", offer=first, answer="done")
    rows = [(row.offer_id, row.answer) for row in desk.post.responses()]
    assert rows == [(second, "done"), (second, "undone"), (first, "done")]


def test_a_double_tap_records_once_and_can_be_taken_back(desk: Desk) -> None:
    desk.post.brings(letter("Done", sender="Cy <cy@c.example>"))
    for _tap in range(2):
        desk.presses("response", offer=desk.post.offer_ids[0], answer="done")
    assert desk.post.said() == [("done", "mail")]
    assert desk.presses("undo").status_code == 302


def test_a_suggestion_is_corrected(desk: Desk) -> None:
    desk.post.brings(letter("Done", sender="Bo <bo@b.example>"))
    assert "another address" in desk.thread().text
    desk.presses("response", offer=desk.post.offer_ids[0], answer="already")
    assert desk.post.said() == [("already", "mail")]
    assert desk.post.only().suggested is None


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"offer": 999, "answer": "done"}, 404),
        ({"offer": "x", "answer": "done"}, 404),
        ({"offer": 1, "answer": "undone"}, 404),
        ({"offer": 1, "answer": "perhaps"}, 422),
        ({"offer": 1}, 422),
    ],
)
def test_nonsense_is_not_recorded(desk: Desk, values: dict[str, Any], status: int) -> None:
    desk.post.brings(letter("Thank you."))
    assert desk.presses("response", **values).status_code == status
    assert desk.post.said() == []


def test_a_suggestion_set_aside_is_gone_and_the_mail_still_waits(desk: Desk) -> None:
    desk.post.brings(letter("Done", sender="Bo <bo@b.example>"))
    desk.presses("set-aside")
    conversation = desk.post.only()
    assert (conversation.suggested, conversation.state) == (None, "waiting")
    assert desk.post.said() == []


def test_without_a_newsletter_nothing_can_be_recorded(admin: Desk) -> None:
    admin.post.brings(stray("Done"), "nobody@news.example.org")
    assert admin.post.only().suggested is None
    values: dict[str, str | int] = {"offer": admin.post.offer_ids[0], "answer": "done"}
    assert admin.presses("response", **values).status_code == 404


# What staff do with it


def test_a_conversation_is_marked_and_never_over_a_mail_that_nobody_saw(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))
    for state in ("handled", "waiting", "unread"):
        assert desk.presses("state", state=state).status_code == 302
        assert desk.post.only().state == state
    page = desk.thread()
    seen = page.find("input", attrs={"name": "mail"})
    desk.post.brings(letter("And where?"))
    form = {"mail": str(seen["value"]), "state": "handled"}  # type: ignore[index]
    desk.client.post(f"/replies/{desk.post.only().id}/state", data=form)
    assert desk.post.only().state == "unread"
    assert "A new mail came meanwhile" in desk.thread().text
    assert desk.presses("state", state="nonsense").status_code == 422


def test_a_label_is_set_found_and_taken_off(desk: Desk) -> None:
    desk.post.brings(letter("I can translate."))
    desk.presses("label", label="offer")
    assert (desk.post.only().label, desk.post.only().state) == ("offer", "waiting")
    assert "I can translate." in desk.page("/replies/?label=offer").text
    desk.presses("label", label="")
    assert desk.post.only().label is None
    assert desk.presses("label", label="nonsense").status_code == 422


def test_it_is_handed_to_a_colleague_of_that_network_alone(desk: Desk) -> None:
    desk.post.brings(letter("When is the hearing?"))
    people: dict[str, int] = {}

    def hire(session: Any) -> None:
        legal, medical = session.query(Network).order_by(Network.id)
        for name, role, networks, values in (
            ("near", "coordinator", [legal], {}),
            ("far", "coordinator", [medical], {}),
            ("boss", "admin", [], {}),
            ("reader", "reviewer", [], {}),
            ("gone", "coordinator", [legal], {"closed_at": now()}),
        ):
            people[name] = personas.staff(session, role, networks, name=name, **values).id

    desk.post.change(hire)
    options = [option.text for option in desk.thread().select("#staff option")]
    assert sorted(options) == sorted(["nobody in particular", "Petra Lindqvist", "near", "boss"])
    for name in ("far", "reader", "gone"):
        assert desk.presses("assignee", staff=people[name]).status_code == 404, name
    desk.presses("assignee", staff=people["near"])
    assert desk.post.only().assigned_to == people["near"]
    desk.presses("assignee", staff=desk.staff.id)
    assert "hearing" in desk.page("/replies/?mine=1").text
    desk.presses("assignee", staff="")
    assert desk.post.only().assigned_to is None


def test_the_audit_holds_every_step_and_nothing_of_the_thread(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.post.brings(letter("Done", sender="Bo Friend <bo@friend.example>", Subject="Secret"))
    desk.presses("set-aside")
    desk.presses("response", offer=desk.post.offer_ids[0], answer="done")
    desk.presses("undo")
    desk.presses("label", label="question")
    desk.presses("assignee", staff=desk.staff.id)
    desk.presses("state", state="handled")
    desk.presses("answers", text="Thank you, Bo.")
    actions = [entry.action.removeprefix("conversation.") for entry in desk.audit()]
    assert actions == [
        *("suggestion_set_aside", "recorded", "record_undone", "labelled"),
        *("handed_over", "marked", "answered"),
    ]
    told = " ".join(f"{entry.detail}" for entry in desk.audit()) + caplog.text
    for secret in ("Bo Friend", "friend.example", "Secret", "Thank you", ADA, "Quill"):
        assert secret not in told


def test_pages_of_fifty(desk: Desk) -> None:
    def many(session: Any) -> None:
        for number in range(51):
            session.add(
                Conversation(
                    network_id=desk.post.network_id,
                    correspondent=f"member{number}@quill.example",
                    brief=b"",
                    opened_at=now(),
                    touched_at=now(),
                )
            )

    desk.post.change(many)
    assert len(desk.page().select(".reply")) == 50
    assert len(desk.page("/replies/?page=2").select(".reply")) == 1
    assert "Page 1 of 2" in desk.page().text
    assert "Replies (51)" in desk.page().text


def test_many_unread_are_not_counted_to_the_end(desk: Desk) -> None:
    def many(session: Any) -> None:
        for _number in range(120):
            session.add(
                Conversation(
                    network_id=desk.post.network_id,
                    correspondent="",
                    brief=b"",
                    opened_at=now(),
                    touched_at=now(),
                )
            )

    desk.post.change(many)
    assert "Replies (99+)" in desk.page("/replies/?state=handled").text


# What was not sorted


def test_what_was_not_sorted_is_for_admins_to_look_at(admin: Desk) -> None:
    assert "Everything is sorted" in admin.page("/replies/unsorted").text
    first = admin.post.brings(
        letter("Buy.", sender=f'"{HOSTILE}" <bo@b.example>', Subject=HOSTILE), "x@y.example"
    )
    second = admin.post.brings(letter("Sell.", sender="Cy <cy@c.example>"), "x@y.example")

    def quarantine(session: Any) -> None:
        mail = session.get_one(InboundMail, second)
        mail.state, mail.why = "quarantined", "too many parts"

    admin.post.change(quarantine)
    page = admin.page("/replies/unsorted")
    assert "too many parts" in page.text
    assert "cy@c.example" in page.text
    assert "alert(1)" in page.text
    assert page.find("img") is None
    assert "2 mails not sorted" in admin.page().text
    for mail_id, word in ((first, b"Buy."), (second, b"Sell.")):
        saved = admin.client.get(f"/replies/unsorted/{mail_id}.eml")
        assert word in saved.data
        assert saved.content_type == "application/octet-stream"
        assert saved.headers["Content-Disposition"] == f"attachment; filename=mail-{mail_id}.eml"
        assert "sandbox" in saved.headers["Content-Security-Policy"]
    assert admin.client.post(f"/replies/unsorted/{second}/conversation").status_code == 409
    admin.client.post(f"/replies/unsorted/{second}/try-again")
    assert admin.post.mail(second).state == "received"
    admin.client.post(f"/replies/unsorted/{first}/words")
    assert "Everything is sorted" in admin.page("/replies/unsorted").text
    assert admin.client.get(f"/replies/unsorted/{first}.eml").status_code == 404
    for action in ("try-again", "words", "conversation"):
        assert admin.client.post(f"/replies/unsorted/{first}/{action}").status_code == 404
    assert [one.action for one in admin.audit()] == ["mail.tried_again", "mail.words_deleted"]


def test_what_somebody_wrote_after_all_becomes_a_conversation(admin: Desk) -> None:
    stranger = letter("A word about the case.", sender="Cy <cy@c.example>", Subject="Hello")
    mail_id = admin.post.brings(stranger, "legal@news.example.org")
    answered = admin.client.post(f"/replies/unsorted/{mail_id}/conversation")
    assert answered.headers["Location"] == f"/replies/{admin.post.only().id}"
    assert admin.post.only().network_id == admin.post.network_id
    assert "A word about the case." in admin.thread().text
    assert admin.post.mail(mail_id).conversation_id == admin.post.only().id


def test_a_very_large_mail_is_listed_unopened(admin: Desk) -> None:
    mail_id = admin.post.brings(letter("Buy.", sender="Cy <cy@c.example>"), "x@y.example")

    def grow(session: Any) -> None:
        session.get_one(InboundMail, mail_id).size = 50_000_000

    admin.post.change(grow)
    page = admin.page("/replies/unsorted").text
    assert "Not looked into" in page
    assert "cy@c.example" not in page
