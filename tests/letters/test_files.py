"""What a file is by its content, what is kept of it, and what is refused in clear words."""

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.errors import InvalidInput
from app.letters import files, pictures
from tests.letters.conftest import MAIL, docx, huge_png, odt, opened, picture, short

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>x()</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
ORIENTATION, GPS, MAKE = 0x0112, 0x8825, 0x010F


def refusal(upload: bytes, limit_mb: int = 10) -> str:
    with pytest.raises(InvalidInput) as refused:
        files.check(upload, limit_mb)
    return str(refused.value)


@pytest.mark.parametrize(
    ("upload", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\xef\xbb\xbf" + PDF, "application/pdf"),
        (MAIL, "message/rfc822"),
        (MAIL.replace(b"please", "s’il vous plaît".encode("cp1252")), "message/rfc822"),
        (b"Dear Minister,\nplease release her.", "text/plain"),
        ("Grüße an den Minister".encode("cp1252"), "text/plain"),
        (b"BMW drives the minister. MZ, II*", "text/plain"),
        (b"Subject: her release\n\nDear Minister", "text/plain"),
        (docx(), files.OFFICE),
        (odt(), files.ODT),
    ],
    ids=short,
)
def test_a_file_is_what_its_content_is_and_is_kept_as_it_came(
    upload: bytes, media_type: str
) -> None:
    kept = files.check(upload, 10)
    assert (kept.media_type, kept.content) == (media_type, upload)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_kept_as_a_jpeg(kind: str) -> None:
    kept = files.check(picture(kind), 10)
    assert kept.media_type == "image/jpeg"
    shown = opened(kept.content)
    assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (60, 40))
    assert shown.getpixel((5, 20))[0] > 200
    assert shown.getpixel((55, 20))[2] > 200


def exif(**tags: int) -> Image.Exif:
    made = Image.Exif()
    made[MAKE] = "SecretPhone"
    made[ORIENTATION] = tags.get("orientation", 1)
    made.get_ifd(GPS)[2] = (48.0, 51.0, 29.6)
    return made


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_where_and_by_whom_a_picture_was_taken_is_gone(kind: str) -> None:
    how = {"exif": exif(), "xmp": b"<x:xmpmeta>SecretPhone</x:xmpmeta>"}
    if kind == "JPEG":
        how["comment"] = b"SecretPhone"
    if kind == "PNG":
        text = PngInfo()
        text.add_text("Author", "SecretPhone")
        how = {"exif": exif(), "pnginfo": text}
    upload = picture(kind, **how)
    assert b"SecretPhone" in upload
    kept = files.check(upload, 10).content
    assert b"SecretPhone" not in kept
    shown = opened(kept)
    assert not shown.getexif()
    assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_picture_stands_upright_before_what_says_so_is_gone() -> None:
    kept = opened(files.check(picture(exif=exif(orientation=6)), 10).content)
    assert kept.size == (40, 60)
    assert kept.getpixel((20, 5))[0] > 200
    assert kept.getpixel((20, 55))[2] > 200


def test_a_large_picture_is_made_smaller_and_stays_upright() -> None:
    large = picture(size=(6000, 3000), exif=exif(orientation=6))
    kept = opened(files.check(large, 10).content)
    assert kept.size == (2000, 4000)
    assert kept.getpixel((1000, 100))[0] > 200


@pytest.mark.parametrize("mode", ["1", "I;16", "P"])
def test_a_large_scan_is_made_smaller_whatever_its_colours(mode: str) -> None:
    page = Image.new("L", (16_400, 100), "white")
    for line in range(0, 100, 2):
        page.paste(0, (0, line, 16_400, line + 1))
    written = BytesIO()
    page.convert("I;16" if mode == "I;16" else mode).save(written, "PNG")
    kept = opened(files.check(written.getvalue(), 10).content)
    assert kept.size == (4000, 24)
    if mode != "I;16":  # whose white is 65535
        darkest, lightest = kept.convert("L").getextrema()
        assert 100 < darkest <= lightest < 155  # the lines are mixed, none is left out


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    for kind in ("WEBP", "PNG"):
        written = BytesIO()
        frames[0].save(written, kind, save_all=True, append_images=frames[1:], duration=100)
        kept = opened(files.check(written.getvalue(), 10).content)
        assert getattr(kept, "n_frames", 1) == 1
        assert kept.getpixel((10, 10))[0] > 200


