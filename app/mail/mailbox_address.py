"""Where mail is fetched: a folder of an IMAP server. Its password is never shown.

imaps://user:password@mail.example.org:993/INBOX
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from app.mail.hosts import is_loopback

PORTS = {"imaps": 993, "imap+starttls": 143, "imap": 143}
EXAMPLE = "imaps://user:password@mail.example.org/INBOX"


@dataclass(frozen=True)
class ImapAddress:
    scheme: str  # imaps, imap+starttls; imap on this machine alone
    host: str
    port: int
    folder: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    ca: Path | None = None  # trusted beside the system's own authorities

    @property
    def name(self) -> str:
        """What the database knows it by. Holds no password, and no log shows it."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.folder}"


def parse_mailboxes(text: str) -> tuple[ImapAddress, ...]:
    """Addresses separated by commas or spaces. ValueError repeats nothing of them."""
    return tuple(_parse(part) for part in text.replace(",", " ").split())


def _parse(text: str) -> ImapAddress:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"an IMAP address is expected, such as {EXAMPLE}") from None
    # What follows a bare /, ? or # may be the rest of a password.
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.path + parts.query:
        raise ValueError(
            f"an IMAP address is expected, such as {EXAMPLE}, with / as %2F, ? as %3F, # as %23 "
            "and @ as %40 within user and password"
        )
    if not parts.username or not parts.password or parts.fragment:
        raise ValueError(f"user and password are missing; such as {EXAMPLE}")
    if parts.scheme == "imap" and not is_loopback(parts.hostname):
        raise ValueError("imap:// would show the password to the network: imaps:// is expected")
    return ImapAddress(
        parts.scheme,
        parts.hostname,
        port or PORTS[parts.scheme],
        unquote(parts.path.strip("/")) or "INBOX",
        unquote(parts.username),
        unquote(parts.password),
        _authority(parts.query),
    )


def _authority(query: str) -> Path | None:
    options = parse_qs(query, keep_blank_values=True)
    path = Path(options.pop("ca", [""])[0])
    if options:
        raise ValueError("ca= is the one option of an IMAP address")
    if path == Path():
        return None
    if not path.is_file():
        raise ValueError("the file of ca= cannot be read")
    return path
