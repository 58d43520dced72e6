"""A member who chooses, one who left, and an address of which much is told."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.inbound import leaving
from app.links import Purpose
from app.networks import histories
from app.networks.histories import Happened
from app.networks.joining import Address
from app.networks.managing import network_by_code
from app.networks.models import AddressEventKind, Member, Membership
from app.notices.models import Notice
from app.preferences import asking, changing
from app.preferences.changing import End
from app.services import Services
from tests import personas

LONG = "5.1.1 The email account that you tried to reach does not exist, see https://mail.example/x"


def addresses(services: Services) -> dict[str, str]:
    """What stands for words in capitals in the lists of pages."""
    with services.database.writing() as session:
        legal = network_by_code(session, "legal")
        member = personas.member(session, legal, "Ada Brambleton", languages=("fr", "en"))
        other = personas.membership(session, member, network_by_code(session, "media"))
        leaving.leave(session, other, now())
        member.memberships[0].least_days = 7
        asking.mail_link_to(session, services, member, now())
        notice = session.scalars(select(Notice).order_by(Notice.id.desc())).first()
        assert notice is not None
        new = Address("ada@new.example", "ada@new.example", smtputf8=False)
        change = changing.ask(session, services, member, legal, new, now())
        told = _told(session, personas.member(session, legal, "Bo Told", "bo@told.example"))
        page = services.links.sign(Purpose.PREFERENCES, notice.id, member.id)
        return {
            "PREFERENCES": page,
            "CHANGENEW": changing.url(services, change, End.NEW).rpartition("/")[2],
            "CHANGEOLD": changing.url(services, change, End.OLD).rpartition("/")[2],
            "TOLD": str(told.id),
        }


def _told(session: Session, member: Member) -> Member:
    """Everything that may stand in a history."""
    note = histories.note
    for days, kind in enumerate(AddressEventKind):
        text = "from here" if kind is AddressEventKind.CHANGED else LONG
        at = now() - timedelta(days=20 - days)
        note(session, member.email_key, Happened(kind, "smtp", "5.1.1", text), at)
    held = session.scalars(select(Membership).where(Membership.member_id == member.id)).one()
    leaving.leave(session, held, now(), "one-click")
    leaving.say_why(held, "too much", "Three a week are too many for me.")
    return member
