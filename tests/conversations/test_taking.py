"""What a mail says is recorded where nothing speaks against it; else staff are asked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import now
from app.conversations import briefs, taking
from app.conversations.models import Conversation, ConversationState, Doubt
from app.inbound import filing
from app.inbound.filing import Desk
from app.inbound.receiving import Arrival, receive
from app.inbound.sorting.shapes import Failure, Hardness, Kind, Ours, Sorted
from app.inbound.sorting.shapes import Purpose as Letter
from app.links import Purpose
from app.networks.models import Member, Network
from app.notices.models import Notice
from app.responses import answering
from app.responses.answering import Details
from app.responses.models import Answer
from tests import personas
from tests.conversations.conftest import ADA, Post, letter, offer

QUOTED = """On Mon, 23 Nov 2026 at 10:00, Legal Network <legal@news.example.org> wrote:
> Dear Ada,
> Done. I have sent my letter.
> Press this when you have sent it.
"""


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Done", "done"),
        ("Done.\n\nBest regards,\nAda Quill\n\n" + QUOTED, "done"),
        ("Erledigt!\n\nViele Grüße\nAda", "done"),
        ("Fait, merci", "done"),
        ("Hecho", "done"),
        ("Will do", "will_do"),
        ("Sorry, I can't", "cannot"),
    ],
)
def test_a_plain_word_is_recorded_and_needs_nobody(post: Post, words: str, answer: str) -> None:
    mail_id = post.brings(letter(words))
    assert post.said() == [(answer, "mail")]
    assert post.responses()[0].recorded_by is None
    conversation = post.only()
    assert conversation.state == ConversationState.HANDLED
    assert conversation.recorded_id == post.responses()[0].id
    assert conversation.suggested is None
    assert (conversation.network_id, conversation.delivery_id) == (
        post.network_id,
        post.delivery_id,
    )
    mail = post.mail(mail_id)
    assert (mail.conversation_id, mail.delivery_id) == (conversation.id, post.delivery_id)


@pytest.mark.parametrize(
    "words",
    [
        "Done. But whom do I write to next time?",
        "Done.\n\nCould you call me about the hearing on Friday?",
        "Sent.\n\nThe minister's office moved to another street in May.",
    ],
)
def test_what_says_more_is_never_put_away_unread(post: Post, words: str) -> None:
    post.brings(letter(words))
    conversation = post.only()
    assert conversation.state == ConversationState.UNREAD
    assert conversation.recorded_id or not post.responses()


def test_an_attached_file_is_looked_at_by_somebody(post: Post) -> None:
    mail = letter("Done")
    mail.add_attachment(b"\x00\x01", maintype="application", subtype="zip", filename="x.zip")
    post.brings(mail)
    assert post.only().state == ConversationState.UNREAD


@pytest.mark.parametrize(
    "words",
    [
        "Thank you for this.",
        "",
        QUOTED,
        f"Thank you.\n\n{QUOTED}",
        f"{QUOTED}\nI shall think about it.",
        "> Done\n",
    ],
)
def test_quoted_text_never_counts(post: Post, words: str) -> None:
    post.brings(letter(words))
    assert post.said() == []
    assert post.only().suggested is None
    assert post.only().state == ConversationState.UNREAD


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
    ],
)
def test_nothing_automatic_ever_records(post: Post, headers: dict[str, str]) -> None:
    post.brings(letter("Done", **headers))
    assert post.said() == []
    assert post.conversations() == []


def test_what_only_sounds_automatic_is_for_staff_to_decide(post: Post) -> None:
    post.brings(letter("Done", Subject="Out of office: Two letters this month"))
    assert post.said() == []
    assert all(one.doubt == Doubt.UNSURE for one in post.conversations())


def withdraw(session: Any, post: Post) -> None:
    offer(session, post).ask.withdrawn_at = now()


def stop(session: Any, post: Post) -> None:
    offer(session, post).ask.case.status = "stopped"


def close(session: Any, post: Post) -> None:
    offer(session, post).closes_at = now() - timedelta(days=1)


@pytest.mark.parametrize("end", [withdraw, stop, close])
def test_an_ask_that_is_over_is_for_staff_to_decide(
    post: Post, end: Callable[[Any, Post], None]
) -> None:
    post.change(lambda session: end(session, post))
    post.brings(letter("Done"))
    assert_suggested(post, Doubt.OVER, None)


def test_another_address_is_for_staff_to_decide(post: Post) -> None:
    post.brings(letter("Done", sender="Bo Friend <bo@friend.example>"))
    assert_suggested(post, Doubt.SENDER, post.offer_ids[0])
    assert post.only().correspondent == "bo@friend.example"
    assert post.only().delivery_id == post.delivery_id


def test_case_makes_no_other_address(post: Post) -> None:
    post.brings(letter("Done", sender="ADA@Quill.example"))
    assert post.said() == [("done", "mail")]


def test_one_of_several_asks_is_for_staff_to_choose(post_of_two: Post) -> None:
    post_of_two.brings(letter("Done"))
    assert_suggested(post_of_two, Doubt.SEVERAL, None)


def test_of_two_asks_the_one_that_is_open_is_suggested(post_of_two: Post) -> None:
    post_of_two.change(lambda session: withdraw(session, post_of_two))
    post_of_two.brings(letter("Done"))
    assert_suggested(post_of_two, Doubt.SEVERAL, post_of_two.offer_ids[1])


def test_two_newsletters_at_once_are_doubt(post: Post) -> None:
    def another(session: Any) -> None:
        first = offer(session, post)
        again = personas.issue(session, first.issue.network, [first.ask])
        other.append(personas.delivered(session, again)[0].id)

    other: list[int] = []
    post.change(another)
    post.brings(
        letter("Done"),
        post.reply_address,
        post.services.links.address(Purpose.REPLY, other[0]),
    )
    assert post.said() == []
    assert post.only().doubt == Doubt.UNSURE


@pytest.mark.parametrize(
    ("before", "words", "recorded"),
    [
        ("will_do", "Done", True),
        ("undone", "Done", True),
        ("will_do", "I can't", True),
        ("done", "I can't", False),
        ("cannot", "Done", False),
    ],
)
def test_a_word_against_what_was_said_before_is_doubt(
    post: Post, before: str, words: str, recorded: bool
) -> None:
    answer(post, before)
    post.brings(letter(words))
    assert len(post.said()) == (2 if recorded else 1)
    assert (post.only().doubt == Doubt.OTHERWISE) is not recorded


def test_the_same_word_again_adds_nothing_and_is_not_ours_to_take_back(post: Post) -> None:
    answer(post, "done")
    post.brings(letter("Done"))
    assert post.said() == [("done", "link")]
    conversation = post.only()
    assert conversation.recorded_id is None
    assert conversation.state == ConversationState.HANDLED


def test_a_word_that_was_overtaken_on_its_way_is_doubt(post: Post) -> None:
    services = post.services
    with services.database.writing() as session:
        arrival = Arrival("imap", ADA, (post.reply_address,))
        receive(session, services.vault, letter("Will do").as_bytes(), arrival, now())
    answer(post, "undone")
    filing.file_due(services)
    assert post.said() == [("undone", "link")]
    assert post.only().doubt == Doubt.OTHERWISE


def test_an_issue_without_an_ask_takes_words_only(post: Post) -> None:
    post.change(lambda session: take_asks_away(session, post))
    post.brings(letter("Done"))
    assert post.only().suggested is None
    assert post.only().state == ConversationState.UNREAD


def take_asks_away(session: Any, post: Post) -> None:
    from app.delivery.models import EditionOffer

    for row in session.query(EditionOffer):
        session.delete(row)


# Which conversation


def test_what_one_person_writes_of_one_newsletter_is_one_conversation(post: Post) -> None:
    post.brings(letter("When is the hearing?"))
    post.brings(letter("I mean the one in May.", Subject="Another thing"))
    conversation = post.only()
    brief = briefs.unseal(post.services.vault, conversation.brief)
    assert brief == ("Another thing", "Ada Quill", ADA, "I mean the one in May.")
    assert conversation.member_id is not None


def test_two_mails_at_once_are_one_conversation(post: Post) -> None:
    services, ids = post.services, []
    with services.database.writing() as session:
        for words in ("When is the hearing?", "And where?"):
            raw, arrival = letter(words).as_bytes(), Arrival("smtp", ADA, (post.reply_address,))
            ids.append(receive(session, services.vault, raw, arrival, now()))

    def file(mail_id: int) -> None:
        with services.database.writing() as session:
            filing.file(Desk(session, services.vault, services.links, 365, now()), mail_id)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(file, ids))
    assert {post.mail(mail_id).conversation_id for mail_id in ids} == {post.only().id}


def test_an_answer_that_came_back_is_seen(post: Post) -> None:
    post.brings(letter("Done"))
    conversation_id = post.only().id
    ours = (Ours(Letter.TALK, (conversation_id,)),)

    def write(session: Any) -> None:
        notice = Notice(kind="answer", sender="", recipient=ADA, raw=b"", created_at=now())
        notice.expires_at = notice.sent_at = now()
        notice.conversation_id = conversation_id
        session.add(notice)

    post.change(write)
    late = Sorted(Kind.BOUNCE, ours=ours, failures=(Failure(ADA, Hardness.LATE),))
    post.change(lambda session: taking.came_back(session, late, now()))
    assert post.only().state == "handled"
    failed = replace(late, failures=(Failure(ADA, Hardness.HARD, "5.1.1", "550 no such user"),))
    post.change(lambda session: taking.came_back(session, failed, now()))
    assert post.only().state == "unread"
    with post.services.database.reading() as session:
        notice = session.scalars(select(Notice)).one()
        assert (notice.sent_at, notice.last_answer) == (None, "550 no such user")
        assert not taking.came_back(session, replace(failed, ours=()), now())


def test_a_word_does_not_hide_a_question_that_waits(post: Post) -> None:
    post.brings(letter("When is the hearing?"))
    post.brings(letter("Done"))
    assert post.said() == [("done", "mail")]
    assert post.only().state == ConversationState.UNREAD


def test_a_conversation_of_one_network_never_moves_to_another(post: Post) -> None:
    def write_from_elsewhere(session: Any) -> None:
        medical = session.scalars(select(Network).where(Network.code == "medical")).one()
        medical.from_address = "medical@news.example.org"

    post.change(write_from_elsewhere)
    mail = letter("When is the hearing?", In_Reply_To="<unknown@x.example>")
    post.brings(mail, "medical@news.example.org")
    before = post.only().network_id
    assert before not in (None, post.network_id)
    post.brings(mail, post.reply_address)
    assert (post.only().network_id, post.only().delivery_id) == (before, None)


def test_a_mail_that_comes_again_changes_nothing(post: Post) -> None:
    mail = letter("Done")
    post.brings(mail)
    post.change(lambda session: set_state(session, "waiting"))
    copy_address = post.services.links.address(Purpose.COPY, post.delivery_id, post.offer_ids[0])
    post.brings(mail, "legal@news.example.org", copy_address.replace("c+", "x+"))
    assert post.said() == [("done", "mail")]
    assert post.only().state == "waiting"


def set_state(session: Any, state: str) -> None:
    session.query(Conversation).one().state = state


def test_the_address_of_a_conversation_leads_to_it(post: Post) -> None:
    post.brings(letter("When is the hearing?"))
    talk = post.services.links.address(Purpose.TALK, post.only().id)
    mail_id = post.brings(letter("Done", sender="other@quill.example", Subject="?"), talk.upper())
    assert post.mail(mail_id).conversation_id == post.only().id
    assert post.mail(mail_id).delivery_id == post.delivery_id
    assert_suggested(post, Doubt.SENDER, post.offer_ids[0])


def test_the_newsletters_message_id_says_which_it_answers(post: Post) -> None:
    newsletter = post.services.links.message_id(post.delivery_id)
    post.brings(letter("Done", References=f"<x@y.example> {newsletter}"), "legal@news.example.org")
    assert post.said() == [("done", "mail")]
    assert post.only().delivery_id == post.delivery_id


def test_a_made_up_message_id_says_nothing(post: Post) -> None:
    made_up = "<1.aaaaaaaaaaaaaaaaaaaaaaaa@news.example.org>"
    post.brings(letter("Done", In_Reply_To=made_up), "legal@news.example.org")
    assert post.said() == []
    conversation = post.only()
    assert conversation.delivery_id is None
    assert conversation.network_id == post.network_id  # by the address it was sent to
    assert conversation.member_id is not None


def test_the_same_person_and_subject_go_on_where_nothing_else_says_so(post: Post) -> None:
    answers = {"In_Reply_To": "<old@elsewhere.example>"}
    for subject in ("Hearing", "Re: hearing", "AW: Re:  Hearing", "Another thing"):
        post.brings(letter("Hello.", Subject=subject, **answers), "legal@news.example.org")
    first, second = post.conversations()
    assert briefs.unseal(post.services.vault, first.brief).subject == "AW: Re:  Hearing"
    assert briefs.unseal(post.services.vault, second.brief).subject == "Another thing"


def test_nobodys_network_is_for_admins(post: Post) -> None:
    mail = letter("Hello.", sender="Bo <bo@b.example>", In_Reply_To="<old@elsewhere.example>")
    post.brings(mail, "nobody@news.example.org")
    assert post.only().network_id is None
    assert post.only().member_id is None


def test_what_nobody_recognises_is_no_conversation_unless_a_member_wrote_it(post: Post) -> None:
    stranger = letter("Buy this.", sender="Bo <bo@b.example>", Subject="Offer")
    mail_id = post.brings(stranger, "legal@news.example.org")
    assert post.mail(mail_id).kind == "unrecognised"
    assert post.conversations() == []
    post.brings(letter("I have a question.", Subject="Hello"), "legal@news.example.org")
    assert post.only().network_id == post.network_id


@pytest.mark.parametrize(
    "sender", ["", "not an address", "a@b@c.example", "<>", '"\x00"@x.example']
)
def test_a_sender_that_makes_no_sense_is_kept(post: Post, sender: str) -> None:
    raw = letter("Hello.").as_bytes().replace(f"Ada Quill <{ADA}>".encode(), sender.encode())
    mail_id = post.brings(raw)
    mail = post.mail(mail_id)
    assert mail.state in ("sorted", "quarantined")
    assert len(post.conversations()) <= 1
    assert post.said() == []


def test_nothing_of_a_mail_is_readable_in_the_database(post: Post) -> None:
    post.brings(letter("A secret of the hearing.", Subject="Secret subject"))
    conversation = post.only()
    assert b"ecret" not in conversation.brief
    assert b"Ada" not in conversation.brief
    raw = post.services.vault.open(conversation.brief, briefs.SEALED_AS)
    assert b"Secret subject" in raw


def test_a_brief_whose_key_is_gone_is_empty(post: Post) -> None:
    assert briefs.unseal(post.services.vault, b"\x01nothing").subject == ""


def test_ada_may_change_her_address_meanwhile(post: Post) -> None:
    post.brings(letter("When is the hearing?"))

    def move(session: Any) -> None:
        ada = session.query(Member).one()
        ada.email = ada.email_key = "new@quill.example"

    post.change(move)
    post.brings(letter("Done"))
    assert_suggested(post, Doubt.SENDER, post.offer_ids[0])


def answer(post: Post, said: str) -> None:
    ids = (post.delivery_id, post.offer_ids[0])
    with post.services.database.writing() as session:
        driver = session.connection().connection.driver_connection
        answering.record(driver, ids, None, Answer(said), Details(), now())


def assert_suggested(post: Post, doubt: Doubt, offer_id: int | None) -> None:
    assert post.said() == []
    conversation = post.only()
    assert conversation.state == ConversationState.UNREAD
    assert conversation.suggested == "done"
    assert conversation.doubt == doubt
    assert conversation.suggested_offer_id == offer_id
    assert conversation.recorded_id is None
