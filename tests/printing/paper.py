"""A letter as it would lie on a table: its pages as pictures, its text, and its square codes read
the way a telephone reads them."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import typst
from PIL import Image

from app.printing import typesetting

PPI = 254  # ten pixels a millimetre
FINDER = 7  # modules that the square in a corner of a QR code is wide
SIDE = 33  # modules of version 4, which holds a link of ours
# Of version 4, level M (ISO/IEC 18004): its data lies in two blocks of 32 codewords.
BLOCKS, DATA = 2, 64
FORMAT_MASK = 0b101010000010010


def compiler(data: dict[str, Any]) -> typst.Compiler:
    fonts = typst.Fonts()
    for ask in typesetting.asks(data):
        ask["qr"] = typesetting.qr(ask["address"])
    inputs = {"data": json.dumps(data | {"fonts": typesetting.known(fonts)})}
    template = typesetting.HERE / "letter.typ"
    return typst.Compiler(template, root=typesetting.HERE, font_paths=fonts, sys_inputs=inputs)


def pages(data: dict[str, Any], ppi: float = PPI) -> list[Image.Image]:
    made = compiler(data).compile(format="png", ppi=ppi)
    return [Image.open(BytesIO(one)) for one in (made if isinstance(made, list) else [made])]


def elements(data: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(compiler(data).query(kind))
    return found


def text_of(element: Any) -> str:
    """All that can be read in it."""
    return "".join(_texts(element))


def _texts(element: Any) -> Iterator[str]:
    if isinstance(element, list):
        for part in element:
            yield from _texts(part)
    elif isinstance(element, dict):
        match element.get("func"):
            case "space":
                yield " "
            case "linebreak":
                yield "\n"
            case "text":
                yield element["text"]
            case _:
                yield from _texts([part for name, part in element.items() if name != "func"])


def squares(page: Image.Image) -> list[str]:
    """What the QR codes of a page say, from top to bottom."""
    black = page.convert("L").point(lambda value: 0 if value > 128 else 1)
    return [decoded(_modules(black, *corner)) for corner in _corners(black)]


def _corners(black: Image.Image) -> Iterator[tuple[int, int, float]]:
    """The left upper corners, and how wide a module is."""
    wide, below = FINDER * 300 / 41, 0  # pixels
    rows = black.tobytes() if black.mode == "L" else b""
    for y in range(black.height):
        row = rows[y * black.width : (y + 1) * black.width]
        for run in re.finditer(b"\x01+", row) if y >= below else ():
            length = run.end() - run.start()
            if abs(length - wide) < 3 and _is_corner(black, run.start(), y, length):
                yield run.start(), y, length / FINDER
                below = y + 250
                break


def _is_corner(black: Image.Image, x: int, y: int, length: int) -> bool:
    column = (black.getpixel((x + 2, y + down)) for down in range(length - 2))
    return all(column) and not black.getpixel((x + length * 3 // 14, y + length // 2))


def _modules(black: Image.Image, x: int, y: int, _width: float) -> list[list[int]]:
    step = 300 / 41
    middle = [step * (place + 0.5) for place in range(SIDE)]
    return [[int(black.getpixel((int(x + h), int(y + v)))) for h in middle] for v in middle]  # type: ignore[arg-type]


def decoded(modules: list[list[int]]) -> str:
    """Without its error correction: a module that is read wrongly is a wrong letter."""
    bits = [modules[8][column] for column in (0, 1, 2, 3, 4, 5, 7, 8)]
    bits += [modules[row][8] for row in (7, 5, 4, 3, 2, 1, 0)]
    said = int("".join(map(str, bits)), 2) ^ FORMAT_MASK
    level, mask = said >> 13, (said >> 10) & 7
    assert level == 0, "not level M"
    stream = [modules[r][c] ^ _flipped(mask, r, c) for r, c in _path()]
    words = [int("".join(map(str, stream[at : at + 8])), 2) for at in range(0, DATA * 8, 8)]
    ordered = [word for block in range(BLOCKS) for word in words[block::BLOCKS]]
    whole = "".join(f"{word:08b}" for word in ordered)
    assert whole[:4] == "0100", "not bytes"
    length = int(whole[4:12], 2)
    return bytes(int(whole[at : at + 8], 2) for at in range(12, 12 + length * 8, 8)).decode()


def _flipped(mask: int, row: int, column: int) -> int:
    rules = (
        (row + column) % 2,
        row % 2,
        column % 3,
        (row + column) % 3,
        (row // 2 + column // 3) % 2,
        row * column % 2 + row * column % 3,
        (row * column % 2 + row * column % 3) % 2,
        ((row + column) % 2 + row * column % 3) % 2,
    )
    return int(rules[mask] == 0)


def _path() -> Iterator[tuple[int, int]]:
    """The modules that hold data, in their order: two columns at a time, up and down."""
    columns = [*range(SIDE - 1, 6, -2), *range(5, 0, -2)]
    for number, right in enumerate(columns):
        for step in range(SIDE):
            row = step if number % 2 else SIDE - 1 - step
            yield from ((row, c) for c in (right, right - 1) if not _is_fixed(row, c))


def _is_fixed(row: int, column: int) -> bool:
    near = (row < 9 and (column < 9 or column >= SIDE - 8)) or (row >= SIDE - 8 and column < 9)
    aligned = abs(row - 26) <= 2 and abs(column - 26) <= 2
    return near or aligned or 6 in (row, column)
