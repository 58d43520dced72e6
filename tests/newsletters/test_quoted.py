"""Quoted-printable pieces: each decodes to what it was, wherever it stands."""

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletters import quoted
from tests.newsletters.nasty import NASTY, arrives_as, values

SOFT_BREAK = b"=\r\n"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.sampled_from(
    [".", "....", "." * 300, ("." * 76 + "\n") * 3, "From a\nFrom b\n.\n.\n", " \n \n", "é." * 90]
)


def check_piece(piece: bytes) -> None:
    """It begins at the left edge, and a soft break fits behind it."""
    lines = piece.split(b"\r\n")
    assert not {*b"\r\n"} & {*b"".join(lines)}
    assert all(len(line) <= 76 for line in lines)
    assert len(lines[-1]) <= 75
    assert not any(line.startswith((b".", b"From ")) for line in lines)


@given(text=texts)
def test_literal_text_is_read_back_by_another_decoder(text: str) -> None:
    piece = quoted.encode(text)
    check_piece(piece)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert quopri.decodestring(piece).replace(b"\r\n", b"\n").decode() == lines
    assert quoted.decode(piece) == lines


@given(value=values)
def test_a_value_is_read_back_from_both_its_forms(value: str) -> None:
    forms = quoted.forms(value)
    if forms is None:
        assert arrives_as(value) == ""
        return
    for form in forms:
        check_piece(form)
        assert b"  " not in form
        assert b"\t" not in form
    assert quopri.decodestring(forms[0]).decode() == arrives_as(value)


@pytest.mark.parametrize("value", NASTY)
def test_a_nasty_value_between_soft_breaks_is_its_own_line(value: str) -> None:
    text, html = quoted.forms(value) or (b"", b"")
    whole = b"a" + SOFT_BREAK + text + SOFT_BREAK + b"b"
    assert quopri.decodestring(whole).decode() == f"a{arrives_as(value)}b"
    assert not {"<", ">", '"', "'"} & {*quopri.decodestring(html).decode()}


@pytest.mark.parametrize("value", ["Ada Quill", "O.Harrow", "a-b_c (d), e/f:g+h", "x" * 75])
def test_a_plain_value_is_written_as_it_is(value: str) -> None:
    assert quoted.forms(value) == (value.encode(), value.encode())


def test_markup_is_escaped_in_html_alone() -> None:
    assert quoted.forms("<b>") == (b"<b>", b"&lt;b&gt;")
