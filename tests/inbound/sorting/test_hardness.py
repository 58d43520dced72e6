"""What servers say, and what it means for an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inbound.sorting.dialects import REASONS, WIDE_REASONS
from app.inbound.sorting.hardness import hardness
from app.inbound.sorting.shapes import Hardness

HARD = (
    ("5.1.1", None, ""),
    ("5.1.2", None, ""),
    ("5.4.4", None, "Name service error for name=nowhere.example type=A: Host not found"),
    ("5.0.0", None, "smtp; user unknown"),
    ("5.0.0", None, ""),
    ("5.4.1", 550, "550 5.4.1 Recipient address rejected: Access denied"),
    ("5.1.10", None, "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
    ("5.1.1", 550, "550 rejected by rule 7"),
    (None, 550, "550 No such person at this address"),
    (None, 550, "550 Requested action not taken: mailbox unavailable"),
    (None, 550, "sorry, no mailbox here by that name. (#5.1.1)"),
    (None, 554, "554 delivery error: This user doesn't have an account"),
    (None, None, "Unrouteable address"),
    (None, None, "all relevant MX records point to non-existent hosts"),
    (None, None, "User jsmith (jsmith@a.example) not listed in Domino Directory"),
    (None, None, "550 Die E-Mail-Adresse des Empfängers wurde nicht gefunden"),
    (None, None, "L'adresse du destinataire est introuvable"),
    (None, None, "No se encontró la dirección de correo"),
    (None, None, "Indirizzo del destinatario non trovato"),
    (None, None, "O endereço não foi encontrado"),
    (None, None, "Het adres van de ontvanger bestaat niet"),
    (None, None, "Адрес получателя не существует"),
    (None, None, "宛先のアドレスが見つかりません"),
    (None, None, "收件人不存在"),
)
FULL = (
    ("5.2.2", None, ""),
    ("4.2.2", 452, "over quota"),
    (None, 552, "552"),
    (None, 550, "550 The mailbox of the user is full"),
    ("5.1.1", None, "550 mailbox is full"),
    (None, None, "STOREDRV.Deliver.Exception:QuotaExceededException"),
    (None, None, "Das Postfach des Empfängers ist voll"),
    (None, None, "La boîte du destinataire est pleine"),
    (None, None, "El buzón está lleno"),
    (None, None, "почтовый ящик переполнен"),
)
SOFT = (
    (None, None, ""),
    ("5.7.1", 550, "550 5.7.1 Blocked: listed at a DNSBL"),
    ("5.1.1", 550, "550 this looks like spam"),
    ("5.1.8", 550, "550 5.1.8 Sender address rejected: Domain not found"),
    ("5.7.26", 550, "550-5.7.26 This mail is unauthenticated"),
    ("5.4.7", None, "Delivery time expired, host not found"),
    ("4.1.1", 450, "450 4.1.1 User unknown, for now"),
    ("5.4.6", None, "mail loop detected"),
    (None, 450, "450 greylisted"),
    (None, 421, "421"),
    (None, 554, "554 refused"),
    (None, 552, "552 message too large"),
    (None, 553, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
    (None, None, "retry timeout exceeded"),
    (None, None, "host spam.user-unknown.example said: connection timed out"),
)


@pytest.mark.parametrize(
    ("status", "code", "text", "meaning"),
    [
        *((*row, Hardness.HARD) for row in HARD),
        *((*row, Hardness.FULL) for row in FULL),
        *((*row, Hardness.SOFT) for row in SOFT),
    ],
)
def test_what_an_answer_means(
    status: str | None, code: int | None, text: str, meaning: Hardness
) -> None:
    assert hardness(status, code, text) is meaning


@given(st.sampled_from(["4.0.0", "4.1.1", "4.4.7"]) | st.none(), st.integers(400, 499), st.text())
def test_for_now_is_never_hard(status: str | None, code: int, text: str) -> None:
    assert hardness(status, code, text if status else "") is not Hardness.HARD


@given(st.text() | st.none(), st.integers() | st.none(), st.text())
def test_any_answer_means_something(status: str | None, code: int | None, text: str) -> None:
    assert hardness(status, code, text) in (Hardness.HARD, Hardness.SOFT, Hardness.FULL)


def test_the_table_sees_no_meaning_in_nothing() -> None:
    assert not any(row.search("") for _meaning, row in (*REASONS, *WIDE_REASONS))
