"""Tokens: what they hold, what damage they survive, and what does not open."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links import Forged, Links, Mangled, Purpose, base36
from tests.bench import tokens

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


@pytest.mark.parametrize("seal", [LINKS.seal, lambda token: LINKS._old_seals.sign(token).decode()])
def test_a_seal_fits_its_own_token_alone(seal: Callable[[str], str]) -> None:
    token = LINKS.sign(Purpose.ANSWER, 7, 3)
    assert LINKS.read_seal(token, seal(token)) is not None
    assert LINKS.read_seal(token.upper(), seal(token)) is not None
    assert LINKS.read_seal(LINKS.sign(Purpose.ANSWER, 7, 4), seal(token)) is None
    assert LINKS.read_seal(token, "") is None


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year >= 2000), st.booleans())
def test_a_seal_tells_when_its_page_was_opened_to_the_millisecond(
    opened_at: datetime, follows: bool
) -> None:
    token = LINKS.sign(Purpose.ANSWER, 7, 3)
    seals = [LINKS.seal(token, opened_at, follows=follows) for _time in range(2)]
    forms = [LINKS.read_seal(token, seal) for seal in seals]
    for form in forms:
        assert form is not None
        assert timedelta() <= opened_at - form.opened_at < timedelta(milliseconds=1)
        assert form.follows is follows
    assert forms[0] != forms[1]  # no two pages are the same


@given(st.data())
def test_any_letter_of_a_seal_changed_is_no_seal(data: st.DataObject) -> None:
    token = LINKS.sign(Purpose.ANSWER, 7, 3)
    seal = LINKS.seal(token, follows=data.draw(st.booleans()))
    place = data.draw(st.integers(0, len(seal) - 1))
    letter = data.draw(st.sampled_from("abcf234567.é"))
    for changed in (seal[:place] + letter + seal[place + 1 :], seal[:place] + seal[place + 1 :]):
        assert changed == seal or LINKS.read_seal(token, changed) is None


def test_a_thousandth_of_a_million_forged_tokens_and_none_is_believed() -> None:
    """`bin/bench tokens` tries them all."""
    found = tokens.tried(LINKS, forged=2000, mutated=4000, seed=1)
    assert (found["forged"], found["mutated"]) == (2000, 4000)
    assert found["accepted"] == 0
    assert found["canonical"] > 0  # of the mutated: what mail programs do, undone


@given(IDS, st.sampled_from(list(Purpose)))
def test_a_stamp_makes_the_very_token_that_signing_makes(ids: list[int], purpose: Purpose) -> None:
    stamped = LINKS.stamp(purpose)(b".".join(map(base36, ids))).decode()
    assert stamped == LINKS.sign(purpose, *ids)
    assert LINKS.read(purpose, stamped) == tuple(ids)


def test_a_stamp_keeps_nothing_of_the_token_before() -> None:
    stamp = LINKS.stamp(Purpose.ANSWER)
    first = stamp(b"1.2")
    assert stamp(b"3.4") != first
    assert stamp(b"1.2") == first


@given(st.integers(0, 2**62))
def test_a_number_in_base_36_is_that_number(number: int) -> None:
    assert int(base36(number), 36) == number
    assert base36(number) == base36(number).lower()


def test_a_token_holds_120_bits_of_a_keyed_blake2s() -> None:
    derived = hmac.digest(NEW.encode(), b"docket.answer", "sha256")
    octets = hashlib.blake2s(b"7.3", key=derived, digest_size=24).digest()
    letters = "".join("abcdefghijklmnopqrstuvwxyz234567"[octet % 32] for octet in octets)
    assert LINKS.sign(Purpose.ANSWER, 7, 3) == f"7.3.{letters}"


def test_the_forms_of_addresses_are_those_of_the_addresses() -> None:
    assert LINKS.answer_url(7, 3).startswith("https://docket.example.org/r/7.3.")
    assert LINKS.unsubscribe_url(7).startswith("https://docket.example.org/u/7.")
    assert LINKS.return_path(7).startswith("b+7.")
    assert LINKS.message_id(7).startswith("<7.")
    assert LINKS.message_id(7).endswith("@news.example.org>")
