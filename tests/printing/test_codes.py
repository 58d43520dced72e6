"""Codes on slips: what they hold, how they may be typed, and what is none of ours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links import Forged, Links, Mangled
from app.printing import codes

OLD, NEW = "old-" * 10, "new-" * 10
LINKS = Links([OLD, NEW], "https://docket.example.org", "news.example.org")
ID = st.integers(0, 2**40)


@given(ID, ID)
def test_a_code_is_read_back_however_it_is_typed(delivery: int, offer: int) -> None:
    code = codes.code(LINKS, delivery, offer)
    assert re.fullmatch(r"[0-9A-Z]+-[0-9A-Z]+-[0-9A-Z]{4}-[0-9A-Z]{4}", code)
    assert not set("ILOU") & set(code)
    spoken = code.replace("1", "l").replace("0", "O").replace("-", " ")
    for typed in (code, code.lower(), f" {code}. ", spoken, code.replace("-", "–")):
        assert codes.read(LINKS, typed) == (delivery, offer)


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.data())
def test_a_letter_that_is_mistyped_is_no_code_of_ours(
    delivery: int, offer: int, data: st.DataObject
) -> None:
    code = codes.code(LINKS, delivery, offer)
    place = data.draw(st.integers(0, len(code) - 1))
    letter = data.draw(st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
    changed = code[:place] + letter + code[place + 1 :]
    if changed != code:
        with pytest.raises((Forged, Mangled)):
            codes.read(LINKS, changed)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_an_error_we_know(text: str) -> None:
    with pytest.raises((Forged, Mangled)):
        codes.read(LINKS, text)


def test_what_a_scanner_reads_is_the_same() -> None:
    assert codes.read(LINKS, LINKS.answer_url(7, 3)) == (7, 3)
    assert codes.read(LINKS, LINKS.answer_url(7, 3).upper()) == (7, 3)
    with pytest.raises(Forged):
        codes.read(LINKS, LINKS.unsubscribe_url(7).replace("/u/", "/r/"))


def test_a_key_that_is_added_signs_and_the_older_are_believed() -> None:
    before = Links([OLD], LINKS.base_url, LINKS.mail_domain)
    assert codes.read(LINKS, codes.code(before, 7, 3)) == (7, 3)
    with pytest.raises(Forged):
        codes.read(before, codes.code(LINKS, 7, 3))


def test_the_ids_of_one_code_do_not_fit_the_check_of_another() -> None:
    ids, check = codes.code(LINKS, 7, 3), codes.code(LINKS, 7, 4)
    with pytest.raises(Forged):
        codes.read(LINKS, ids[:4] + check[4:])
