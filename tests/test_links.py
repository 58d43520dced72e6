"""Tokens: what they hold, what damage they survive, and what does not open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links import Forged, Links, Mangled, Purpose

OLD, NEW = "old-" * 10, "new-" * 10
LINKS = Links([OLD, NEW], "https://docket.example.org", "news.example.org")
IDS = st.lists(st.integers(0, 2**62), min_size=1, max_size=3)


@given(IDS, st.sampled_from(list(Purpose)))
def test_a_token_is_read_back_for_its_own_purpose_alone(ids: list[int], purpose: Purpose) -> None:
    token = LINKS.sign(purpose, *ids)
    assert LINKS.read(purpose, token) == tuple(ids)
    assert token == token.lower()
    for other in Purpose:
        if other is not purpose:
            with pytest.raises(Forged):
                LINKS.read(other, token)


@given(IDS, st.data())
def test_any_letter_changed_is_no_token_of_ours(ids: list[int], data: st.DataObject) -> None:
    token = LINKS.sign(Purpose.ANSWER, *ids)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("abcdefgh234567"))
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises((Forged, Mangled)):
            LINKS.read(Purpose.ANSWER, changed)


@given(st.text(max_size=80))
def test_whatever_comes_is_an_error_we_know(text: str) -> None:
    with pytest.raises((Forged, Mangled)):
        LINKS.read(Purpose.ANSWER, text)


@pytest.mark.parametrize("damage", ["{}.", "<{}>", "({}),", "{} ", "=3D{}", "{}\u200b", "“{}”"])
def test_damage_around_a_token_is_mended(damage: str) -> None:
    token = LINKS.sign(Purpose.ANSWER, 7, 3)
    assert LINKS.read(Purpose.ANSWER, damage.format(token)) == (7, 3)
    assert LINKS.read(Purpose.ANSWER, damage.format(token.upper())) == (7, 3)


def test_a_key_that_is_added_signs_and_the_older_are_believed() -> None:
    before = Links([OLD], LINKS.base_url, LINKS.mail_domain)
    assert LINKS.read(Purpose.ANSWER, before.sign(Purpose.ANSWER, 7)) == (7,)
    with pytest.raises(Forged):
        before.read(Purpose.ANSWER, LINKS.sign(Purpose.ANSWER, 7))


def test_a_return_path_fits_into_a_local_part() -> None:
    address = LINKS.return_path(10**9)
    assert address.endswith("@news.example.org")
    assert len(address.rpartition("@")[0]) <= 64


def test_a_seal_fits_its_own_token_alone() -> None:
    token = LINKS.sign(Purpose.ANSWER, 7, 3)
    assert LINKS.read_seal(token, LINKS.seal(token)) is not None
    assert LINKS.read_seal(token.upper(), LINKS.seal(token)) is not None
    assert LINKS.read_seal(LINKS.sign(Purpose.ANSWER, 7, 4), LINKS.seal(token)) is None
    assert LINKS.read_seal(token, "") is None
