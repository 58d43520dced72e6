"""Our signed addresses that a mail came to, however the mail systems between rewrote them.

Generous in what is read, since the signature decides: upper case, quoted local parts, `%2B` and
`=2B` for the plus, SRS (`SRS0=…=domain=b+token@relay`), BATV and PRVS (`prvs=…=b+token@…`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from email.message import Message

from app.inbound.sorting import parsing
from app.inbound.sorting.shapes import Ours, ReadAddress

HEADERS = (
    *("To", "Cc", "Bcc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"),
    *("X-Delivered-To", "X-Forwarded-To", "X-Rcpt-To", "Original-Recipient", "Resent-To"),
    *("Resent-Cc", "X-Real-To", "X-Apparently-To", "Apparently-To"),
)
MOST = 50  # addresses that are tried
LONGEST = 20_000  # characters in which they are looked for

_SIGNED = r"[0-9a-z]{1,13}(?:\.[0-9a-z]{1,13}){0,2}\.[a-z2-7]{24}"
_WRITTEN = re.compile(
    rf"(?<![0-9a-z.])([brcut])[+=_ -]({_SIGNED})(?![0-9a-z])\"?"
    r"(?:[@=]([0-9a-z][0-9a-z.-]{2,252}))?"
)
_SRS_DOMAIN = re.compile(r"([0-9a-z-]+(?:\.[0-9a-z-]+)+)=[brcut]\+")
_ENCODED = (("=2b", "+"), ("%2b", "+"), ("=2e", "."), ("%2e", "."), ("=3d", "="), ("%3d", "="))


def ours(
    message: Message, recipients: Sequence[str], references: Iterable[str], read: ReadAddress
) -> tuple[Ours, ...]:
    """Each once, those of the envelope first."""
    written = [value for name in HEADERS for value in parsing.headers(message, name)]
    found = of_texts([*recipients, *written], read)
    return found or of_texts((reference.strip("<>") for reference in references), read)


def of_texts(texts: Iterable[str], read: ReadAddress) -> tuple[Ours, ...]:
    """The addresses of ours that stand in these, each once."""
    found: dict[Ours, None] = {}
    for number, candidate in enumerate(candidates(texts)):
        if number == MOST:
            break
        if one := read(candidate):
            found[one] = None
    return tuple(found)


def candidates(texts: Iterable[str]) -> Iterator[str]:
    """Each as we write ours, `b+token@domain` in lower case; what else has an @, as it is."""
    for text in texts:
        plain = _plain(text[:LONGEST])
        matches = list(_WRITTEN.finditer(plain))[:MOST]
        for match in matches:
            letter, token, domain = match.groups()
            before = _SRS_DOMAIN.search(plain[max(0, match.start() - 256) : match.start() + 2])
            for host in dict.fromkeys((before and before.group(1), domain)):
                if host:
                    yield f"{letter}+{token}@{host.rstrip('.-')}"
        if not matches and 2 < len(plain) < 321 and plain.count("@") == 1 and " " not in plain:
            yield plain.strip("<>")


def is_signed(address: str) -> bool:
    """Whether it has the shape of one of ours: in lower case."""
    return bool(_WRITTEN.search(_plain(address[:LONGEST])))


def _plain(text: str) -> str:
    lowered = text.lower().replace("\\", "")
    for encoded, character in _ENCODED:
        lowered = lowered.replace(encoded, character)
    return lowered
