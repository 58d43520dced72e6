"""What a list shows of a conversation: kept sealed, as its mails are."""

import json
import re
from textwrap import shorten
from typing import NamedTuple

from app.inbound.sorting import phrases
from app.inbound.sorting.shapes import Sorted
from app.vault import Unreadable, Vault

SEALED_AS = "conversation"
LONGEST_SUBJECT = 200
LONGEST_NAME = 100
LONGEST_LINE = 160
MOST_PREFIXES = 10
_PREFIX = re.compile(r"\s{0,9}([^\s::\[\]]{1,20})(?:\[\d{1,3}\])?\s{0,3}[::]")


class Brief(NamedTuple):
    """Of the newest mail that came in."""

    subject: str = ""
    name: str = ""  # of the sender
    address: str = ""
    first: str = ""  # words


def of(found: Sorted) -> Brief:
    return Brief(
        subject=found.subject[:LONGEST_SUBJECT],
        name=found.sender_name[:LONGEST_NAME],
        address=found.sender,
        first=shorten(found.text, LONGEST_LINE, placeholder=" …"),
    )


def seal(vault: Vault, brief: Brief) -> bytes:
    return vault.seal(json.dumps(brief).encode(), SEALED_AS)


def unseal(vault: Vault, sealed: bytes) -> Brief:
    """An empty one when its key is gone: the list must still be shown."""
    try:
        return Brief(*json.loads(vault.open(sealed, SEALED_AS)))
    except Unreadable:
        return Brief()


def without_prefix(subject: str) -> str:
    """Without "Re: ", "AW: " and their like."""
    known = phrases.said("quoting", "re", "fwd")
    for _number in range(MOST_PREFIXES):
        found = _PREFIX.match(subject)
        if found is None or phrases.fold(found[1]) not in known:
            break
        subject = subject[found.end() :]
    return " ".join(subject.split())


def topic(subject: str) -> str:
    """The same for a subject and for what answers it."""
    return phrases.fold(without_prefix(subject))
