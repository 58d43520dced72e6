"""Mail that is fetched: how far each mailbox was read is kept with the mail itself, in one
transaction, so that nothing is left out and nothing matters that is fetched twice.

The mailbox stays as it is: no flag, no deletion. With IMAP_MOVE_TO, what came to an address of ours
is moved there once it is committed.
"""

import logging
from dataclasses import dataclass
from time import monotonic

from sqlalchemy.orm import Session

from app.clock import now
from app.errors import DocketError
from app.inbound import envelopes
from app.inbound.models import Mailbox
from app.inbound.receiving import Arrival, receive
from app.inbound.sorting import parsing
from app.logs import in_a_line, redacted
from app.mail.door import SIZE_LIMIT
from app.mail.mailbox import OpenFolder, Unfetchable, opened
from app.mail.mailbox_address import ImapAddress
from app.mail.spool import Spool
from app.services import Services

DOOR = "imap"
MOST_TRIES = 5  # of one message, in as many rounds
ROUND_SECONDS = 240.0  # less than the job's lease
_OURS_MAY_STAND_IN = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")

log = logging.getLogger(__name__)


class MailboxTrouble(DocketError):
    """Some mailbox could not be read; the words say which and why."""


@dataclass(frozen=True)
class Fetched:
    mailbox: str  # host and folder
    count: int
    trouble: str | None


def fetch_all(services: Services) -> list[Fetched]:
    """A round through every mailbox of IMAP_URL; one in trouble stops none of the others."""
    return [fetch(services, address) for address in services.settings.mailboxes]


def start_over(services: Services) -> None:
    """Read every mailbox from its beginning: what was left out is tried again."""
    with services.database.writing() as session:
        for address in services.settings.mailboxes:
            _mailbox(session, address).last_uid = 0


def fetch_or_say(services: Services) -> None:
    """MailboxTrouble after the round, so that the job is seen to fail."""
    troubles = [one for one in fetch_all(services) if one.trouble]
    if troubles:
        raise MailboxTrouble("; ".join(f"{one.mailbox}: {one.trouble}" for one in troubles))


def fetch(services: Services, address: ImapAddress) -> Fetched:
    """What is new in one mailbox."""
    fetching = _Round(services, address)
    trouble = None
    try:
        with opened(address, readonly=not services.settings.imap_move_to) as folder:
            fetching.run(folder)
    except Exception as error:  # the library raises whatever it stumbles over
        trouble = _words(error).replace(address.password, "…")
        fetching.failed()
    with services.database.writing() as session:
        mailbox = _mailbox(session, address)
        mailbox.seen_at, mailbox.trouble = now(), trouble or fetching.remark
        trouble = mailbox.trouble
    return Fetched(str(address), fetching.count, trouble)


class _Round:
    def __init__(self, services: Services, address: ImapAddress) -> None:
        self.count = 0
        self.remark: str | None = None  # what people should know, though the round went well
        self._services = services
        self._address = address
        self._trying = False  # a message, just now
        self._end = monotonic() + ROUND_SECONDS

    def run(self, folder: OpenFolder) -> None:
        uids = folder.uids_after(self._begin(folder.uid_validity))
        if uids and self._had_its_tries(uids[0]):
            del uids[0]
        for uid in uids:
            if monotonic() > self._end:
                return
            self._trying = True
            raw = self._content(folder, uid)
            self._keep(uid, raw)
            self._trying = False
            self.count += 1
            self._move(folder, uid, raw)

    def failed(self) -> None:
        """The message that was being fetched gets another try, though not for ever."""
        if self._trying:
            with self._services.database.writing() as session:
                _mailbox(session, self._address).tries += 1

    def _begin(self, uid_validity: int) -> int:
        """The last UID that was read. UIDs of another validity mean nothing: from the beginning."""
        with self._services.database.writing() as session:
            mailbox = _mailbox(session, self._address)
            if mailbox.uid_validity != uid_validity:
                mailbox.uid_validity, mailbox.last_uid, mailbox.tries = uid_validity, 0, 0
            return mailbox.last_uid

    def _content(self, folder: OpenFolder, uid: int) -> bytes:
        content = Spool(self._services.settings.data_dir, SIZE_LIMIT)
        try:
            folder.fetch_into(uid, content)
            return content.read()
        finally:
            content.close()

    def _keep(self, uid: int, raw: bytes) -> None:
        envelope = envelopes.from_headers(raw)
        arrival = Arrival(DOOR, envelope.sender, envelope.recipients)
        with self._services.database.writing() as session:
            receive(session, self._services.vault, raw, arrival, now())
            mailbox = _mailbox(session, self._address)
            mailbox.last_uid, mailbox.tries = max(uid, mailbox.last_uid), 0

    def _had_its_tries(self, uid: int) -> bool:
        """Then it is left out, so that those behind it come. It stays in the mailbox."""
        with self._services.database.writing() as session:
            mailbox = _mailbox(session, self._address)
            if mailbox.tries < MOST_TRIES:
                return False
            mailbox.last_uid, mailbox.tries = uid, 0
        self.remark = f"message {uid} was left out, after {MOST_TRIES} tries"
        log.error("a message in a mailbox was left out", extra={"uid": uid})
        return True

    def _move(self, folder: OpenFolder, uid: int, raw: bytes) -> None:
        target = self._services.settings.imap_move_to
        if not target or not is_to_us(self._services, raw):
            return
        if not folder.can_move():
            self.remark = "the server cannot MOVE (RFC 6851)"
            return
        try:
            folder.move(uid, target)
        except Unfetchable as error:
            self.remark = f"a message could not be moved: {redacted(str(error))}"


def is_to_us(services: Services, raw: bytes) -> bool:
    """Whether a header names an address of ours."""
    message = parsing.parse(parsing.head_of(raw))
    found = parsing.addresses(message, *_OURS_MAY_STAND_IN)
    return any(services.links.read_address(address) for _name, address in found)


def _mailbox(session: Session, address: ImapAddress) -> Mailbox:
    mailbox = session.get(Mailbox, address.name, with_for_update=True)
    if mailbox is None:
        mailbox = Mailbox(name=address.name, uid_validity=0, last_uid=0, tries=0, seen_at=now())
        session.add(mailbox)
    return mailbox


def _words(error: Exception) -> str:
    """What a server says may repeat a user or an address."""
    if isinstance(error, OSError | Unfetchable) or type(error).__module__.startswith("imap"):
        return f"{type(error).__name__}: {redacted(' '.join(str(error).split()))[:200]}"
    return in_a_line(error)