def test_what_is_transparent_or_grey_can_be_read() -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    grey = Image.new("I;16", (20, 20), 0xFFFF)
    palette = Image.new("P", (20, 20), 0)
    palette.info["transparency"] = 0
    for drawn in (clear, grey, palette):
        written = BytesIO()
        drawn.save(written, "PNG")
        kept = opened(files.check(written.getvalue(), 10).content)
        assert min(kept.getpixel((10, 10))) > 250, drawn.mode
    dark = BytesIO()
    Image.new("I;16", (20, 20), 0x1000).save(dark, "PNG")
    assert 10 < opened(files.check(dark.getvalue(), 10).content).getpixel((10, 10))[0] < 24


def test_a_picture_that_is_something_else_too_is_a_picture_alone_afterwards() -> None:
    for hidden in (HTML, PDF, docx({"evil.txt": b"PK-evil"})):
        kept = files.check(picture() + hidden, 10)
        assert kept.media_type == "image/jpeg"
        assert hidden not in kept.content
        assert b"PK\x03\x04" not in kept.content


@pytest.mark.parametrize("side", [8_000, 12_000, 30_000, 100_000])
def test_a_picture_of_too_many_pixels_is_not_decoded(side: int) -> None:
    assert "50 million pixels" in refusal(huge_png(side))


def test_a_picture_of_many_passes_is_refused() -> None:
    upload = picture()
    at = upload.rindex(b"\xff\xda")
    assert "damaged" in refusal(upload[:at] + upload[at:-2] * 100 + b"\xff\xd9")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_was_cut_is_refused(kind: str) -> None:
    upload = picture(kind, size=(400, 300))
    for length in (20, len(upload) // 2):
        assert "damaged" in refusal(upload[:length])


@pytest.mark.parametrize(
    "upload", [SVG, HTML, b"\xef\xbb\xbf \n<svg/>", b"<script>x()</script>"], ids=short
)
def test_a_page_or_drawing_is_refused_whatever_it_is_called(upload: bytes) -> None:
    assert "web page" in refusal(upload)
    # With the first bytes of a picture it is no picture either.
    assert "damaged" in refusal(b"\x89PNG\r\n\x1a\n" + upload + bytes(50))


@pytest.mark.parametrize(
    "upload",
    [
        b"MZ\x90\0" + bytes(500),
        b"\x7fELF" + bytes(500),
        b"Rar!\x1a\x07\x01\0" + bytes(100),
        b"GIF89a" + bytes(100),
        b"{\\rtf1 Dear Minister}",
        b"\0\1\2\3 not a text",
        bytes(1000),
    ],
    ids=short,
)
def test_other_kinds_are_refused_with_what_to_send(upload: bytes) -> None:
    assert "Send a PDF" in refusal(upload)


def test_a_picture_that_cannot_be_opened_here_is_named() -> None:
    assert "(HEIC)" in refusal(HEIC)


def test_nothing_and_too_much_are_refused() -> None:
    assert "none was chosen" in refusal(b"")
    assert "larger than 1 MB" in refusal(b"x" * (1024 * 1024 + 1), 1)


@pytest.mark.parametrize(
    "upload",
    [
        docx(without="word/document.xml"),
        docx()[:-30],
        docx()[:80],
        docx({f"word/{number}": b"" for number in range(files.MOST_ENTRIES)}),
    ],
    ids=short,
)
def test_a_document_that_is_none_is_refused(upload: bytes) -> None:
    refused = refusal(upload)
    assert "damaged" in refused or "Send a PDF" in refused


def test_a_document_that_unpacks_to_too_much_is_never_unpacked() -> None:
    upload = bytearray(docx())
    at = upload.rindex(b"PK\x01\x02")
    upload[at + 24 : at + 28] = (4_000_000_000).to_bytes(4, "little")
    assert "damaged" in refusal(bytes(upload))


def test_a_document_with_macros_is_refused() -> None:
    assert "macros" in refusal(docx({"word/vbaProject.bin": b"x"}))


def test_the_same_upload_has_the_same_mark_and_another_has_another() -> None:
    one, other = b"\x00\n\n", b"\x01\n\n"
    marks = {files.check(PDF + end, 10).mark for end in (one, one, other)}
    assert len(marks) == 2
    assert files.check(picture(), 10).mark == files.check(picture(), 10).mark


SEEDS = [picture(kind) for kind in ("JPEG", "PNG", "WEBP")] + [docx(), odt(), PDF, MAIL, HEIC]


@given(st.data())
def test_whatever_comes_is_kept_or_refused_in_words(data: st.DataObject) -> None:
    upload = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _number in range(data.draw(st.integers(1, 8))):
        upload[data.draw(st.integers(0, len(upload) - 1))] = data.draw(st.integers(0, 255))
    content = bytes(upload[: data.draw(st.integers(0, len(upload)))])
    with suppress(InvalidInput):
        kept = files.check(content, 10)
        assert kept.media_type in files.SUFFIXES
        if kept.media_type == pictures.KEPT_AS:
            assert opened(kept.content).format == "JPEG"
