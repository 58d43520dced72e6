"""A refusal while we speak SMTP is a bounce too."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery import settling
from app.delivery.settling import Settled
from app.mail.answers import Answer, Outcome, Stage, unsendable
from app.networks import histories
from app.networks.models import AddressEvent
from tests.delivery.cast import LATER, NEVER, OPEN, RELAY, TAKEN, TROUBLE, ledger, members_of


def refused(text: str, code: int = 550) -> Answer:
    return Answer(Outcome.GIVE_UP, Stage.RCPT, RELAY, code, text)


def settle(
    session: Session, answer: Answer, times: int = 1, ledgers: int = 1
) -> list[AddressEvent]:
    for _ledger in range(ledgers):
        made = ledger(session, 1)
        for _time in range(times):
            one = Settled(made.ids[0], made.issue_id, answer, fresh=True)
            settling.settle(session, "w", [one], now())
    return list(session.scalars(select(AddressEvent)))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (NEVER, "hard bounce"),
        (refused("5.7.1 message refused by policy"), "soft bounce"),
        (refused("5.2.2 mailbox full", 552), "mailbox full"),
        (refused("over quota"), "mailbox full"),
    ],
)
def test_it_stands_in_the_history_of_the_address(
    session: Session, answer: Answer, kind: str
) -> None:
    (event,) = settle(session, answer)
    assert (event.kind, event.source, event.text) == (kind, "smtp", answer.text)
    assert event.mark == f"smtp:{event.delivery_id}"


@pytest.mark.parametrize(
    "answer", [TAKEN, LATER, TROUBLE, OPEN, unsendable("no name")], ids=lambda a: a.outcome
)
def test_what_says_nothing_of_the_address_is_not_held_against_it(
    session: Session, answer: Answer
) -> None:
    assert settle(session, answer) == []


def test_the_same_delivery_settled_twice_is_one_event(session: Session) -> None:
    assert len(settle(session, NEVER, times=2)) == 1


@pytest.mark.parametrize(
    ("answer", "stops"), [(NEVER, True), (refused("5.2.2 mailbox full", 552), False)]
)
def test_a_second_refusal_stops_mail_unless_the_mailbox_is_full(
    session: Session, answer: Answer, stops: bool
) -> None:
    made = ledger(session, 1)
    (member,) = members_of(session, made)
    earlier = histories.Happened(histories.AddressEventKind.HARD_BOUNCE, "mail", delivery_id=999)
    histories.note(session, member.email_key, earlier, now())
    settling.settle(session, "w", [Settled(made.ids[0], made.issue_id, answer, fresh=True)], now())
    assert histories.is_suppressed(session, member.email_key) is stops
