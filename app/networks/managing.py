"""Networks and single members, kept by hand: found, changed, enrolled, let go."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app.errors import NotFound, Refused
from app.networks import histories, reasons
from app.networks.joining import Address, consent_wording
from app.networks.models import Member, Membership, Network, Suppression
from app.networks.profiles import LISTS, SCALARS, set_list

PAGE = 50
STANDINGS = ("current", "left", "suppressed")  # the last: members to whom no mail may go


def add_network(session: Session, now: datetime, **values: Any) -> Network:
    """Refused when the code is taken."""
    taken = session.scalar(select(Network.id).where(Network.code == values["code"]))
    if taken is not None:
        raise Refused(_("There is a network “%(code)s” already.", code=values["code"]))
    network = Network(**values, created_at=now)
    session.add(network)
    session.flush()  # its page and its memberships need its id
    return network


def network_by_code(session: Session, code: str) -> Network:
    network = session.scalars(select(Network).where(Network.code == code)).first()
    if network is None:
        raise NotFound(_("There is no network “%(code)s”.", code=code))
    return network


def sizes(session: Session) -> dict[int, int]:
    """Network id -> current members."""
    rows = session.execute(
        select(Membership.network_id, func.count())
        .where(Membership.ended_at.is_(None))
        .group_by(Membership.network_id)
    )
    return {row[0]: row[1] for row in rows}


def find_members(
    session: Session, network: Network, text: str, standing: str, page: int
) -> tuple[list[Membership], int]:
    """One page of memberships by name, and how many there are; `standing`: see STANDINGS."""
    statement = _matching(network, text, standing)
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = session.scalars(
        statement.order_by(Member.name, Membership.id).limit(PAGE).offset((page - 1) * PAGE)
    )
    return list(rows), total


def member_of_network(session: Session, network: Network, member_id: int) -> Member:
    """NotFound for somebody who never was a member there."""
    found = session.scalars(
        select(Member)
        .join(Membership)
        .where(Member.id == member_id, Membership.network_id == network.id)
    ).first()
    if found is None:
        raise NotFound(_("This network has no such member."))
    return found


def enrol(
    session: Session,
    network: Network,
    address: Address,
    profile: Mapping[str, Any],
    consent_source: str,
    now: datetime,
) -> Membership:
    """Make somebody a member by hand. Refused when they are one, left, or are suppressed."""
    _require_may_join(session, network, address)
    member = _found_or_made(session, address, profile, now)
    membership = Membership(
        member=member,
        network=network,
        sector=profile.get("sector") or network.sector,
        source="staff",
        started_at=now,
        consent_wording=consent_wording(network),
        consent_source=consent_source,
        consent_at=now,
        notes=profile.get("notes") or "",
    )
    session.add(membership)
    session.flush()  # the audit names it
    return membership


def rewrite_profile(member: Member, profile: Mapping[str, Any], now: datetime) -> None:
    """Make the profile exactly this: unlike an import, a form may erase."""
    for name in SCALARS:
        if name in profile:
            setattr(member, name, profile[name] or ("" if name == "name" else None))
    for name, kind in LISTS.items():
        if name in profile:
            set_list(member, kind, list(profile[name] or ()))
    member.updated_at = now


def end(session: Session, membership: Membership, reason: str, now: datetime) -> bool:
    """The person leaves; what waits for them in the ledger is not sent. False when they had."""
    session.refresh(membership, with_for_update=True)
    if membership.ended_at is not None:
        return False
    membership.ended_at, membership.end_reason = now, reason
    return True


def count_suppressed(session: Session, network: Network) -> int:
    """Members of a network to whom no mail may go."""
    statement = _matching(network, "", "suppressed").with_only_columns(func.count())
    return session.scalar(statement) or 0


def _suppressed() -> ColumnElement[bool]:
    """Of a Member."""
    return exists().where(
        Suppression.email_key == Member.email_key, Suppression.lifted_at.is_(None)
    )


def _matching(network: Network, text: str, standing: str) -> Select[Any]:
    statement = select(Membership).join(Member).where(Membership.network_id == network.id)
    if standing == "left":
        statement = statement.where(Membership.ended_at.is_not(None), ~reasons.came_back())
    else:
        statement = statement.where(Membership.ended_at.is_(None))
    if standing == "suppressed":
        statement = statement.where(_suppressed())
    if text:
        wanted = (
            column.icontains(text, autoescape=True)
            for column in (Member.name, Member.email, Member.profession)
        )
        statement = statement.where(or_(*wanted))
    return statement


def _require_may_join(session: Session, network: Network, address: Address) -> None:
    held = session.scalars(
        select(Membership)
        .join(Member)
        .where(Member.email_key == address.key, Membership.network_id == network.id)
        .order_by(Membership.id.desc())
    ).first()
    if held is not None and held.ended_at is None:
        raise Refused(_("This person is a member already."))
    if held is not None:
        raise Refused(
            _("This person left the network. Ask them to join again through the join page.")
        )
    if histories.is_suppressed(session, address.key):
        raise Refused(_("This address is suppressed: it bounced, complained or left for good."))


def _found_or_made(
    session: Session, address: Address, profile: Mapping[str, Any], now: datetime
) -> Member:
    """Somebody known from another network keeps the profile that they have."""
    member = session.scalars(select(Member).where(Member.email_key == address.key)).first()
    if member is None:
        member = Member(
            email=address.email,
            email_key=address.key,
            smtputf8=address.smtputf8,
            created_at=now,
            updated_at=now,
        )
        session.add(member)
        rewrite_profile(member, profile, now)
        session.flush()  # the membership needs its id
    return member
