"""A mailbox on an IMAP server (RFC 3501), opened and fetched message by message."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imapclient import IMAPClient, SocketTimeout

from app.mail.mailbox_address import ImapAddress
from app.mail.spool import Spool

CONNECT_SECONDS = 20.0
READ_SECONDS = 60.0
PIECE = 1 << 20  # bytes asked for at once


class Unfetchable(Exception):
    """This message cannot be had; others may be."""


class OpenFolder:
    """Reads without leaving a trace: BODY.PEEK sets no flag."""

    def __init__(self, client: IMAPClient, uid_validity: int) -> None:
        self.uid_validity = uid_validity
        self._client = client

    def uids_after(self, last: int) -> list[int]:
        """In order. `*` names the last message even where its UID is lower (RFC 3501 6.4.8)."""
        return sorted(uid for uid in self._client.search(["UID", f"{last + 1}:*"]) if uid > last)

    def fetch_into(self, uid: int, content: Spool) -> None:
        """In pieces. Unfetchable when the server will not give it, or gives what was not asked."""
        while True:
            piece = self._piece(uid, content.size)
            content.write(piece)
            if content.refusal:
                raise Unfetchable(content.refusal)
            if len(piece) < PIECE:
                return

    def can_move(self) -> bool:
        return bool(self._client.has_capability("MOVE"))

    def move(self, uid: int, folder: str) -> None:
        """RFC 6851. Unfetchable when the server refuses."""
        with _refusals():
            self._client.move([uid], folder)

    def _piece(self, uid: int, offset: int) -> bytes:
        with _refusals():
            found = self._client.fetch([uid], [f"BODY.PEEK[]<{offset}.{PIECE}>"])
        if uid not in found:  # expunged meanwhile
            raise Unfetchable("it is no longer there")
        piece = found[uid].get(f"BODY[]<{offset}>".encode())
        if not isinstance(piece, bytes) or len(piece) > PIECE:
            raise Unfetchable("the server gives another piece than was asked for")
        return piece


@contextmanager
def opened(address: ImapAddress, *, readonly: bool) -> Iterator[OpenFolder]:
    """Connected, signed in, the folder open. OSError or imaplib.IMAP4.error when that fails."""
    client = IMAPClient(
        address.host,
        address.port,
        ssl=address.scheme == "imaps",
        ssl_context=_context(address),
        timeout=SocketTimeout(CONNECT_SECONDS, READ_SECONDS),
    )
    try:
        if address.scheme == "imap+starttls":
            client.starttls(_context(address))
        client.login(address.user, address.password)
        found = client.select_folder(address.folder, readonly=readonly)
        yield OpenFolder(client, int(found[b"UIDVALIDITY"]))
        with suppress(Exception):  # what matters is done
            client.logout()
    finally:
        with suppress(Exception):
            client.shutdown()


def _context(address: ImapAddress) -> ssl.SSLContext | None:
    if address.scheme == "imap":
        return None
    context = ssl.create_default_context()
    if address.ca:
        context.load_verify_locations(address.ca)
    return context


@contextmanager
def _refusals() -> Iterator[None]:
    """NO and BAD are about this message; a broken connection is about all of them."""
    try:
        yield
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise Unfetchable(str(error)) from None
