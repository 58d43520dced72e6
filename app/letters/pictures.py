"""A picture of a letter: large enough to be read, and nothing beside what can be seen."""

from io import BytesIO

from PIL import Image

from app.pictures import flat, mixable, opened, upright

READ = {"image/jpeg": "JPEG", "image/png": "PNG", "image/apng": "PNG", "image/webp": "WEBP"}
KEPT_AS = "image/jpeg"
LONGEST_SIDE = 4_000  # pixels kept: a page of A4 at 340 dpi
QUALITY = 85


def rewritten(upload: bytes) -> bytes:
    """The first frame, upright, as JPEG. InvalidInput when it cannot be read or is too large."""
    with opened(upload, READ.values()) as picture:
        return _as_jpeg(picture)


def _as_jpeg(picture: Image.Image) -> bytes:
    if max(picture.size) > LONGEST_SIDE:
        picture = mixable(picture)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    written = BytesIO()
    flat(upright(picture)).save(written, "JPEG", quality=QUALITY)
    return written.getvalue()
