"""Where mail is handed over: a relay, read from an SMTP address. Its password is never shown."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True)
class Relay:
    scheme: str  # smtp, smtp+starttls, smtps
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ca: Path | None = None  # trusted beside the system's own authorities

    @property
    def name(self) -> str:
        """For logs and the ledger: no user, no password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.name}"


def parse_relays(text: str) -> tuple[Relay, ...]:
    """Addresses separated by commas or spaces. ValueError says what is wrong, without the
    password."""
    return tuple(_parse(part) for part in re.split(r"[,\s]+", text) if part)


def _parse(text: str) -> Relay:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(
            "an SMTP address names a host, as in smtp://mail.example.org:25 or smtp://[::1]:25"
        ) from None
    if parts.scheme not in PORTS:
        raise ValueError(
            "an SMTP address begins with smtp://, smtp+starttls:// or smtps://, as in "
            "smtp+starttls://user:password@mail.example.org:587"
        )
    if any("@" in part for part in parts[2:]) or parts.path not in ("", "/") or parts.fragment:
        # Before anything else: what follows a bare /, ? or # may be the rest of a password.
        raise ValueError(
            "in an SMTP address, write / as %2F, ? as %3F, # as %23 and @ as %40 within the "
            "password"
        )
    port = _port(parts)
    if not parts.hostname:
        raise ValueError("an SMTP address names a host, as in smtp://mail.example.org:25")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("an SMTP address holds a user and a password, or neither")
    return Relay(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        ca=_ca(parts.query),
    )


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("the port of an SMTP address is a number from 1 to 65535")
    return port


def _ca(query: str) -> Path | None:
    options = parse_qs(query, keep_blank_values=True)
    if unknown := options.keys() - {"ca"}:
        raise ValueError(f"an SMTP address has no option {sorted(unknown)[0]!r}; it may have ?ca=")
    if "ca" not in options:
        return None
    path = Path(options["ca"][0])
    if not path.is_file():
        raise ValueError(f"the file of authorities {str(path)!r} does not exist")
    return path
