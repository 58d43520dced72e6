"""Where mail is handed over: a relay, read from an SMTP address. Its password is never shown.

    smtp+starttls://user:password@mail.example.org:587?connections=8&per_second=50

Options, all of them optional: `connections` at once from one worker (4), `messages` on each before
it is opened anew (1000), at most so many `per_second`, `per_hour`, `per_day`, its `weight` beside
the other relays (1), `domains` that alone go here and those that never do (`except`; several with
semicolons, `.example.org` or `*.example.org` for those below), and `ca`, a file of authorities
trusted beside the system's.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from app.mail.domains import fits, is_rule, normal
from app.mail.rates import Rate

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True)
class Relay:
    scheme: str  # smtp, smtp+starttls, smtps
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ca: Path | None = None  # trusted beside the system's own authorities
    connections: int = 4  # of one worker
    messages: int = 1000  # on one connection
    per_second: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    weight: int = 1
    domains: tuple[str, ...] = ()  # rules; none: every domain
    barred: tuple[str, ...] = ()  # rules

    @cached_property  # asked for with each message
    def name(self) -> str:
        """For logs and the ledger: no user, no password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def dedicated(self) -> bool:
        """It takes some domains only: where it is short of breath, they are."""
        return bool(self.domains)

    @property
    def rates(self) -> tuple[Rate, ...]:
        spans = ((self.per_second, 1), (self.per_hour, 3600), (self.per_day, 86_400))
        return tuple(Rate(count, seconds) for count, seconds in spans if count)

    def takes(self, domain: str) -> bool:
        """Whether mail to this recipient domain may go here."""
        if not self.domains and not self.barred:
            return True
        domain = normal(domain)
        if fits(domain, self.barred):
            return False
        return not self.domains or fits(domain, self.domains)

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
        **_options(parts.query),
    )


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("the port of an SMTP address is a number from 1 to 65535")
    return port


def _options(query: str) -> dict[str, Any]:
    """Fields of Relay by name, out of what stands after the question mark."""
    found = parse_qs(query, keep_blank_values=True)
    if unknown := sorted(found.keys() - _READERS.keys()):
        known = ", ".join(_READERS)
        raise ValueError(f"an SMTP address has no option {unknown[0]!r}; it may have {known}")
    if twice := [name for name, values in found.items() if len(values) > 1]:
        raise ValueError(f"an SMTP address holds the option {twice[0]} twice")
    return {_FIELDS.get(name, name): _READERS[name](name, text) for name, (text,) in found.items()}


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text[:12]) <= high:
            raise ValueError(f"the option {name} is a whole number from {low} to {high}")
        return int(text)

    return read


def _rules(name: str, text: str) -> tuple[str, ...]:
    rules = tuple(normal(part.strip()) for part in text.split(";") if part.strip())
    if not rules or not all(is_rule(rule) for rule in rules):
        raise ValueError(
            f"the option {name} names domains, as in gmail.com;.example.org, with semicolons"
        )
    return rules


def _file(name: str, text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError(f"the file of authorities {str(path)!r} does not exist")
    return path


_READERS: Mapping[str, Callable[[str, str], Any]] = {
    "connections": _whole(1, 1000),
    "messages": _whole(1, 1_000_000),
    "per_second": _whole(1, 1_000_000),
    "per_hour": _whole(1, 1_000_000_000),
    "per_day": _whole(1, 1_000_000_000),
    "weight": _whole(1, 1000),
    "domains": _rules,
    "except": _rules,
    "ca": _file,
}
_FIELDS = {"except": "barred"}
