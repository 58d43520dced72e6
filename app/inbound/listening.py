"""The door for Postfix and its like: SMTP and LMTP, at INBOUND_HOST and INBOUND_PORT.

`python -m app.inbound.listening` runs it until SIGTERM. It takes mail for MAIL_DOMAIN, for
addresses of ours, and for the addresses that networks write from; for nobody else. A mail is
answered with 250 once it is committed; until then whoever brings it keeps it.
"""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.clock import now
from app.inbound.receiving import Arrival, receive
from app.logs import set_up as set_up_logs
from app.mail.door import DoorController, Taken, sender_of
from app.networks.models import Network
from app.services import Services

NAME = "smtp"  # of this door, in what is kept of an arrival
STORED = "250 2.0.0 Kept"
WELCOME = "250 2.1.5 Yes"
NOT_HERE = "550 5.1.1 No such address here"
DATABASE_AWAY = "451 4.3.0 The database does not answer; try again later"

log = logging.getLogger(__name__)


class InboundClerk:
    def __init__(self, services: Services) -> None:
        self._services = services

    def takes(self, address: str) -> str:
        if self.is_ours(address):
            return WELCOME
        try:
            with self._services.database.reading() as session:
                return WELCOME if writes_from(session, address) else NOT_HERE
        except SQLAlchemyError:
            log.exception("the database does not answer")
            return DATABASE_AWAY

    def is_ours(self, address: str) -> bool:
        """Seen by the address alone."""
        domain = address.rpartition("@")[2].lower().rstrip(".")
        links = self._services.links
        return domain == links.mail_domain or links.read_address(address) is not None

    def take_ours(self, sender: str, recipients: tuple[str, ...], content: bytes) -> str:
        """What the local inbox hands on: empty, or a refusal."""
        ours = tuple(filter(self._services.links.read_address, recipients))
        if not ours:
            return ""
        reply = self.keep(Taken(sender_of(sender), ours, content))
        return "" if reply == STORED else reply

    def keep(self, mail: Taken) -> str:
        arrival = Arrival(NAME, mail.sender, mail.recipients)
        services = self._services
        try:
            with services.database.writing() as session:
                receive(session, services.vault, mail.content, arrival, now())
        except SQLAlchemyError:
            log.exception("the database does not answer")
            return DATABASE_AWAY
        return STORED


def writes_from(session: Session, address: str) -> bool:
    """Whether a network writes from this address, or has answers come there."""
    wanted = address.lower()
    theirs = or_(func.lower(Network.from_address) == wanted, func.lower(Network.reply_to) == wanted)
    return session.scalar(select(Network.id).where(theirs).limit(1)) is not None


@contextmanager
def listening(services: Services) -> Iterator[int]:
    """The door is open for as long as the block lasts; its port. OSError when it cannot be."""
    settings = services.settings
    clerk = InboundClerk(services)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    where = (settings.mail_host, settings.mail_port)
    door = DoorController(clerk, settings.data_dir, *where, settings.mail_domain)
    door.start()
    try:
        yield door.port
    finally:
        door.stop()


def main() -> None:
    services = Services.from_environment()
    set_up_logs(services.settings)
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    try:
        with listening(services) as port:
            log.info("mail is taken", extra={"port": port})
            stopping.wait()
    finally:
        services.database.close()


if __name__ == "__main__":
    main()
