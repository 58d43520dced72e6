"""Literal bytes with numbered places between them, filled by one join."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from newsletters.quoted import SOFT_BREAK

Part = bytes | int  # literal bytes, or the number of a place


class Template:
    """`values`: how many fill() is given; a place is the number of one of them."""

    def __init__(self, parts: Iterable[Part], values: int) -> None:
        merged = list(_merged(parts))
        self._literals = tuple(part for part in merged if isinstance(part, bytes))
        literal = iter(range(values, values + len(self._literals)))
        order = [part if isinstance(part, int) else next(literal) for part in merged]
        self._pick = itemgetter(*order) if len(order) > 1 else _few(order)

    def fill(self, values: tuple[bytes, ...]) -> bytes:
        return b"".join(self._pick(values + self._literals))


def _few(order: list[int]) -> Callable[[tuple[bytes, ...]], tuple[bytes, ...]]:
    """As itemgetter, which gives no tuple of one."""
    return lambda values: tuple(values[number] for number in order)


def laid_out(parts: Iterable[Part], put: Callable[[int], list[Part]]) -> Iterator[Part]:
    """Quoted-printable with `put(number)` in the place of each slot.

    What is put begins at the left edge, and so does what stands behind it.
    """
    at_left_edge, after_slot = True, False
    for part in parts:
        if isinstance(part, bytes):
            if after_slot and not part.startswith(b"\r\n"):
                yield SOFT_BREAK
            yield part
            at_left_edge = part.endswith(b"\r\n")
        else:
            if not at_left_edge:
                yield SOFT_BREAK
            yield from put(part)
            at_left_edge = False
        after_slot = isinstance(part, int)


def _merged(parts: Iterable[Part]) -> Iterator[Part]:
    """Literals that stand side by side become one; empty ones vanish."""
    for literal, group in groupby(parts, lambda part: isinstance(part, bytes)):
        if not literal:
            yield from group
        elif joined := b"".join(part for part in group if isinstance(part, bytes)):
            yield joined
