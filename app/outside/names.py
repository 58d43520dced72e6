"""What is asked of the DNS, so that tests can answer; `app.outside.resolving` asks a real one."""

from typing import Protocol


class NoSuchName(Exception):
    """Nobody has this name."""


class Unanswered(OSError):
    """The DNS did not say: nothing is known."""


class Names(Protocol):
    """Each raises NoSuchName or Unanswered; a name without such a record has an empty list."""

    def addresses(self, name: str, seconds: float) -> list[str]: ...

    def texts(self, name: str) -> list[str]:
        """Its TXT records, the strings of each put together."""

    def mail_servers(self, name: str) -> list[str]:
        """[""]: it says that it takes no mail (RFC 7505)."""
