"""Mail that was stored ends up where it belongs, once, whatever it is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from app.cases.models import Addressee
from app.clock import now
from app.conversations.models import Conversation
from app.delivery.models import DeliveryState, Settlement
from app.inbound import filing
from app.inbound.models import InboundMail, MailState
from app.inbound.receiving import SEALED_AS, Arrival, receive
from app.letters.models import Letter
from app.links import Purpose
from app.networks.models import AddressEvent, Membership, Suppression
from app.responses.models import Evidence, Response
from app.services import Services
from app.staff.models import AuditEntry
from app.vault import Vault
from tests import personas

ADA = "ada@members.example"
MINISTER = "minister@justice.example"


@dataclass(frozen=True)
class Sent:
    """One delivery with one ask, to Ada."""

    services: Services
    delivery_id: int
    offer_id: int

    def address(self, purpose: Purpose) -> str:
        ids = (self.delivery_id, *((self.offer_id,) if purpose is Purpose.COPY else ()))
        return self.services.links.address(purpose, *ids)

    def comes(self, raw: str | bytes, to: str = "", sender: str | None = ADA) -> InboundMail:
        """A mail comes in through a door, and what waits is filed."""
        data = raw if isinstance(raw, bytes) else raw.replace("\n", "\r\n").encode()
        arrival = Arrival("smtp", sender, (to,) if to else ())
        with self.services.database.writing() as session:
            mail_id = receive(session, self.services.vault, data, arrival, now())
        filing.file_due(self.services)
        with self.services.database.reading() as session:
            return session.get_one(InboundMail, mail_id)

    def all(self, model: type) -> list:  # type: ignore[type-arg]
        with self.services.database.reading() as session:
            return list(session.scalars(select(model)))

    def state(self) -> str:
        with self.services.database.reading() as session:
            return session.get_one(Settlement, self.delivery_id).state


@pytest.fixture
def sent(services: Services) -> Sent:
    with services.database.writing() as session:
        network = personas.network(session)
        personas.member(session, network, email=ADA)
        issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
        delivery = personas.delivered(session, issue, at=now() - timedelta(days=1))[0]
        return Sent(services, delivery.id, issue.offers[0].id)


def mail(to: str, text: str, subject: str = "Re: Two letters", extra: str = "") -> str:
    return (
        f"From: Ada Quill <{ADA}>\nTo: {to}\nSubject: {subject}\n"
        f"Message-ID: <{abs(hash((to, text)))}@members.example>\n{extra}\n{text}\n"
    )


BOUNCE = """From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=xx

--xx
Content-Type: text/plain

The mail could not be delivered.

--xx
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ada@members.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {code} {status} {words}

