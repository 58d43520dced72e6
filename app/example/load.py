"""Filling an empty database with the example, through the same use cases that people use."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.cases.interchange import import_cases
from app.cases.models import Case
from app.clock import now
from app.delivery import preparing
from app.delivery.models import (
    Cause,
    Chunk,
    Delivery,
    DeliveryState,
    EditionOffer,
    Settlement,
)
from app.example.cast import NETWORKS, NetworkPart, Person, people
from app.example.replies import write_back
from app.issues import arranging, editing
from app.issues.models import Issue
from app.networks.models import Member, Membership, Network
from app.networks.profiles import apply_profile
from app.responses.models import Answer, Channel, Evidence, Grade, Response, Visit
from app.services import Services
from app.staff.models import Role, Staff

CASES = Path(__file__).with_name("cases.json")
SENT_AGO = timedelta(days=12)
ADMIN = "admin@docket.example"
STAFF = (
    (ADMIN, "Petra Lindqvist", Role.ADMIN),
    ("coordinator@docket.example", "Ilse Marrow", Role.COORDINATOR),
    ("reviewer@docket.example", "Anselm Okoro", Role.REVIEWER),
)
# How members of the example take an ask, in per cent; the rest stay silent.
HABITS = (
    (Answer.DONE, 24),
    (Answer.WILL_DO, 12),
    (Answer.COULD_NOT, 4),
    (Answer.CANNOT, 8),
    (Answer.ALREADY, 3),
)


def load(services: Services) -> None:
    """Write the whole example in one transaction; the database must be empty."""
    at = now()
    with services.database.writing() as session:
        networks = _networks(session, at - timedelta(days=200))
        _staff(session, networks, at)
        import_cases(session, json.loads(CASES.read_text(encoding="utf-8")), None)
        session.flush()  # the issues look the cases up
        issue = _sent_issue(session, services, networks[0], at - SENT_AGO)
        write_back(session, services, issue, at)
        _draft(session, networks[1], at)


def _networks(session: Session, at: datetime) -> list[Network]:
    networks, count = [], 0
    for part in NETWORKS:
        network = Network(
            code=part.code,
            name=part.name,
            sector=part.code,
            about=part.about,
            from_name=part.name,
            from_address=f"{part.code}@docket.example",
            postal_address="Docket example, 1 Invented Street, Nowhere",
            created_at=at,
        )
        session.add(network)
        session.flush()  # the memberships need its id
        _members(session, network, part, count, at)
        networks.append(network)
        count += part.size
    return networks


def _members(
    session: Session, network: Network, part: NetworkPart, first: int, at: datetime
) -> None:
    for person in people(part, first):
        member = _member(person, at)
        session.add(member)
        session.flush()  # the membership needs its id
        session.add(
            Membership(
                member_id=member.id,
                network_id=network.id,
                sector=network.sector,
                source="import",
                started_at=at,
                consent_wording="I want to receive the newsletter.",
                consent_source="the example",
                consent_at=at,
            )
        )


def _member(person: Person, at: datetime) -> Member:
    member = Member(
        email=person.email, email_key=person.email, name="", created_at=at, updated_at=at
    )
    profile = {
        "name": person.name,
        "profession": person.profession,
        "country": person.country,
        "timezone": person.timezone,
        "specialties": [person.specialty],
        "languages": [person.language],
    }
    apply_profile(member, profile, at)
    return member


def _staff(session: Session, networks: Sequence[Network], at: datetime) -> None:
    for email, name, role in STAFF:
        somebody = Staff(
            email=email, email_key=email, name=name, role=role, session_epoch=0, created_at=at
        )
        if role is Role.COORDINATOR:
            somebody.networks = list(networks)
        session.add(somebody)


def _sent_issue(session: Session, services: Services, network: Network, at: datetime) -> Issue:
    issue = editing.create(session, network, None, at, title="Letters for two colleagues")
    words = {
        "title": "Letters for two colleagues",
        "subject": "A colleague without a lawyer, and a printing house under seal",
        "preview": "One letter, ten minutes.",
        "introduction": "This month **two requests**, both for people who do what you do.",
        "closing": "Thank you for the time you take for this.",
        "sender_name": "Ilse Marrow",
    }
    editing.rewrite(issue, words, at)
    for reference in ("VER-2026-014", "ORM-2026-003"):
        arranging.add_case(session, issue, _case(session, reference), at)
    preparing.schedule(session, issue, at, None, at)
    session.flush()  # freezing reads the issue from the database
    preparing.freeze(session, issue.id, at)
    _mark_sent(session, issue, at)
    _answer(session, issue, at, Random(7))  # noqa: S311 - the same example each time
    session.flush()  # replies come from those who did not answer
    return issue


def _draft(session: Session, network: Network, at: datetime) -> None:
    issue = editing.create(session, network, None, at, title="Insulin for Dr Brecht")
    words = {
        "title": "Insulin for Dr Brecht",
        "subject": "A sentence only a doctor can write",
        "preview": "For an emergency physician in prison.",
        "introduction": "This month **one colleague**. His insulin comes irregularly.",
        "closing": "With thanks, and with respect for your evening.",
        "sender_name": "Ilse Marrow",
    }
    editing.rewrite(issue, words, at)
    arranging.add_case(session, issue, _case(session, "TAL-2026-007"), at)


def _case(session: Session, reference: str) -> Case:
    return session.scalars(select(Case).where(Case.reference == reference)).one()


def _mark_sent(session: Session, issue: Issue, at: datetime) -> None:
    """As if the worker had sent them then; two members' servers said no."""
    deliveries = session.scalars(
        select(Delivery).where(Delivery.issue_id == issue.id).order_by(Delivery.id)
    ).all()
    for number, delivery in enumerate(deliveries):
        refused = number in (9, 21)
        session.add(
            Settlement(
                delivery_id=delivery.id,
                issue_id=issue.id,
                state=DeliveryState.FAILED if refused else DeliveryState.SENT,
                cause=Cause.REFUSED if refused else None,
                attempts=1,
                settled_at=at,
                relay="example",
                code=550 if refused else 250,
                answer="5.1.1 no such mailbox" if refused else "2.0.0 queued",
            )
        )
    session.execute(update(Chunk).where(Chunk.issue_id == issue.id).values(done_at=at))
    issue.finished_at = at


