"""Which addresses may be looked at: pure, and strict, since what stands in a draft comes from
anybody who can write one, and a worker stands inside the house."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urldefrag, urlsplit

from app.outside.models import Trouble

LONGEST = 2_000  # bytes
PORTS = {"http": 80, "https": 443}
# RFC 2606, 6761, 7686: names that nobody has, or that the DNS must not be asked for.
_MADE_UP = ("example", "invalid", "test", "onion", "example.com", "example.net", "example.org")
_AT_HOME = ("localhost", "local", "internal", "home.arpa")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)")  # browsers read such a host as an IPv4 address
_UNFIT = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_PATH = "%/:=&?~+!$,;'@()*[]"
_MERGED = re.compile(r"\{\{|%7b%7b", re.IGNORECASE)
# Of 2000::/3: special purposes, and ways to write IPv4 addresses (RFC 3056, 4380, 6890, 9637).
_GLOBAL_UNICAST = ip_network("2000::/3")
_NOT_PUBLIC = [
    ip_network(text)
    for text in (
        *("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
]


class Unfit(Exception):
    """It is not looked at, and why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True)
class Target:
    """Where a request goes; all of it ASCII."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(address: str) -> Target:
    """Unfit for what is no plain http or https address."""
    if _UNFIT.search(address) or len(address.encode(errors="replace")) > LONGEST:
        raise Unfit(Trouble.MALFORMED)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise Unfit(Trouble.MALFORMED) from None
    if parts.scheme not in PORTS:
        raise Unfit(Trouble.ELSEWHERE)
    if "@" in parts.netloc:
        raise Unfit(Trouble.PASSWORD)
    host = _host(parts.hostname or "")
    return Target(parts.scheme, host, PORTS[parts.scheme] if port is None else port, _path(parts))


def page_of(address: str) -> str | None:
    """The address under which it is kept; None for one that is none of the web, is not the same for
    every member, is made up, or must not be kept."""
    page = urldefrag(address.strip()).url if "#" in address else address.strip()
    try:
        host = target_of(page).host
    except (Unfit, ValueError):
        return None
    return None if is_made_up(host) or _MERGED.search(page) else page


def holds_password(address: str) -> bool:
    try:
        target_of(address.strip())
    except Unfit as unfit:
        return unfit.trouble is Trouble.PASSWORD
    return False


def is_made_up(host: str) -> bool:
    return _is_below(host, _MADE_UP)


def is_at_home(host: str) -> bool:
    """A name that means something inside a house only."""
    return "." not in host or _is_below(host, _AT_HOME)


def literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """Whether an IP address is somebody's on the public internet. Of IPv6 only what is surely so:
    the library calls some global that lead to IPv4 addresses, or nowhere (NAT64, site-local)."""
    ip = literal(address)
    if ip is None or not ip.is_global or any(ip in network for network in _NOT_PUBLIC):
        return False
    return isinstance(ip, IPv4Address) or (ip.scope_id is None and ip in _GLOBAL_UNICAST)


def ascii_name(name: str) -> str | None:
    """A domain as the DNS has it."""
    try:
        found = name.strip().rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return found if _HOST.fullmatch(found) else None


def _host(host: str) -> str:
    if literal(host) is not None and "%" not in host:
        return host
    found = ascii_name(host[:LONGEST]) if len(host) <= 253 else None
    if found is None or _NUMBER.fullmatch(found):
        raise Unfit(Trouble.MALFORMED)
    return found


def _path(parts: SplitResult) -> str:
    path = quote(parts.path, safe=_PATH) or "/"
    return f"{path}?{quote(parts.query, safe=_PATH)}" if parts.query else path


def _is_below(host: str, names: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)