--xx--
"""


def bounce(to: str, action: str = "failed", status: str = "5.1.1", words: str = "no user") -> str:
    code = {"5": "550", "4": "451"}[status[0]]
    return BOUNCE.format(to=to, action=action, status=status, code=code, words=words)


def test_a_bounce_by_its_return_path(sent: Sent) -> None:
    to = sent.address(Purpose.RETURN_PATH)
    held = sent.comes(bounce(to), to.upper(), sender="")
    assert (held.kind, held.state, held.delivery_id) == ("bounce", "sorted", sent.delivery_id)
    assert sent.state() == DeliveryState.BOUNCED
    (event,) = sent.all(AddressEvent)
    assert (event.kind, event.status, event.email_key) == ("hard bounce", "5.1.1", ADA)
    assert sent.all(Conversation) == []


def test_a_bounce_without_a_return_path_is_known_by_its_report(sent: Sent) -> None:
    held = sent.comes(bounce("legal@news.example.org"), "legal@news.example.org", sender="")
    assert held.kind == "bounce"
    assert [event.kind for event in sent.all(AddressEvent)] == ["hard bounce"]
    assert sent.state() == DeliveryState.SENT


COMPLAINT = (
    "From: fbl@provider.example\nTo: {to}\nSubject: complaint\nMIME-Version: 1.0\n"
    "Content-Type: multipart/report; report-type=feedback-report; boundary=yy\n\n"
    "--yy\nContent-Type: text/plain\n\nThis is a report. {number}\n\n"
    "--yy\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
    f"User-Agent: provider/1\nOriginal-Rcpt-To: {ADA}\n\n"
    "--yy\nContent-Type: message/rfc822\n\n"
    "From: us@news.example.org\nTo: " + ADA + "\nSubject: hello\n{extra}\nhello\n--yy--\n"
)


@pytest.mark.parametrize("place", ["legal@news.example.org", Purpose.COPY])
def test_reports_that_anybody_can_forge_are_written_down_and_stop_no_mail(
    sent: Sent, place: str | Purpose
) -> None:
    """An address for copies is known to the addressees of letters."""
    to = sent.address(place) if isinstance(place, Purpose) else place
    for number in range(3):
        sent.comes(bounce(to, words=f"no user {number}"), to, sender="")
        sent.comes(COMPLAINT.format(to=to, number=number, extra=""), to, sender="")
    assert sent.all(Suppression) == []
    assert {event.source for event in sent.all(AddressEvent)} == {"unsigned mail"}
    assert sent.state() == DeliveryState.SENT
    sent.comes(bounce(to := sent.address(Purpose.RETURN_PATH)), to, sender="")
    assert sent.all(Suppression) == []  # what is believed is one


def test_a_report_that_gives_our_message_id_back_is_believed(sent: Sent) -> None:
    own = f"Message-ID: {sent.services.links.message_id(sent.delivery_id)}\n"
    held = sent.comes(COMPLAINT.format(to="legal@news.example.org", number=1, extra=own))
    assert held.delivery_id == sent.delivery_id
    assert [one.reason for one in sent.all(Suppression)] == ["complained"]


def test_a_delay_changes_nothing(sent: Sent) -> None:
    to = sent.address(Purpose.RETURN_PATH)
    sent.comes(bounce(to, "delayed", "4.4.1", "no answer from host"), to, sender="")
    assert sent.state() == DeliveryState.SENT
    assert sent.all(AddressEvent) == []


def test_a_complaint_ends_all_mail_to_the_address(sent: Sent) -> None:
    to = sent.address(Purpose.RETURN_PATH)
    report = COMPLAINT.format(to=to, number=1, extra="")
    assert sent.comes(report, to, sender="fbl@provider.example").kind == "complaint"
    (suppression,) = sent.all(Suppression)
    assert (suppression.email_key, suppression.reason) == (ADA, "complained")


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied\n", "X-Autoreply: yes\n"])
def test_an_automatic_answer_is_nobodys_word(sent: Sent, header: str) -> None:
    to = sent.address(Purpose.REPLY)
    held = sent.comes(mail(to, "Done", subject="Out of office", extra=header), to)
    assert (held.kind, held.state) == ("automatic", "sorted")
    assert sent.all(Response) == sent.all(Conversation) == []


def test_a_mail_to_the_address_for_leaving_leaves(sent: Sent) -> None:
    to = sent.address(Purpose.LEAVE)
    assert sent.comes(mail(to, "", subject="unsubscribe"), to).kind == "unsubscribe"
    (membership,) = sent.all(Membership)
    assert membership.ended_at is not None
    assert [event.kind for event in sent.all(AddressEvent)] == ["unsubscribed"]
    (entry,) = sent.all(AuditEntry)
    assert (entry.action, entry.detail) == ("membership.left", {"by": "mail"})


def test_an_addressee_who_wants_no_more_letters_unsubscribes_nobody(sent: Sent) -> None:
    to = sent.address(Purpose.COPY)
    raw = mail(f"{ADA}, {to}", "Please unsubscribe me").replace(f"Ada Quill <{ADA}>", MINISTER)
    sent.comes(raw, to, sender=MINISTER)
    assert sent.all(Membership)[0].ended_at is None
    assert len(sent.all(Conversation)) == 1
    sent.comes(mail(to, "Unsubscribe"), to)
    assert sent.all(Membership)[0].ended_at is not None


def test_a_plain_word_is_a_response(sent: Sent) -> None:
    to = sent.address(Purpose.REPLY)
    held = sent.comes(mail(to, "Done!\n\n> Have you written?"), to)
    assert held.kind == "reply"
    (response,) = sent.all(Response)
    assert (response.answer, response.channel, response.suspect) == ("done", "mail", None)
    assert "answered" in [event.kind for event in sent.all(AddressEvent)]


def test_a_plain_word_from_somebody_else_is_only_a_suggestion(sent: Sent) -> None:
    to = sent.address(Purpose.REPLY)
    sent.comes(mail(to, "Done").replace(ADA, "eve@members.example"), to, "eve@members.example")
    assert sent.all(Response) == []
    (conversation,) = sent.all(Conversation)
    assert conversation.suggested == "done"


def test_a_letter_copied_to_us_is_evidence(sent: Sent) -> None:
    to = sent.address(Purpose.COPY)
    held = sent.comes(mail(MINISTER, "Dear Minister,\n\nI ask you to …", "Mira Solenne"), to)
    assert held.kind == "letter"
    (letter,) = sent.all(Letter)
    assert (letter.delivery_id, letter.offer_id) == (sent.delivery_id, sent.offer_id)
    (response,), (evidence,) = sent.all(Response), sent.all(Evidence)
    assert (response.answer, response.channel) == ("done", "mail")
    assert (evidence.grade, evidence.letter_id) == ("evidenced", letter.id)


WINNER = "Dear friend,\n\n" + "you have won a great deal of money in our lottery. " * 10


def test_spam_to_an_address_for_copies_is_evidence_of_nothing(sent: Sent) -> None:
    to = sent.address(Purpose.COPY)
    for others in ("friend@elsewhere.example", to):
        raw = mail(others, WINNER, "You won").replace(ADA, "eve@spam.example")
        assert sent.comes(raw, to, "eve@spam.example").kind == "letter"
    assert sent.all(Response) == sent.all(Letter) == sent.all(Evidence) == []
    assert {one.delivery_id for one in sent.all(Conversation)} == {sent.delivery_id}  # staff look


def test_a_letter_from_another_address_to_an_addressee_on_file_is_evidence(sent: Sent) -> None:
    with sent.services.database.writing() as session:
        session.scalars(select(Addressee)).first().email = MINISTER  # type: ignore[union-attr]
    to = sent.address(Purpose.COPY)
    raw = mail(MINISTER, "Dear Minister,\n\nI ask you to …").replace(ADA, "ada@work.example")
    assert sent.comes(raw, to, "ada@work.example").kind == "letter"
    assert len(sent.all(Letter)) == len(sent.all(Evidence)) == 1


def test_the_same_mail_twice_is_acted_upon_once(sent: Sent) -> None:
    to = sent.address(Purpose.COPY)
    letter = mail(MINISTER, "Dear Minister,\n\nI ask you to …", "Mira Solenne")
    first = sent.comes(letter, to)
    again = sent.comes("Received: from elsewhere\n" + letter, to)
    also = sent.comes(letter, sent.address(Purpose.REPLY))
    assert first.id == again.id == also.id
    assert len(sent.all(Letter)) == len(sent.all(Response)) == len(sent.all(Evidence)) == 1


def test_what_nobody_can_place_waits_for_people(sent: Sent) -> None:
    held = sent.comes(
        "From: Eve <eve@x.example>\nTo: legal@news.example.org\nSubject: Hello\n\nWho are you?\n",
        "legal@news.example.org",
        sender="eve@x.example",
    )
    assert (held.state, held.kind, held.delivery_id) == (MailState.SORTED, "unrecognised", None)
    assert sent.all(Conversation) == []  # admins see it among what was not placed


@pytest.mark.parametrize("purpose", [Purpose.REPLY, Purpose.COPY, Purpose.LEAVE])
def test_a_forged_address_opens_nothing(sent: Sent, purpose: Purpose) -> None:
    local, _, domain = sent.address(purpose).partition("@")
    forged = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
    sent.comes(mail(forged, "Done"), forged)
    assert sent.all(Response) == sent.all(Letter) == []
    assert sent.all(Membership)[0].ended_at is None


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"no header at all", "header"),
        (b"Subject: a\0b\r\n\r\nx", "NUL"),
        (b"Subject: " + b"x" * 1_000_000 + b"\r\n\r\nx", "too long"),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"--b\r\n\r\nx\r\n" * 10_000
            + b"--b--\r\n",
            "parts",
        ),
    ],
    ids=["no header", "NUL", "long field", "many parts"],
)
def test_what_is_too_strange_is_kept_and_not_acted_upon(sent: Sent, raw: bytes, why: str) -> None:
    held = sent.comes(raw, sent.address(Purpose.REPLY))
    assert held.state == MailState.QUARANTINED
    assert why in held.why
    with sent.services.database.reading() as session:
        kept = session.get_one(InboundMail, held.id).raw or b""
    assert sent.services.vault.open(kept, SEALED_AS) == raw


def test_one_that_cannot_be_sorted_is_given_up_and_stops_no_other(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    act: Callable[..., None] = filing._act

    def stumble(desk: filing.Desk, held: InboundMail, found: object, raw: bytes) -> None:
        if b"poison" in raw:
            raise RuntimeError("a bug")
        act(desk, held, found, raw)

    monkeypatch.setattr(filing, "_act", stumble)
    to = sent.address(Purpose.REPLY)
    poisoned = sent.comes(mail(to, "poison"), to)
    assert sent.comes(mail(to, "Done"), to).state == MailState.SORTED
    assert poisoned.state == MailState.RECEIVED
    for days in range(1, 6):
        with time_machine.travel(now() + timedelta(days=days)):
            filing.file_due(sent.services)
    with sent.services.database.reading() as session:
        held = session.get_one(InboundMail, poisoned.id)
        assert (held.state, held.attempts) == (MailState.QUARANTINED, filing.MOST_TRIES)


def test_mail_sealed_by_a_lost_key_is_quarantined(sent: Sent) -> None:
    lost = replace(sent, services=replace(sent.services, vault=Vault(["lost" * 10])))
    with lost.services.database.writing() as session:
        receive(session, lost.services.vault, b"A: b\r\n\r\nx", Arrival("pipe"), now())
    filing.file_due(sent.services)
    (held,) = sent.all(InboundMail)
    assert held.state == MailState.QUARANTINED
    assert "SECRET_KEYS" in held.why


def test_the_words_of_old_mail_are_forgotten(sent: Sent) -> None:
    to = sent.address(Purpose.REPLY)
    held = sent.comes(mail(to, "A question: when?"), to)
    with sent.services.database.writing() as session:
        assert filing.forget_old(session, 90, now() + timedelta(days=89)) == 0
        assert filing.forget_old(session, 90, now() + timedelta(days=91)) == 1
        assert session.scalar(select(func.count(InboundMail.id))) == 1
        assert session.get_one(InboundMail, held.id).raw is None
