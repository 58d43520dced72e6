"""What is sealed opens for who has the key, and for nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vault import Unreadable, Vault

OLD, NEW = "an-old-key-an-old-key-an-old-key-an", "a-new-key-a-new-key-a-new-key-a-new"
VAULT = Vault([OLD, NEW])


@given(st.binary(max_size=2000))
def test_what_was_sealed_opens_again(data: bytes) -> None:
    assert VAULT.open(VAULT.seal(data, "letter"), "letter") == data


def test_the_newest_key_seals_and_older_ones_still_open() -> None:
    before = Vault([OLD]).seal(b"words", "letter")
    assert VAULT.open(before, "letter") == b"words"
    after = VAULT.seal(b"words", "letter")
    assert Vault([NEW]).open(after, "letter") == b"words"
    with pytest.raises(Unreadable, match="no key"):
        Vault([OLD]).open(after, "letter")


def test_the_same_words_never_look_the_same_and_are_not_to_be_seen() -> None:
    first, second = VAULT.seal(b"Tamsin Arkwell", "letter"), VAULT.seal(b"Tamsin Arkwell", "letter")
    assert first != second
    assert b"Tamsin" not in first


def test_what_is_taken_for_something_else_stays_closed() -> None:
    with pytest.raises(Unreadable, match="not what it is taken for"):
        VAULT.open(VAULT.seal(b"words", "letter"), "notice")


@given(st.data())
def test_what_was_changed_stays_closed(data: st.DataObject) -> None:
    sealed = bytearray(VAULT.seal(b"words that matter", "letter"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unreadable):
        VAULT.open(bytes(sealed), "letter")


@given(st.binary(max_size=100))
def test_anything_else_is_unreadable_and_no_crash(data: bytes) -> None:
    with pytest.raises(Unreadable):
        VAULT.open(data, "letter")
