"""What mail systems say of an address and of a delivery, acted upon once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery.models import Delivery, DeliveryState, Settlement
from app.inbound import events
from app.inbound.providers.shapes import Event, EventKind
from app.inbound.sorting.shapes import Failure, Hardness
from app.links import Links
from app.networks import histories
from app.networks.models import AddressEvent, Membership, Suppression
from tests import personas

GONE = Failure("ada@members.example", Hardness.HARD, "5.1.1", "no such user", "dsn")


@pytest.fixture
def delivery(session: Session) -> Delivery:
    network = personas.network(session)
    personas.member(session, network, email="ada@members.example")
    ask = personas.ask(session, personas.case(session))
    return personas.delivered(session, personas.issue(session, network, [ask]))[0]


def told(links: Links, delivery: Delivery, kind: EventKind, number: int = 1) -> Event:
    return Event(
        kind,
        "ada@members.example",
        "sendgrid",
        f"event-{number}",
        hardness=Hardness.HARD,
        return_path=links.return_path(delivery.id),
    )


def state(session: Session, delivery: Delivery) -> str:
    session.expire_all()
    return session.get_one(Settlement, delivery.id).state


def test_what_came_back_is_no_delivery_and_stands_in_the_history(
    session: Session, delivery: Delivery
) -> None:
    assert events.bounced(session, delivery, GONE, "mail", now())
    assert state(session, delivery) == DeliveryState.BOUNCED
    (event,) = session.scalars(select(AddressEvent))
    assert (event.kind, event.source, event.status) == ("hard bounce", "mail", "5.1.1")
    assert (event.email_key, event.delivery_id) == ("ada@members.example", delivery.id)
    assert not histories.is_suppressed(session, "ada@members.example")


def test_a_delay_is_no_bounce(session: Session, delivery: Delivery) -> None:
    late = GONE._replace(hardness=Hardness.LATE)
    assert not events.bounced(session, delivery, late, "mail", now())
    assert state(session, delivery) == DeliveryState.SENT
    assert not session.scalars(select(AddressEvent)).all()


def test_without_a_return_path_the_failed_address_says_whose(
    session: Session, delivery: Delivery
) -> None:
    failed = GONE._replace(recipient="ADA@Members.example")
    assert events.bounced(session, None, failed, "mail", now())
    assert not events.bounced(session, None, GONE._replace(recipient="eve@x.example"), "m", now())
    assert not events.bounced(session, None, GONE._replace(recipient="not one"), "mail", now())
    assert not events.bounced(session, None, GONE._replace(recipient=None), "mail", now())
    assert state(session, delivery) == DeliveryState.SENT  # which mail it was, nobody can say


@pytest.mark.parametrize(
    ("hardness", "times", "suppressed"),
    [
        (Hardness.HARD, 1, False),
        (Hardness.HARD, 2, True),
        (Hardness.SOFT, 4, False),
        (Hardness.SOFT, 6, True),
        (Hardness.FULL, 50, False),
    ],
)
def test_a_score_decides(
    session: Session, delivery: Delivery, hardness: Hardness, times: int, suppressed: bool
) -> None:
    for number in range(times):
        failure = GONE._replace(hardness=hardness)
        at = now() + timedelta(days=number)
        events.bounced(session, None, failure, "mail", at, mark=f"m{number}")
    assert histories.is_suppressed(session, "ada@members.example") is suppressed


def test_a_complaint_suppresses_at_once(session: Session, delivery: Delivery) -> None:
    assert events.complained(session, delivery, None, "mail", now())
    assert session.scalars(select(Suppression)).one().reason == "complained"
    assert state(session, delivery) == DeliveryState.SENT  # it arrived, and was not welcome


def test_the_same_event_is_acted_upon_once(
    session: Session, links: Links, delivery: Delivery
) -> None:
    bounce = told(links, delivery, EventKind.BOUNCE)
    assert events.note(session, [bounce, bounce], links, now()) == 1
    assert events.note(session, [bounce], links, now()) == 0
    again = told(links, delivery, EventKind.BOUNCE, number=2)
    assert events.note(session, [again], links, now()) == 1
    # One mail that is told of twice is one bounce.
    assert not histories.is_suppressed(session, "ada@members.example")


def test_a_message_id_of_ours_finds_the_delivery_too(
    session: Session, links: Links, delivery: Delivery
) -> None:
    plain = told(links, delivery, EventKind.BOUNCE)
    named = replace(plain, return_path=None, message_id=links.message_id(delivery.id).upper())
    assert events.note(session, [named], links, now()) == 1
    assert state(session, delivery) == DeliveryState.BOUNCED


@pytest.mark.parametrize("kind", [EventKind.DELAYED, EventKind.DELIVERED, EventKind.OTHER])
def test_other_events_change_nothing(
    session: Session, links: Links, delivery: Delivery, kind: EventKind
) -> None:
    assert events.note(session, [told(links, delivery, kind)], links, now()) == 0
    assert state(session, delivery) == DeliveryState.SENT


def test_leaving_through_a_provider_leaves_the_network_of_the_mail(
    session: Session, links: Links, delivery: Delivery
) -> None:
    leave = told(links, delivery, EventKind.UNSUBSCRIBE)
    assert events.note(session, [leave], links, now()) == 1
    assert session.get_one(Membership, delivery.membership_id).ended_at is not None
    assert events.note(session, [replace(leave, return_path="b+x@y")], links, now()) == 0


def test_a_forged_return_path_bounces_nobodys_mail(
    session: Session, links: Links, delivery: Delivery
) -> None:
    forged = links.return_path(delivery.id).replace("@", "x@")
    event = replace(told(links, delivery, EventKind.COMPLAINT), return_path=forged, recipient="")
    assert events.note(session, [event], links, now()) == 0