def _answer(session: Session, issue: Issue, at: datetime, chance: Random) -> None:
    pairs = session.execute(
        select(Delivery.id, EditionOffer.offer_id)
        .join(EditionOffer, EditionOffer.edition_id == Delivery.edition_id)
        .join(Settlement, Settlement.delivery_id == Delivery.id)
        .where(Delivery.issue_id == issue.id, Settlement.state == DeliveryState.SENT)
        .order_by(Delivery.id, EditionOffer.offer_id)
    ).all()
    for delivery_id, offer_id in pairs:
        roll = chance.randrange(100)
        when = at + timedelta(hours=chance.randrange(1, 24 * 11))
        if roll < 70:
            session.add(Visit(delivery_id=delivery_id, offer_id=offer_id, first_at=when))
        for answer, share in HABITS:
            if 0 <= roll < share:
                session.add(_response(delivery_id, offer_id, answer, when))
                if answer is Answer.DONE and roll % 4 == 0:
                    session.add(_evidence(delivery_id, offer_id, roll, when))
            roll -= share


def _response(delivery_id: int, offer_id: int, answer: Answer, at: datetime) -> Response:
    done = answer is Answer.DONE
    return Response(
        delivery_id=delivery_id,
        offer_id=offer_id,
        answer=answer,
        channel=Channel.LINK,
        recorded_at=at,
        letters=1 if done else None,
        how="post" if done else None,
        promised_for=(at + timedelta(days=7)).date() if answer is Answer.WILL_DO else None,
    )


def _evidence(delivery_id: int, offer_id: int, roll: int, at: datetime) -> Evidence:
    grade = Grade.VERIFIED if roll % 8 == 0 else Grade.EVIDENCED
    return Evidence(
        delivery_id=delivery_id,
        offer_id=offer_id,
        grade=grade,
        note="A copy of the letter came.",
        recorded_at=at + timedelta(days=1),
    )
