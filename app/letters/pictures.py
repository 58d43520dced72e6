"""A picture that came from outside, written anew: what is left is what can be seen.

Where and by whose telephone it was taken (EXIF, XMP, comments) would give a member away, and a
file that is also something else is a picture alone afterwards.
"""

import struct
from io import BytesIO
from threading import Lock

from flask_babel import gettext as _
from PIL import Image, ImageOps

from app.errors import InvalidInput

READ = {"image/jpeg": "JPEG", "image/png": "PNG", "image/apng": "PNG", "image/webp": "WEBP"}
KEPT_AS = "image/jpeg"
MOST_PIXELS = 50_000_000  # before it is decoded: 200 MB of memory
LONGEST_SIDE = 4_000  # pixels kept: a page of A4 at 340 dpi
QUALITY = 85
# A progressive JPEG has about ten; each is a pass over the whole picture.
MOST_SCANS = 64
# A picture takes as much memory as a process may have to spare: one at a time.
_turn = Lock()


def rewritten(upload: bytes) -> bytes:
    """The first frame, upright, as JPEG. InvalidInput when it cannot be read or is too large."""
    if upload.count(b"\xff\xda") > MOST_SCANS and upload.startswith(b"\xff\xd8"):
        raise _damaged()
    with _turn:
        try:
            with Image.open(BytesIO(upload), formats=list(set(READ.values()))) as picture:
                _require_few_pixels(picture)
                return _as_jpeg(picture)
        except InvalidInput:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _too_many_pixels() from None
        except Exception:  # decoders trip over what is damaged in many ways
            raise _damaged() from None


def _as_jpeg(picture: Image.Image) -> bytes:
    if max(picture.size) > LONGEST_SIDE:
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    upright = _upright(picture)
    # A new picture: what was written beside the old one stays behind.
    kept = Image.new("RGB", upright.size, "white")
    shown = _plain(upright)
    kept.paste(shown, mask=shown.getchannel("A") if shown.mode == "RGBA" else None)
    written = BytesIO()
    kept.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except (ValueError, SyntaxError, KeyError, TypeError, struct.error):  # its EXIF is damaged
        return picture


def _plain(picture: Image.Image) -> Image.Image:
    """In RGB, or RGBA where some of it is transparent."""
    if picture.mode.startswith("I"):  # 16 bits of grey, as scanners write them
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


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
