"""A picture that came from outside, opened with care: what is written anew of it holds only what
can be seen.

Where and by whose telephone it was taken (EXIF, XMP, comments) would give somebody away, and a
file that is also something else is a picture alone afterwards.
"""

import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock

from flask_babel import gettext as _
from PIL import Image, ImageOps

from app.errors import InvalidInput

MOST_PIXELS = 50_000_000  # before it is decoded: 200 MB of memory
# A progressive JPEG has about ten; each is a pass over the whole picture.
MOST_SCANS = 64
MIXABLE = ("L", "RGB", "RGBA", "CMYK")
# A picture takes as much memory as a process may have to spare: one at a time.
_turn = Lock()


@contextmanager
def opened(upload: bytes, formats: Collection[str]) -> Iterator[Image.Image]:
    """Its first frame, not decoded yet. InvalidInput when it cannot be read or is too large, also
    for what decoding it in the block trips over."""
    if upload.count(b"\xff\xda") > MOST_SCANS and upload.startswith(b"\xff\xd8"):
        raise _damaged()
    with _turn:
        try:
            with Image.open(BytesIO(upload), formats=sorted(set(formats))) as picture:
                _require_few_pixels(picture)
                yield picture
        except InvalidInput:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _too_many_pixels() from None
        except Exception:  # decoders trip over what is damaged in many ways
            raise _damaged() from None


def mixable(picture: Image.Image) -> Image.Image:
    """In a mode whose pixels can be mixed, as they are when it is made smaller."""
    is_so = picture.mode in MIXABLE and "transparency" not in picture.info
    return picture if is_so else plain(picture)


def upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except (ValueError, SyntaxError, KeyError, TypeError, struct.error):  # its EXIF is damaged
        return picture


def plain(picture: Image.Image) -> Image.Image:
    """In RGB, or RGBA where some of it is transparent."""
    if picture.mode.startswith("I"):  # 16 bits of grey, as scanners write them
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def flat(picture: Image.Image) -> Image.Image:
    """A new picture on white: what was written beside the old one stays behind."""
    kept = Image.new("RGB", picture.size, "white")
    shown = plain(picture)
    kept.paste(shown, mask=shown.getchannel("A") if shown.mode == "RGBA" else None)
    return kept


def _require_few_pixels(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> InvalidInput:
    return InvalidInput(
        _(
            "This picture has more than %(most)s million pixels. Send it smaller, or take a "
            "picture of the screen.",
            most=MOST_PIXELS // 1_000_000,
        )
    )


def _damaged() -> InvalidInput:
    return InvalidInput(
        _(
            "This picture is damaged, or was cut on its way. Open it, save it anew as JPEG, and "
            "send that."
        )
    )
