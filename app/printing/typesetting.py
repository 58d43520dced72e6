"""A process of its own that makes a PDF: a job as JSON on its input, the file on its output.

What people wrote comes in as data, and letter.typ sets it as it is: none of it is read as markup.
The service starts this as a file, with nothing of its environment (press.py): it knows no key and
no database, its memory is given back when it ends, and whatever goes wrong ends with it.
"""

import io
import json
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import segno
import typst

HERE = Path(__file__).parent
LACKING = 3  # how it ends when there are characters that no font has, and these are its output
MOST_TOLD = 20
# The first is a part of typst; of the others, those that this machine has.
FONTS = (
    *("Libertinus Serif", "Noto Serif", "Noto Naskh Arabic", "Noto Nastaliq Urdu", "Amiri"),
    *("Noto Sans Arabic", "Noto Serif Hebrew", "Noto Serif Devanagari", "Noto Serif Bengali"),
    *("Noto Serif Tamil", "Noto Serif Thai", "Noto Serif Georgian", "Noto Serif Armenian"),
    *("Noto Serif Ethiopic", "Noto Serif Khmer", "Noto Serif Myanmar", "Noto Serif CJK SC"),
    *("Noto Serif CJK JP", "Noto Serif CJK KR", "Noto Emoji"),
)
QUIET_ZONE = 4  # modules around a QR code (ISO/IEC 18004)
MASK = 2  # any may be used: to try all eight and take the best takes four times as long
# Set as PDF/A, a character that no font has is an error; as PDF alone it would be an empty box.
TELLS = "a-2u"
ACCESSIBLE = "ua-1"


def main() -> int:
    job = json.load(sys.stdin)
    fonts = typst.Fonts()
    lacking = list(islice(missing(job["characters"], fonts), MOST_TOLD))
    if lacking and not job["anyway"]:
        print(json.dumps(lacking))  # noqa: T201
        return LACKING
    if job["data"] is not None:
        sys.stdout.buffer.write(document(job["data"], fonts, accessible=not lacking))
    return 0


def document(data: dict[str, Any], fonts: typst.Fonts, *, accessible: bool) -> bytes:
    for ask in asks(data):
        ask["qr"] = qr(ask["address"])
    data["fonts"] = known(fonts)
    # Accessible PDF has no room for what no font has.
    for standards in ([ACCESSIBLE], []) if accessible else ([],):
        try:
            return compiled(HERE / "letter.typ", data, fonts, standards)
        except typst.TypstError:
            if not standards:
                raise
    raise AssertionError("the last of them returns or raises")


def asks(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for letter in data["letters"]:
        for part in letter["parts"]:
            yield from part.get("asks", ())


def qr(address: str) -> str:
    """As SVG."""
    written = io.BytesIO()
    code = segno.make(address, error="m", micro=False, mask=MASK)
    code.save(written, kind="svg", border=QUIET_ZONE, xmldecl=False, nl=False)
    return written.getvalue().decode()


def missing(characters: str, fonts: typst.Fonts) -> Iterator[str]:
    """Those of the characters that no font has, found by halves."""
    if not characters or can_set(characters, fonts):
        return
    if len(characters) == 1:
        yield characters
        return
    half = len(characters) // 2
    yield from missing(characters[:half], fonts)
    yield from missing(characters[half:], fonts)


def can_set(characters: str, fonts: typst.Fonts) -> bool:
    data = {"fonts": known(fonts), "characters": list(characters)}
    try:
        compiled(HERE / "characters.typ", data, fonts, [TELLS])
    except typst.TypstError:
        return False
    return True


def compiled(
    template: Path, data: Mapping[str, Any], fonts: typst.Fonts, standards: list[Any]
) -> bytes:
    compiler = typst.Compiler(template, root=HERE, font_paths=fonts)
    inputs = {"data": json.dumps(data)}
    made = compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=standards)
    assert isinstance(made, bytes)
    return made


def known(fonts: typst.Fonts) -> list[str]:
    """To name one that is not there is a warning."""
    here = set(fonts.families())
    return [name for name in FONTS if name in here]


if __name__ == "__main__":
    sys.exit(main())
