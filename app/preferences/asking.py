"""Mailing a member the link to their preferences, and believing it for a day."""

from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.links import Purpose
from app.networks import histories
from app.networks.joining import Address
from app.networks.models import Member, Membership, Network
from app.notices import posting
from app.notices.models import Notice
from app.notices.posting import Wanted
from app.preferences import mails
from app.services import Services

KIND = "preferences"
LIFETIME = timedelta(hours=24)  # of a link
MOST = 3  # such mails to an address within LIFETIME: nobody's inbox is filled from our pages


def mail_link(session: Session, services: Services, address: Address, now: datetime) -> bool:
    """Mail the link to whom the address belongs. False where it is nobody's, gets no mail at all,
    or got enough of these.

    It does the same work either way, and takes it back: the time it takes must not tell.
    """
    member = session.scalars(
        select(Member).where(Member.email_key == address.key).with_for_update()
    ).first()
    network = sender_for(session, member.id if member else 0)
    if network is None:
        return False
    to = member.email if member else address.email
    refused, lately = histories.wants_none(session, address.key), _count(session, to, now)
    attempt = session.begin_nested()
    _post(session, services, network, member.id if member else 0, to, now)
    if member is None or refused or lately >= MOST:
        attempt.rollback()
        return False
    attempt.commit()
    return True


def mail_link_to(session: Session, services: Services, member: Member, now: datetime) -> bool:
    """As mail_link, to a member."""
    address = Address(member.email, member.email_key, member.smtputf8)
    return mail_link(session, services, address, now)


def member_behind(session: Session, notice_id: int, member_id: int, now: datetime) -> Member | None:
    """Whose preferences a link opens; None once it is too old, or the address has changed."""
    notice, member = session.get(Notice, notice_id), session.get(Member, member_id)
    if notice is None or member is None or notice.kind != KIND:
        return None
    if notice.created_at + LIFETIME <= now or notice.recipient != member.email:
        return None
    return member


def sender_for(session: Session, member_id: int) -> Network | None:
    """In whose name a member is written to: their newest network, one they left as the last
    resort, and any for who has none. None where there is no network."""
    theirs = and_(Membership.network_id == Network.id, Membership.member_id == member_id)
    first = (Membership.id.is_(None), Membership.ended_at.is_not(None), Membership.id.desc())
    return session.scalars(
        select(Network).outerjoin(Membership, theirs).order_by(*first).limit(1)
    ).first()


def _count(session: Session, recipient: str, now: datetime) -> int:
    lately = select(func.count()).where(
        Notice.kind == KIND, Notice.recipient == recipient, Notice.created_at > now - LIFETIME
    )
    return session.scalar(lately) or 0


def _post(
    session: Session, services: Services, network: Network, member_id: int, to: str, now: datetime
) -> None:
    def link(notice_id: int) -> str:
        token = services.links.sign(Purpose.PREFERENCES, notice_id, member_id)
        return f"{services.links.base_url}/preferences/{token}"

    write = mails.preferences(network, to, link, now)
    wanted = Wanted(KIND, to, lifetime=LIFETIME)
    posting.post(session, services.vault, services.links, wanted, write, now)
    session.flush()  # so that what is taken back was written, too
