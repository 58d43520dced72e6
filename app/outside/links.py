"""Whether a link answers: asked as a stranger would, and only of servers on the public internet."""

import ssl
from collections.abc import Container
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import urljoin

from app.outside import connecting
from app.outside.addresses import Target, Unfit, is_at_home, is_public, literal, target_of
from app.outside.connecting import Answer, Deadline
from app.outside.models import Trouble
from app.outside.names import Names, NoSuchName

MOST_REDIRECTS = 5
MOST_SERVERS = 4  # of one name
REFUSED = 400  # and above: some servers know no HEAD, and say so in many ways
TOO_MANY = 429


@dataclass(frozen=True)
class Way:
    """How the outside is reached. `allowed`: IP addresses that a test serves from."""

    names: Names
    allowed: Container[str] = ()
    ports: Container[int] = (80, 443)
    seconds: float = 10.0  # for one link, with all its redirects
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)


@dataclass(frozen=True)
class Seen:
    status: int | None = None
    trouble: Trouble = Trouble.NONE


def look(address: str, way: Way) -> Seen:
    """What became of asking for it. Raises nothing that a server could bring about."""
    try:
        return Seen(_follow(address, way, Deadline(way.seconds)))
    except Unfit as unfit:
        return Seen(trouble=unfit.trouble)
    except ssl.SSLCertVerificationError:
        return Seen(trouble=Trouble.CERTIFICATE)
    except (OSError, HTTPException, ValueError):
        return Seen(trouble=Trouble.NO_ANSWER)


def _follow(address: str, way: Way, deadline: Deadline) -> int:
    for _hop in range(MOST_REDIRECTS + 1):
        answer = _ask(target_of(address), way, deadline)
        if answer.onward is None:
            return answer.status
        address = _onward(address, answer.onward)
    raise Unfit(Trouble.CIRCLES)


def _onward(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        raise Unfit(Trouble.MALFORMED) from None


def _ask(target: Target, way: Way, deadline: Deadline) -> Answer:
    """HEAD, and where that is refused GET, of the same servers."""
    ips = _checked(target, way, deadline)
    try:
        answer = connecting.ask("HEAD", target, ips, way.context, deadline)
    except (HTTPException, ConnectionError):
        answer = None  # some hang up on a HEAD
    if answer is None or (answer.status >= REFUSED and answer.status != TOO_MANY):
        answer = connecting.ask("GET", target, ips, way.context, deadline)
    return answer


def _checked(target: Target, way: Way, deadline: Deadline) -> list[str]:
    """The addresses of its servers, all of them public. They are asked for once: whoever answers
    otherwise a moment later has no second chance."""
    if target.port not in way.ports:
        raise Unfit(Trouble.ELSEWHERE)
    ips = _addresses(target.host, way, deadline)
    if not all(is_public(ip) or ip in way.allowed for ip in ips):
        raise Unfit(Trouble.PRIVATE)
    return ips[:MOST_SERVERS]


def _addresses(host: str, way: Way, deadline: Deadline) -> list[str]:
    if literal(host) is not None:
        return [host]
    if is_at_home(host):
        raise Unfit(Trouble.PRIVATE)
    try:
        found = way.names.addresses(host, deadline.left)
    except NoSuchName:
        found = []
    if not found:
        raise Unfit(Trouble.NO_NAME)
    return found
