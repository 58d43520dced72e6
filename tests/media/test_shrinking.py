"""What becomes of a picture: small, upright, bare; and what is refused in clear words."""

from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw
from PIL.PngImagePlugin import PngInfo

from app.errors import InvalidInput
from app.media import shrinking
from app.media.shrinking import AIM, shrunk
from tests.letters.conftest import docx, huge_png, opened, picture, short
from tests.letters.test_files import HEIC, HTML, PDF, SVG, exif
from tests.media.conftest import noise

JPEG, PNG = "image/jpeg", "image/png"


def written(drawn: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    stream = BytesIO()
    drawn.save(stream, kind, **how)
    return stream.getvalue()


def drawing(size: tuple[int, int] = (900, 500)) -> Image.Image:
    """Lines of a few colours."""
    drawn = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(drawn)
    for step in range(0, size[0], 30):
        pen.ellipse((step, 20, step + 200, 220), outline="navy", width=3)
    return drawn


def refusal(upload: bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        shrunk(upload)
    return str(refused.value)


@pytest.mark.parametrize(
    ("size", "becomes"),
    [
        ((4000, 3000), (1200, 900)),
        ((3000, 4000), (1200, 1600)),
        ((1000, 5000), (360, 1800)),
        ((1201, 30), (1200, 30)),
        ((60, 40), (60, 40)),
    ],
)
def test_a_picture_is_no_larger_than_a_mail_has_use_for(
    size: tuple[int, int], becomes: tuple[int, int]
) -> None:
    done = shrunk(picture(size=size))
    assert (done.width, done.height) == becomes
    assert opened(done.content).size == becomes


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_kind_becomes_one_that_every_mail_program_shows(kind: str) -> None:
    done = shrunk(picture(kind))
    shown = opened(done.content)
    assert {"JPEG": JPEG, "PNG": PNG}[str(shown.format)] == done.media_type
    seen = shown.convert("RGB")
    assert seen.getpixel((5, 20))[0] > 200
    assert seen.getpixel((55, 20))[2] > 200


def test_a_photograph_comes_line_by_line_ever_sharper() -> None:
    done = shrunk(written(noise((300, 200)), "JPEG", quality=95))
    assert done.media_type == JPEG
    assert opened(done.content).info["progressive"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_where_and_by_whom_a_picture_was_taken_is_gone(kind: str) -> None:
    how: dict[str, Any] = {"exif": exif(), "xmp": b"<x:xmpmeta>SecretPhone</x:xmpmeta>"}
    if kind == "JPEG":
        how["comment"] = b"SecretPhone"
    if kind == "PNG":
        text = PngInfo()
        text.add_text("Author", "SecretPhone")
        how = {"exif": exif(), "pnginfo": text}
    for mode in ("RGB",) if kind == "JPEG" else ("RGB", "RGBA"):
        upload = picture(kind, mode=mode, **how)
        assert b"SecretPhone" in upload
        kept = shrunk(upload).content
        assert b"SecretPhone" not in kept
        shown = opened(kept)
        assert not shown.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile", "Author"} & set(shown.info)


def test_a_picture_stands_upright_whatever_its_size() -> None:
    for size, becomes in (((60, 40), (40, 60)), ((4000, 2000), (900, 1800))):
        shown = opened(shrunk(picture(size=size, exif=exif(orientation=6))).content)
        assert shown.size == becomes
        assert shown.getpixel((20, 5))[0] > 200
        assert shown.getpixel((20, becomes[1] - 5))[2] > 200


def test_what_can_be_seen_through_stays_so() -> None:
    clear = Image.new("RGBA", (2000, 1000), (0, 0, 0, 0))
    clear.paste((200, 0, 0, 255), (0, 0, 1000, 1000))
    palette = Image.new("P", (40, 20), 0)
    palette.paste(1, (0, 0, 20, 20))
    palette.putpalette([0, 0, 0, 200, 0, 0])
    for upload in (
        written(clear),
        written(clear, "WEBP", lossless=True),
        written(palette, transparency=0),
        written(palette, "GIF", transparency=0),
    ):
        done = shrunk(upload)
        assert done.media_type == PNG
        shown = opened(done.content).convert("RGBA")
        assert shown.getpixel((5, 5)) == (200, 0, 0, 255)
        assert shown.getpixel((done.width - 5, 5))[3] == 0


def test_an_alpha_channel_that_lets_nothing_through_makes_no_png() -> None:
    opaque = noise((400, 300))
    opaque.putalpha(255)
    assert shrunk(written(opaque)).media_type == JPEG


def test_a_drawing_stays_sharp_and_a_photograph_does_not_grow() -> None:
    done = shrunk(written(drawing()))
    assert done.media_type == PNG
    assert opened(done.content).convert("RGB").tobytes() == drawing().tobytes()
    assert shrunk(written(drawing((2400, 900)))).media_type == PNG
    grey = noise((800, 600)).convert("L")  # of 256 greys, and no drawing
    assert shrunk(written(grey)).media_type == JPEG


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_mode_is_made_smaller_and_can_be_seen(mode: str) -> None:
    if mode == "I;16":
        drawn = Image.new(mode, (3000, 1000), 0xFFFF)
    else:
        drawn = Image.new("RGB", (3000, 1000), "white").convert(mode)
    done = shrunk(written(drawn, "JPEG" if mode == "CMYK" else "PNG"))
    shown = opened(done.content).convert("RGB")
    assert shown.size == (1200, 400)
    assert min(shown.getpixel((600, 200))) > 245


def test_a_picture_that_stays_large_loses_sharpness_first_then_size() -> None:
    for size in ((700, 500), (1200, 1800)):
        done = shrunk(written(noise(size)))
        assert len(done.content) <= AIM
        assert (done.width == size[0]) == (size == (700, 500))


def test_what_nothing_makes_small_is_kept_as_small_as_it_gets() -> None:
    done = shrunk(written(noise((1200, 1800), "RGBA")))
    assert (done.media_type, done.width, done.height) == (PNG, 600, 900)
    assert AIM < len(done.content) < 3 * AIM


def test_an_ordinary_photograph_is_below_the_aim_in_its_full_width() -> None:
    done = shrunk(written(noise((300, 225)).resize((4000, 3000)), "JPEG", quality=90))
    assert done.width == 1200
    assert len(done.content) <= AIM


def test_colours_are_those_that_were_meant() -> None:
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, ImageCms.ImageCmsProfile(lab).tobytes(), b"no profile at all"):
        shown = opened(shrunk(picture(icc_profile=profile)).content)
        assert shown.getpixel((5, 20))[0] > 200
        assert "icc_profile" not in shown.info


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        how = {"save_all": True, "append_images": frames[1:], "duration": 100}
        shown = opened(shrunk(written(frames[0], kind, **how)).content)
        assert getattr(shown, "n_frames", 1) == 1
        assert shown.convert("RGB").getpixel((10, 10))[0] > 200


def test_a_picture_that_is_something_else_too_is_a_picture_alone_afterwards() -> None:
    for kind in ("JPEG", "PNG", "GIF"):
        for hidden in (HTML, PDF, docx({"evil.txt": b"PK-evil"})):
            kept = shrunk(picture(kind) + hidden).content
            assert hidden not in kept
            assert b"PK\x03\x04" not in kept


@pytest.mark.parametrize("side", [8_000, 12_000, 30_000, 100_000])
def test_a_picture_of_too_many_pixels_is_not_decoded(side: int) -> None:
    assert "50 million pixels" in refusal(huge_png(side))


def test_a_gif_that_claims_too_many_pixels_is_not_decoded() -> None:
    upload = bytearray(picture("GIF"))
    upload[6:10] = b"\xff\xff\xff\xff"
    assert "50 million pixels" in refusal(bytes(upload))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_that_was_cut_is_refused(kind: str) -> None:
    upload = written(noise((400, 300)), kind)
    for length in (20, len(upload) // 2):
        assert "damaged" in refusal(upload[:length])


@pytest.mark.parametrize("upload", [SVG, HTML, PDF, docx(), b"Dear Minister", bytes(99)], ids=short)
def test_what_is_no_picture_is_told_what_to_add(upload: bytes) -> None:
    assert "no picture that a mail can show" in refusal(upload)


def test_a_picture_of_a_kind_that_mails_do_not_show_is_named() -> None:
    assert "(HEIC)" in refusal(HEIC)
    assert "(TIFF)" in refusal(written(drawing(), "TIFF"))


def test_nothing_and_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "empty" in refusal(b"")
    monkeypatch.setattr(shrinking, "LARGEST_MB", 1)
    assert "larger than 1 MB" in refusal(picture() + bytes(1024 * 1024))


def test_the_same_upload_has_the_same_mark_and_another_has_another() -> None:
    assert shrunk(picture()).mark == shrunk(picture()).mark
    assert shrunk(picture()).mark != shrunk(picture(size=(61, 40))).mark


SEEDS = [picture(kind) for kind in ("JPEG", "PNG", "WEBP", "GIF")] + [picture("PNG", mode="RGBA")]


@given(st.data())
def test_whatever_comes_is_shrunk_or_refused_in_words(data: st.DataObject) -> None:
    upload = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _number in range(data.draw(st.integers(1, 8))):
        upload[data.draw(st.integers(0, len(upload) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidInput):
        done = shrunk(bytes(upload[: data.draw(st.integers(0, len(upload)))]))
        assert opened(done.content).size == (done.width, done.height)
