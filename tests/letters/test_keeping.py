"""Letters are kept once for each ask that was asked, sealed, with their evidence, for a time."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models import Ask, Case
from app.clock import now
from app.db import Database
from app.errors import NotFound, Refused
from app.letters import files, keeping
from app.letters.models import Letter, LetterKind
from app.responses import answering
from app.responses.answering import Details
from app.responses.models import Answer, Response
from app.vault import Unreadable, Vault
from tests.letters.conftest import (
    DAYS,
    MAIL,
    Asked,
    evidence,
    keep,
    letters,
    mail,
    said,
    upload,
)


def say(session: Session, ids: tuple[int, int], *answers: Answer) -> None:
    connection = session.connection().connection.driver_connection
    for answer in answers:
        newest = answering.newest(connection, ids)
        answering.record(connection, ids, newest, answer, Details(), now())


def test_a_mail_is_kept_whole_and_is_evidence_that_it_was_sent(
    session: Session, vault: Vault, asked: Asked
) -> None:
    assert keep(session, vault, [asked.ids]) == 1
    (letter,) = letters(session)
    assert keeping.content(vault, letter, now()) == MAIL
    assert (letter.kind, letter.source, letter.media_type) == ("letter", "mail", "message/rfc822")
    assert (letter.case_id, letter.size, letter.name) == (asked.case_id, len(MAIL), "letter.eml")
    assert letter.mail_id is not None
    assert letter.expires_at - letter.received_at == timedelta(days=DAYS)
    assert said(session) == [("done", "mail")]
    assert evidence(session) == [("evidenced", "letter", True)]
    tally = asked.tally(session)
    assert (tally.reported, tally.evidenced, tally.verified) == (1, 1, 0)


def test_nobody_reads_it_without_the_key_or_as_another_letter(
    session: Session, vault: Vault, asked: Asked
) -> None:
    keep(session, vault, [asked.ids, (asked.delivery_id, asked.other_offer_id)])
    first, second = letters(session)
    assert first.content is not None
    assert b"Minister" not in first.content
    with pytest.raises(Unreadable):
        keeping.content(Vault(["another key " * 4]), first, now())
    first.content = second.content
    with pytest.raises(Unreadable):
        keeping.content(vault, first, now())


def test_an_addressees_reply_is_evidence_of_its_own_kind(
    session: Session, vault: Vault, asked: Asked
) -> None:
    keep(session, vault, [asked.ids], kind=LetterKind.ADDRESSEE)
    assert letters(session)[0].name == "reply.eml"
    assert evidence(session) == [("evidenced", "addressee", True)]
    assert said(session) == [("done", "mail")]


def test_the_same_mail_again_is_one_letter(session: Session, vault: Vault, asked: Asked) -> None:
    for _time in range(3):
        assert keep(session, vault, [asked.ids, asked.ids]) == 1
    assert len(letters(session)) == len(evidence(session)) == len(said(session)) == 1


def test_one_mail_for_two_asks_is_a_letter_for_each(
    session: Session, vault: Vault, asked: Asked
) -> None:
    both = [asked.ids, (asked.delivery_id, asked.other_offer_id)]
    assert keep(session, vault, both[:1]) == 1
    assert keep(session, vault, both) == 2
    assert [letter.offer_id for letter in letters(session)] == [one[1] for one in both]


def test_what_was_not_asked_of_this_member_is_not_kept(
    session: Session, vault: Vault, asked: Asked
) -> None:
    delivery, offer = asked.ids
    foreign_delivery, foreign_offer = asked.foreign
    places = [(delivery, foreign_offer), (foreign_delivery, offer), (999, offer), (delivery, 999)]
    assert keep(session, vault, [*places, (), (delivery,), (delivery, offer, 1)]) == 0
    assert not letters(session)
    assert not said(session)
    assert not evidence(session)
    with pytest.raises(NotFound):
        upload(session, vault, (delivery, foreign_offer))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([Answer.DONE], ["done"]),
        ([Answer.ALREADY], ["already"]),
        ([Answer.WILL_DO], ["will_do", "done"]),
        ([Answer.CANNOT], ["cannot", "done"]),
        ([Answer.DONE, Answer.UNDONE], ["done", "undone", "done"]),
    ],
)
def test_a_letter_says_that_it_was_sent_unless_the_member_has(
    session: Session, vault: Vault, asked: Asked, before: list[Answer], after: list[str]
) -> None:
    say(session, asked.ids, *before)
    keep(session, vault, [asked.ids])
    assert [answer for answer, _channel in said(session)] == after
    assert len(evidence(session)) == 1


@pytest.mark.parametrize("end", ["stopped", "withdrawn", "old"])
def test_what_was_sent_is_kept_when_the_ask_is_over(
    session: Session, vault: Vault, asked: Asked, end: str
) -> None:
    if end == "stopped":
        session.get_one(Case, asked.case_id).status = "stopped"
    elif end == "withdrawn":
        for ask in session.scalars(select(Ask)):
            ask.withdrawn_at = now()
    found = mail(session, vault)
    later = now() + timedelta(days=1000 if end == "old" else 0)
    kind = LetterKind.LETTER
    assert keeping.keep_mail(session, vault, found, MAIL, [asked.ids], kind, DAYS, later) == 1
    assert len(evidence(session)) == 1


def test_an_upload_is_the_members_own_word(session: Session, vault: Vault, asked: Asked) -> None:
    letter = upload(session, vault, asked.ids)
    assert (letter.source, letter.mail_id, letter.name) == ("upload", None, "letter.txt")
    assert said(session) == [("done", "link")]
    assert keeping.content(vault, letter, now()) == b"Dear Minister"


def test_the_same_file_for_the_same_ask_is_one(
    session: Session, vault: Vault, asked: Asked
) -> None:
    first, again = upload(session, vault, asked.ids), upload(session, vault, asked.ids)
    other = upload(session, vault, (asked.delivery_id, asked.other_offer_id))
    assert first.id == again.id != other.id
    assert len(evidence(session)) == 2


def test_a_mail_that_comes_both_ways_is_one(session: Session, vault: Vault, asked: Asked) -> None:
    keep(session, vault, [asked.ids])
    upload(session, vault, asked.ids, MAIL.replace(b"\r\n", b"\n"))
    assert len(letters(session)) == len(evidence(session)) == 1


def test_there_is_an_end_to_the_files_of_one_ask(
    session: Session, vault: Vault, asked: Asked
) -> None:
    for number in range(keeping.MOST):
        upload(session, vault, asked.ids, b"Letter %d" % number)
    with pytest.raises(Refused, match="files for this already"):
        upload(session, vault, asked.ids, b"One more")
    upload(session, vault, asked.ids, b"Letter 0")
    assert len(letters(session)) == keeping.MOST


def test_the_same_file_twice_at_once_is_one(database: Database, vault: Vault, asked: Asked) -> None:
    start = Barrier(4)
    file = files.check(b"Dear Minister", 10)

    def give() -> None:
        start.wait()
        with database.writing() as session:
            keeping.keep_upload(session, vault, asked.ids, LetterKind.LETTER, file, DAYS, now())

    threads = [Thread(target=give) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert len(letters(session)) == len(evidence(session)) == 1
        assert len(session.scalars(select(Response)).all()) == 1


def test_what_expired_is_deleted_and_the_row_stays(
    session: Session, vault: Vault, asked: Asked
) -> None:
    letter = upload(session, vault, asked.ids)
    end = letter.expires_at
    assert keeping.forget_expired(session, end - timedelta(seconds=1)) == 0
    with pytest.raises(NotFound, match="deleted"):
        keeping.content(vault, letter, end)
    assert keeping.forget_expired(session, end) == 1
    assert keeping.forget_expired(session, end) == 0
    assert session.scalar(select(Letter.content)) is None
    assert asked.tally(session).evidenced == 1
    upload(session, vault, asked.ids)
    assert len(letters(session)) == 1
