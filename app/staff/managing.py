"""Who belongs to the staff, with which role and for which networks."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import NotFound, Refused
from app.networks.joining import Address
from app.networks.models import Network
from app.staff.models import AuditEntry, Role, Staff
from app.staff.signin import end_sessions

PAGE = 100


def add(
    session: Session,
    address: Address,
    name: str,
    role: Role,
    networks: Sequence[Network],
    now: datetime,
) -> Staff:
    """Refused when the address is taken, or a coordinator has no network."""
    if session.scalar(select(Staff.id).where(Staff.email_key == address.key)) is not None:
        raise Refused(_("Somebody of the staff has this address already."))
    _require_networks(role, networks)
    somebody = Staff(
        email=address.email, email_key=address.key, name=name, role=role.value, created_at=now
    )
    somebody.session_epoch = 0
    somebody.networks = list(networks)
    session.add(somebody)
    session.flush()  # the sign-in link needs their id
    return somebody


def change(
    session: Session, somebody: Staff, name: str, role: Role, networks: Sequence[Network]
) -> None:
    """Refused where it would leave the service without an admin."""
    _require_networks(role, networks)
    if role is not Role.ADMIN:
        _require_other_admin(session, somebody)
    if role != somebody.role or list(networks) != somebody.networks:
        end_sessions(somebody)
    somebody.name, somebody.role, somebody.networks = name, role.value, list(networks)


def close(session: Session, somebody: Staff, now: datetime) -> None:
    """They can sign in no more; what they did stays on record."""
    _require_other_admin(session, somebody)
    somebody.closed_at = somebody.closed_at or now
    end_sessions(somebody)


def get(session: Session, staff_id: int) -> Staff:
    somebody = session.get(Staff, staff_id)
    if somebody is None:
        raise NotFound(_("There is no such member of staff."))
    return somebody


def everybody(session: Session) -> list[Staff]:
    return list(session.scalars(select(Staff).order_by(Staff.closed_at.is_not(None), Staff.name)))


def audit_page(session: Session, page: int) -> tuple[list[AuditEntry], int]:
    """Newest first, and how many there are."""
    total = session.scalar(select(func.count(AuditEntry.id))) or 0
    rows = session.scalars(
        select(AuditEntry).order_by(AuditEntry.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    )
    return list(rows), total


def _require_networks(role: Role, networks: Sequence[Network]) -> None:
    if role is Role.COORDINATOR and not networks:
        raise Refused(_("A coordinator needs a network: name at least one."))


def _require_other_admin(session: Session, somebody: Staff) -> None:
    if somebody.role != Role.ADMIN:
        return
    others = select(Staff.id).where(
        Staff.role == Role.ADMIN, Staff.closed_at.is_(None), Staff.id != somebody.id
    )
    if session.scalars(others).first() is None:
        raise Refused(_("This is the only admin. Make somebody else an admin first."))
