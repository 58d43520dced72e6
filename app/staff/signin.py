"""Signing in: passwords (argon2id, RFC 9106), one-time links, and sessions that can be ended."""

from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session, object_session

from app import clock
from app.errors import InvalidInput
from app.links import Forged, Links, Mangled, Purpose
from app.staff.models import SignInLink, Staff

LINK_LIFETIME = timedelta(hours=24)
SHORTEST, LONGEST = 12, 500  # characters of a password (NIST SP 800-63B wants length, not rules)
_hasher = PasswordHasher()


def load_signed_in(session: Session, token: str) -> Staff | None:
    """Who a session cookie names, unless they were closed or their sessions were ended since."""
    staff_id, _dot, epoch = token.partition(".")
    if not (staff_id.isdecimal() and epoch.isdecimal()):
        return None
    somebody = session.get(Staff, int(staff_id))
    if somebody is None or somebody.closed_at or somebody.session_epoch != int(epoch):
        return None
    return somebody


def by_password(session: Session, email: str, password: str) -> Staff | None:
    """Who signs in so. It takes as long for an address that nobody has."""
    somebody = session.scalars(
        select(Staff).where(Staff.email_key == email.strip().casefold(), Staff.closed_at.is_(None))
    ).first()
    held = somebody.password_hash if somebody else None
    try:
        _hasher.verify(held or _nobodys_hash(), password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    if somebody is None or held is None:
        return None
    if _hasher.check_needs_rehash(held):
        somebody.password_hash = _hasher.hash(password)
    return somebody


def set_password(somebody: Staff, password: str) -> None:
    """InvalidInput for one that is too short. Every session of theirs ends."""
    if not SHORTEST <= len(password) <= LONGEST:
        wrong = _("A password has %(least)s characters or more.", least=SHORTEST)
        raise InvalidInput(_("The password was not changed."), [("", wrong)])
    somebody.password_hash = _hasher.hash(password)
    end_sessions(somebody)


def end_sessions(somebody: Staff) -> None:
    """And every link that was made for them and not used."""
    somebody.session_epoch += 1
    if session := object_session(somebody):
        session.execute(
            update(SignInLink)
            .where(SignInLink.staff_id == somebody.id, SignInLink.used_at.is_(None))
            .values(used_at=clock.now())
        )


def new_link(session: Session, links: Links, somebody: Staff, now: datetime) -> str:
    """The address of a link that signs somebody in, once, within a day."""
    link = SignInLink(staff_id=somebody.id, created_at=now, expires_at=now + LINK_LIFETIME)
    session.add(link)
    session.flush()  # the token holds its id
    return f"{links.base_url}/sign-in/{links.sign(Purpose.SIGN_IN, link.id)}"


def works(session: Session, links: Links, token: str, now: datetime) -> bool:
    """Whether the link could be spent; looking spends nothing."""
    link_id = _read(links, token)
    link = session.get(SignInLink, link_id) if link_id is not None else None
    return link is not None and link.used_at is None and link.expires_at > now


def spend_link(session: Session, links: Links, token: str, now: datetime) -> Staff | None:
    """Who the link signs in; None for one that was used, is too old, or is not ours."""
    link_id = _read(links, token)
    staff_id = session.scalars(
        update(SignInLink)
        .where(SignInLink.id == link_id, SignInLink.used_at.is_(None), SignInLink.expires_at > now)
        .values(used_at=now)
        .returning(SignInLink.staff_id)
        .execution_options(synchronize_session=False)
    ).first()
    somebody = session.get(Staff, staff_id) if staff_id is not None else None
    return somebody if somebody is not None and somebody.closed_at is None else None


def _read(links: Links, token: str) -> int | None:
    try:
        return links.read(Purpose.SIGN_IN, token)[0]
    except (Mangled, Forged):
        return None


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("a password that nobody has")
