"""Which networks a member of staff may see and act on."""

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.networks.models import Network
from app.staff.models import Role, Staff


def networks_of(session: Session, staff: Staff) -> list[Network]:
    """Admins see all; reviewers too, unless networks are named for them; coordinators theirs."""
    unbound = staff.role == Role.REVIEWER and not staff.networks
    statement = select(Network).order_by(Network.name, Network.id)
    if staff.role != Role.ADMIN and not unbound:
        statement = statement.where(Network.id.in_([network.id for network in staff.networks]))
    return list(session.scalars(statement))


def network_or_404(session: Session, staff: Staff, code: str) -> Network:
    """A network that is not theirs does not exist for them."""
    for network in networks_of(session, staff):
        if network.code == code:
            return network
    raise NotFound(_("This network does not exist, or is not yours."))


def is_theirs(session: Session, staff: Staff, network_id: int) -> bool:
    """Whether what belongs to this network is for them to see."""
    return network_id in {network.id for network in networks_of(session, staff)}
