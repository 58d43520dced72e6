"""The codes on reply slips: one member and one ask, short enough to be typed.

"1F-3-9KD2-Q8TV" is the two ids and 40 bits of their signature, in an alphabet without letters that
look alike (Crockford's base 32). It opens nothing: only staff type it in, and only for networks
that are theirs. What a scanner reads from the QR code beside it, the member's own link, does too.
"""

import re
from hmac import compare_digest

from app.links import Forged, Links, Mangled, Purpose

Ids = tuple[int, int]  # delivery, offer
CHECK_LETTERS = 8
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TYPED = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", _ALPHABET)
_ALIKE = str.maketrans("ilo", "110")
_DIGITS = f"[{_ALPHABET}]"
_SHAPE = re.compile(f"({_DIGITS}{{1,13}})-({_DIGITS}{{1,13}})-({_DIGITS}{{{CHECK_LETTERS}}})")
_LINK = re.compile(r"/r/(.+)", re.IGNORECASE | re.DOTALL)


def code(links: Links, delivery_id: int, offer_id: int) -> str:
    ids = f"{_written(delivery_id)}-{_written(offer_id)}"
    check = _checks(links, ids)[0]
    return f"{ids}-{check[:4]}-{check[4:]}".upper()


def read(links: Links, text: str) -> Ids:
    """The ids in a code, however it was typed, or in an answer link. Mangled or Forged."""
    if link := _LINK.search(text):
        delivery_id, offer_id = links.read(Purpose.ANSWER, link[1])
        return delivery_id, offer_id
    parts = re.findall(r"[0-9a-z]+", text.lower().translate(_ALIKE))
    found = _SHAPE.fullmatch("-".join([*parts[:2], "".join(parts[2:])]))
    if found is None:
        raise Mangled
    if not any(compare_digest(found[3], one) for one in _checks(links, f"{found[1]}-{found[2]}")):
        raise Forged
    return _number(found[1]), _number(found[2])


def _checks(links: Links, ids: str) -> list[str]:
    signatures = links.signatures(Purpose.SLIP, ids)
    return [one[:CHECK_LETTERS].translate(_TYPED) for one in signatures]


def _written(number: int) -> str:
    high, digit = divmod(number, 32)
    return (_written(high) if high else "") + _ALPHABET[digit]


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * 32 + _ALPHABET.index(digit)
    return number
