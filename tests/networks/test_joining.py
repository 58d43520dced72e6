"""Double opt-in: nobody is a member before they posted that they want to be."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.links import Links
from app.networks import inviting, joining
from app.networks.addresses import check_address
from app.networks.models import Invitation, Member, Membership, Network, Suppression
from app.networks.profiles import profile_of
from tests import personas

ADA = check_address("Ada@example.org")
PROFILE = {"name": "Ada Quill", "profession": "lawyer", "languages": ["fr"]}


@pytest.fixture
def network(session: Session) -> Network:
    return personas.network(session)  # type: ignore[no-any-return]


def asked(session: Session, network: Network, at: datetime | None = None) -> Invitation:
    invitation = joining.invite(session, network, ADA, PROFILE, "join page", at or now())
    assert invitation is not None
    return invitation


def people(session: Session) -> list[Member]:
    return list(session.scalars(select(Member)))


def memberships(session: Session) -> list[Membership]:
    return list(session.scalars(select(Membership).order_by(Membership.id)))


def test_asking_makes_nobody_a_member(session: Session, network: Network) -> None:
    at = now()
    invitation = asked(session, network, at)
    assert (invitation.email, invitation.email_key) == ("Ada@example.org", "ada@example.org")
    assert (invitation.next_try_at, invitation.confirmed_at) == (at, None)
    assert invitation.expires_at == at + timedelta(days=30)
    assert network.name in invitation.wording
    assert (people(session), memberships(session)) == ([], [])


def test_confirming_makes_a_member_with_the_consent_as_it_was_worded(
    session: Session, network: Network
) -> None:
    invitation = asked(session, network)
    worded = invitation.wording
    network.name = "Another name"
    at = now() + timedelta(days=2)
    membership = joining.confirm(session, invitation, at)
    session.flush()
    (member,) = people(session)
    assert membership.member_id == member.id
    assert profile_of(member) == {
        "name": "Ada Quill",
        "profession": "lawyer",
        "country": None,
        "timezone": None,
        "specialties": [],
        "languages": ["fr"],
        "tags": [],
    }
    assert (membership.consent_wording, membership.consent_at) == (worded, at)
    assert (membership.consent_source, membership.source) == ("confirmation page", "join page")
    assert (membership.sector, invitation.next_try_at) == ("legal", None)


def test_confirming_twice_changes_nothing(session: Session, network: Network) -> None:
    invitation = asked(session, network)
    at = now()
    first = joining.confirm(session, invitation, at)
    session.flush()
    assert joining.confirm(session, invitation, at + timedelta(hours=1)) is first
    assert (invitation.confirmed_at, len(memberships(session))) == (at, 1)


def test_a_member_is_not_asked_and_an_old_invitation_changes_nothing(
    session: Session, network: Network
) -> None:
    invitation = asked(session, network)
    member = personas.member(session, network, "A. Quill", "ada@example.org")
    assert joining.invite(session, network, ADA, PROFILE, "join page", now()) is None
    held = joining.confirm(session, invitation, now())
    assert (held.member_id, held.consent_source) == (member.id, "sign-up sheet")
    assert (len(memberships(session)), member.name) == (1, "A. Quill")
    assert invitation.confirmed_at is not None


def test_a_member_of_another_network_keeps_their_profile(
    session: Session, network: Network
) -> None:
    other = personas.network(session, "medical")
    member = personas.member(session, other, "A. Quill", "ada@example.org", profession="doctor")
    joining.confirm(session, asked(session, network), now())
    session.flush()
    assert len(memberships(session)) == 2
    assert (member.name, member.profession) == ("A. Quill", "doctor")


def test_nobody_is_mailed_again_within_a_day(session: Session, network: Network) -> None:
    at = now()
    first = asked(session, network, at)
    soon = joining.invite(session, network, ADA, {}, "join page", at + timedelta(hours=23))
    assert soon is None
    again = joining.invite(session, network, ADA, {}, "import", at + timedelta(hours=25))
    assert again is first
    assert again.expires_at == at + timedelta(days=30, hours=25)
    assert again.next_try_at == at + timedelta(hours=25)


@pytest.mark.parametrize(
    ("reason", "asks"),
    [("complained", False), ("staff", False), ("bounced", True), ("unsubscribed", True)],
)
def test_who_wants_no_mail_is_not_even_asked(
    session: Session, network: Network, reason: str, asks: bool
) -> None:
    session.add(Suppression(email_key=ADA.key, reason=reason, created_at=now()))
    session.flush()
    invitation = joining.invite(session, network, ADA, {}, "join page", now())
    assert (invitation is not None) is asks


def test_networks_are_asked_for_one_by_one(session: Session, network: Network) -> None:
    other = personas.network(session, "medical")
    joining.confirm(session, asked(session, network), now())
    session.flush()
    joining.confirm(session, asked(session, other), now())
    session.flush()
    assert [m.network_id for m in memberships(session)] == [network.id, other.id]
    assert len(people(session)) == 1


def test_who_left_comes_back_as_a_new_membership(session: Session, network: Network) -> None:
    member = personas.member(session, None, "Ada Quill", "ada@example.org")
    left = personas.membership(session, member, network, ended_at=now(), end_reason="unsubscribed")
    membership = joining.confirm(session, asked(session, network), now())
    session.flush()
    assert membership.id != left.id
    assert (membership.ended_at, left.ended_at is not None) == (None, True)


def test_confirming_lifts_suppressions_but_not_those_of_staff(
    session: Session, network: Network
) -> None:
    invitation = asked(session, network)
    for reason in ("bounced", "complained", "unsubscribed", "staff"):
        session.add(Suppression(email_key=ADA.key, reason=reason, created_at=now()))
    session.add(Suppression(email_key="bo@example.org", reason="bounced", created_at=now()))
    session.flush()
    joining.confirm(session, invitation, now())
    session.flush()
    session.expire_all()
    standing = session.scalars(
        select(Suppression.reason + " " + Suppression.email_key)
        .where(Suppression.lifted_at.is_(None))
        .order_by(Suppression.id)
    )
    assert list(standing) == ["staff ada@example.org", "bounced bo@example.org"]


def test_who_never_confirmed_is_forgotten_after_30_days(session: Session, network: Network) -> None:
    at = now()
    asked(session, network, at)
    joining.confirm(session, invited(session, network, "bo@example.org", at), at)
    session.flush()
    inviting.forget_expired(session, at + timedelta(days=29))
    assert len(session.scalars(select(Invitation)).all()) == 2
    inviting.forget_expired(session, at + timedelta(days=31))
    assert session.scalars(select(Invitation.email)).all() == ["bo@example.org"]


def invited(session: Session, network: Network, email: str, at: datetime) -> Invitation:
    address = check_address(email)
    invitation = joining.invite(session, network, address, {}, "join page", at)
    assert invitation is not None
    return invitation


def test_the_mail_asks_and_links_to_the_page(
    database: Database, session: Session, network: Network, links: Links
) -> None:
    invitation = asked(session, network)
    message = inviting.confirmation(invitation, links, now())
    assert (message["To"], message["Subject"]) == (
        *("Ada@example.org", "Please confirm: Legal Network"),
    )
    assert message["Auto-Submitted"] == "auto-generated"
    assert inviting.confirm_url(links, invitation.id) in message.get_content()
    assert "Ada" not in message.get_content()  # nor anything else that a stranger typed


def test_an_address_beyond_ascii_is_asked_as_it_is_written(session: Session, links: Links) -> None:
    network = personas.network(session)
    address = check_address("zoë@members.example")
    invitation = joining.invite(session, network, address, {}, "join page", now())
    assert invitation is not None
    session.flush()  # its link names it
    assert (
        "To: zoë@members.example".encode()
        in inviting.confirmation(invitation, links, now()).as_bytes()
    )
