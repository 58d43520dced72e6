"""What a bounce says of an address: the provider's word, weighed against the mail server's."""

from app.inbound.sorting.hardness import hardness, meaning, status_in
from app.inbound.sorting.shapes import Hardness


def status_of(*texts: str) -> str | None:
    """The first enhanced status code in them (RFC 3463)."""
    return next((status for text in texts if (status := status_in(text))), None)


def hardness_of(said: Hardness | None, status: str | None, text: str) -> Hardness:
    """`said` is None where the provider does not know.

    A full mailbox has somebody behind it, whatever the provider calls it. "Hard" it calls as well
    what was refused for its sender, its content or for now, which says nothing of the address.
    "Soft" is believed: nothing is made worse than it is told.
    """
    if said is Hardness.LATE:
        return said
    found = hardness(status, None, text)
    if said is None or found is Hardness.FULL:
        return found
    if said is Hardness.HARD and (status or meaning(text)):
        return found
    return said
