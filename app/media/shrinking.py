"""What becomes of a picture that is to stand in a mail: small, upright, and nothing beside what
can be seen.

Pure: bytes in, a value out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO

import filetype
from flask_babel import gettext as _
from PIL import Image, ImageCms, ImageOps

from app.errors import InvalidInput
from app.pictures import flat, mixable, opened, plain, upright

JPEG, PNG = "image/jpeg", "image/png"
READ = {JPEG: "JPEG", PNG: "PNG", "image/apng": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
ACCEPTED = "image/jpeg,image/png,image/webp,image/gif"
ELSEWHERE = ("image/heic", "image/heif", "image/avif", "image/tiff", "image/bmp")  # no mail's
LARGEST_MB = 25  # of a file, before it is looked at
WIDEST, HIGHEST = 1200, 1800  # pixels: twice of what is shown
AIM = 250_000  # bytes
QUALITIES = (80, 70, 60, 50)  # of a JPEG
SHARES = (1.0, 0.8, 0.64, 0.5)  # of its width, where quality alone does not do
OPAQUE = 255
FEW = 256  # colours: a drawing, not a photograph


@dataclass(frozen=True)
class Shrunk:
    media_type: str
    content: bytes
    width: int
    height: int
    mark: str  # the same for the same upload


def shrunk(upload: bytes) -> Shrunk:
    """The best form of it below AIM, or the smallest. InvalidInput says why it is none."""
    _require_picture(upload)
    with opened(upload, READ.values()) as picture:
        has_few_colours = _has_few_colours(picture)
        small = _fitted(picture)
    return _first_below_aim(small, has_few_colours, blake2b(upload, digest_size=20).hexdigest())


def _require_picture(upload: bytes) -> None:
    if not upload:
        raise InvalidInput(_("The file is empty."))
    if len(upload) > LARGEST_MB * 1024 * 1024:
        text = _("The file is larger than %(limit)s MB. Save it smaller, and add that.")
        raise InvalidInput(text % {"limit": LARGEST_MB})
    found = filetype.guess(upload)
    kind = "" if found is None else str(found.mime)
    if kind not in READ:
        raise InvalidInput(_refusal(kind))


def _refusal(kind: str) -> str:
    if kind in ELSEWHERE:
        text = _(
            "Mail programs do not show pictures of this kind (%(kind)s). Save it as JPEG, and add "
            "that.",
            kind=kind.rpartition("/")[2].upper(),
        )
    else:
        text = _("This is no picture that a mail can show. Add a JPEG, a PNG, a WebP or a GIF.")
    return str(text)


def _has_few_colours(picture: Image.Image) -> bool:
    """A photograph is not looked through: JPEG has them all."""
    is_drawing = picture.format != "JPEG" and not picture.mode.startswith("I;")
    return is_drawing and picture.getcolors(FEW) is not None


def _fitted(picture: Image.Image) -> Image.Image:
    """A new picture, RGBA where something of it can be seen through."""
    picture = mixable(picture)
    # Smaller first: turned in its full size it would be in memory twice.
    picture.thumbnail((2 * HIGHEST, 2 * HIGHEST), reducing_gap=2.0)
    picture = upright(picture)
    picture.thumbnail((WIDEST, HIGHEST), reducing_gap=2.0)
    shown = plain(_in_srgb(picture))
    if shown.mode != "RGBA" or shown.getchannel("A").getextrema()[0] == OPAQUE:
        return flat(shown)
    kept = Image.new("RGBA", shown.size)
    kept.paste(shown)
    return kept


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Its colours as they were meant: what says so is left behind, and sRGB is what is assumed."""
    profile = picture.info.get("icc_profile")
    if not profile:
        return picture
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        meant, srgb = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, meant, srgb, outputMode=mode) or picture
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # it is damaged, or does not fit
        return picture


def _first_below_aim(picture: Image.Image, has_few_colours: bool, mark: str) -> Shrunk:
    for share in SHARES:
        scaled = ImageOps.scale(picture, share)
        for media_type, content in _written(scaled, has_few_colours):
            done = Shrunk(media_type, content, *scaled.size, mark)
            if len(content) <= AIM:
                return done
    return done


def _written(picture: Image.Image, has_few_colours: bool) -> Iterator[tuple[str, bytes]]:
    """The best first."""
    if picture.mode == "RGBA":
        yield PNG, _png(picture)
        yield PNG, _png(picture.quantize(FEW))
        return
    drawn = [(PNG, _png(picture.quantize(FEW)))] if has_few_colours else []
    for quality in QUALITIES:
        yield min([*drawn, (JPEG, _jpeg(picture, quality))], key=lambda one: len(one[1]))


def _png(picture: Image.Image) -> bytes:
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    written = BytesIO()
    picture.save(written, "JPEG", quality=quality, progressive=True, optimize=True)
    return written.getvalue()
