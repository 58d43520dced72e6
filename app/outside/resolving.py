"""The DNS, by the resolvers that this machine is set to use. Its library takes a while to load, so
only a worker that looks imports this."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from dns.exception import DNSException
from dns.name import from_text
from dns.resolver import NXDOMAIN, Resolver

from app.outside.names import NoSuchName, Unanswered

SECONDS = 4.0  # of one question, whatever servers there are
_ONE_SERVER = 2.0


class Dns:
    """Names are taken as they are: no list of domains to search, no file of hosts."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self._given = resolver

    @cached_property
    def _resolver(self) -> Resolver:
        """Made when it is asked: where none is set, nothing is answered."""
        resolver = self._given or Resolver()
        resolver.timeout = _ONE_SERVER
        return resolver

    def addresses(self, name: str, seconds: float) -> list[str]:
        """IPv4 first: more networks have it than have IPv6."""
        found: list[str] = []
        for kind in ("A", "AAAA"):
            found += [one.address for one in self._ask(name, kind, min(SECONDS, seconds / 2))]
        return found

    def texts(self, name: str) -> list[str]:
        found = self._ask(name, "TXT", SECONDS)
        return [b"".join(one.strings).decode("utf-8", "replace") for one in found]

    def mail_servers(self, name: str) -> list[str]:
        found = self._ask(name, "MX", SECONDS)
        return [one.exchange.to_text(omit_final_dot=True).rstrip(".") for one in found]

    def _ask(self, name: str, kind: str, seconds: float) -> list[Any]:
        with _in_our_words():
            answer = self._resolver.resolve(
                from_text(name), kind, raise_on_no_answer=False, lifetime=seconds, search=False
            )
        return list(answer.rrset or [])


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except NXDOMAIN:
        raise NoSuchName from None
    except (DNSException, OSError) as error:
        raise Unanswered(type(error).__name__) from None
