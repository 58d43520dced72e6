"""A small cast, reused: networks, members, cases, issues and staff with sensible values."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models import Addressee, Ask, Case, CasePerson
from app.clock import now
from app.delivery.models import (
    Chunk,
    Delivery,
    DeliveryState,
    Edition,
    EditionOffer,
    Settlement,
)
from app.issues.models import Block, BlockKind, Issue, Offer
from app.networks.models import Member, Membership, MemberTrait, Network, TraitKind
from app.staff.models import Role, Staff

_number = count(1)


def network(session: Session, code: str = "legal", **values: Any) -> Network:
    defaults: dict[str, Any] = {
        "name": f"{code.title()} Network",
        "sector": code if code in ("legal", "medical", "media") else "legal",
        "from_name": f"{code.title()} Network",
        "from_address": f"{code}@news.example.org",
        "created_at": now(),
    }
    return _add(session, Network(code=code, **defaults | values))


def member(
    session: Session,
    network: Network | None = None,
    name: str = "Ada Quill",
    email: str | None = None,
    *,
    specialties: tuple[str, ...] = (),
    languages: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    **values: Any,
) -> Member:
    email = email or f"member{next(_number)}@example.org"
    somebody = Member(
        email=email,
        email_key=email.casefold(),
        name=name,
        created_at=now(),
        updated_at=now(),
        **values,
    )
    for kind, words in (
        (TraitKind.SPECIALTY, specialties),
        (TraitKind.LANGUAGE, languages),
        (TraitKind.TAG, tags),
    ):
        somebody.traits += [
            MemberTrait(kind=kind, value=word.casefold(), label=word, position=position)
            for position, word in enumerate(words)
        ]
    _add(session, somebody)
    if network is not None:
        membership(session, somebody, network)
    return somebody


def membership(session: Session, member: Member, network: Network, **values: Any) -> Membership:
    defaults: dict[str, Any] = {
        "sector": network.sector,
        "source": "import",
        "started_at": now(),
        "consent_wording": "I agree to receive the newsletter.",
        "consent_source": "sign-up sheet",
        "consent_at": now(),
    }
    return _add(
        session, Membership(member_id=member.id, network_id=network.id, **defaults | values)
    )


def case(session: Session, reference: str | None = None, **values: Any) -> Case:
    reference = reference or f"CASE-{next(_number)}"
    defaults: dict[str, Any] = {
        "title": "Mira Solenne",
        "place": "Port Halden, Veridia",
        "summary": "Mira Solenne, a defence lawyer, was arrested at her office on 3 November.",
        "concerns": ["fair trial"],
        "keywords": ["lawyers"],
        "sectors": ["legal"],
        "created_at": now(),
        "updated_at": now(),
        "people": [CasePerson(name="Mira Solenne", occupation="defence lawyer")],
        "addressees": [
            Addressee(
                reference="minister",
                title="Minister of Justice",
                name="Osric Vane",
                salutations={"en": "Dear Minister"},
                post="1 Court Square\nPort Halden\nVeridia",
                email="minister@justice.example",
                copies=["embassy@veridia.example"],
            )
        ],
    }
    return _add(session, Case(reference=reference, **defaults | values))


def ask(session: Session, case: Case, reference: str | None = None, **values: Any) -> Ask:
    defaults: dict[str, Any] = {
        "kind": "letter",
        "headline": "Write to the Minister of Justice and ask for her release.",
        "why": "A letter from a colleague abroad is read.",
        "instructions": "Be polite. Write in your own words.",
        "button": "I have sent my letter",
        "sectors": [],
        "specialties": [],
        "countries": [],
        "languages": [],
        "addressees": list(case.addressees),
        "position": len(case.asks),
    }
    thing = Ask(reference=reference or f"ask-{next(_number)}", **defaults | values)
    case.asks.append(thing)
    session.flush()  # others refer to its id
    return thing


def issue(session: Session, network: Network, asks: list[Ask], **values: Any) -> Issue:
    """A draft with these asks, their cases in the order of the asks."""
    defaults: dict[str, Any] = {
        "title": "November",
        "subject": "Two letters this month",
        "preview": "One is from a colleague.",
        "greeting": "Dear {{name|colleague}},",
        "introduction": "Thank you for reading.",
        "closing": "With warm regards",
        "sender_name": "Ilse Marrow",
        "created_at": now(),
        "updated_at": now(),
    }
    thing = Issue(network=network, **defaults | values)
    cases = list(dict.fromkeys(a.case for a in asks))
    thing.every_block = [
        Block(kind=BlockKind.CASE, case=c, position=n) for n, c in enumerate(cases)
    ]
    thing.offers = [Offer(ask=a, position=n) for n, a in enumerate(asks)]
    return _add(session, thing)


def staff(
    session: Session, role: str = "admin", networks: list[Network] | None = None, **values: Any
) -> Staff:
    email = f"staff{next(_number)}@example.org"
    defaults: dict[str, Any] = {
        "email": email,
        "email_key": email,
        "name": "Petra Lindqvist",
        "role": Role(role).value,
        "session_epoch": 0,
        "created_at": now(),
    }
    somebody = Staff(**defaults | values)
    somebody.networks = [session.merge(n, load=True) for n in networks or []]
    return _add(session, somebody)


def delivered(
    session: Session, issue: Issue, *, at: datetime | None = None, state: str = "sent"
) -> list[Delivery]:
    """Freeze the issue without composing or sending: every current member gets every offer."""
    at = at or now()
    issue.scheduled_for = issue.frozen_at = issue.finished_at = at
    for offer in issue.offers:
        offer.closes_at = at + timedelta(days=28)
    edition = Edition(
        issue_id=issue.id,
        language=issue.language,
        offers_key=",".join(str(o.id) for o in issue.offers),
        subject=issue.subject,
        compiled=b"",
        content_hash="",
        size=0,
    )
    _add(session, edition)
    session.add_all(EditionOffer(edition_id=edition.id, offer_id=o.id) for o in issue.offers)
    current = select(Membership).where(
        Membership.network_id == issue.network_id, Membership.ended_at.is_(None)
    )
    deliveries = [
        Delivery(
            issue_id=issue.id,
            edition_id=edition.id,
            member_id=membership.member_id,
            membership_id=membership.id,
            sector=membership.sector,
            profession=membership.member.profession,
            country=membership.member.country,
        )
        for membership in session.scalars(current)
    ]
    session.add_all(deliveries)
    session.flush()  # others refer to their ids
    settled(session, deliveries, at=at, state=state)
    return deliveries


def settled(
    session: Session, deliveries: list[Delivery], *, at: datetime, state: str = "sent"
) -> None:
    """One chunk of them all, done, and their settlements; nothing of it for "queued"."""
    ids = [delivery.id for delivery in deliveries]
    if not ids:
        return
    queued = state == DeliveryState.QUEUED
    session.add(
        Chunk(
            issue_id=deliveries[0].issue_id,
            edition_id=deliveries[0].edition_id,
            first_id=min(ids),
            last_id=max(ids),
            size=len(ids),
            done_at=None if queued else at,
        )
    )
    if not queued:
        session.add_all(
            Settlement(
                delivery_id=delivery.id,
                issue_id=delivery.issue_id,
                state=DeliveryState(state).value,
                attempts=1,
                next_try_at=at if state == DeliveryState.RETRY else None,
                settled_at=at,
            )
            for delivery in deliveries
        )
    session.flush()  # others read it by set-based statements


def resettle(session: Session, delivery: Delivery, state: str) -> None:
    """As if something else had become of it."""
    row = session.get_one(Settlement, delivery.id)
    row.state = DeliveryState(state).value
    if state == DeliveryState.RETRY:
        row.next_try_at = row.settled_at
    session.flush()  # others read it by set-based statements


def _add(session: Session, thing: Any) -> Any:
    session.add(thing)
    session.flush()  # others refer to its id
    return thing
