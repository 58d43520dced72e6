"""Keys to sign mail with: what is taken, what is refused and with which words."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.checking import findings
from app.mail.dkim_key import load_key
from app.services import Services
from newsletters.dkim import Signer
from tests.keys import ED25519, ED25519_PEM, RSA, RSA_PEM, pem, rsa_pem


def test_both_kinds_of_keys_are_taken() -> None:
    assert load_key(RSA_PEM).algorithm == "rsa"
    assert load_key(ED25519_PEM).algorithm == "ed25519"
    assert len(load_key(RSA_PEM).sign(bytes(32))) == 256
    assert len(load_key(ED25519_PEM).sign(bytes(32))) == 64


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "a private key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n", "a private key in PEM"),
        (
            ed25519.Ed25519PrivateKey.generate()
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "a private key in PEM",
        ),
        (pem(ed25519.Ed25519PrivateKey.generate(), "hush"), "without a password"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "an RSA key of 2048"),
        (rsa_pem(1024), "2048 to 4096 bits"),
    ],
    ids=["empty", "broken", "public", "with a password", "elliptic", "short"],
)
def test_what_cannot_sign_is_refused_with_what_is_expected(content: bytes, expected: str) -> None:
    with pytest.raises(ValueError, match=expected) as error:
        load_key(content)
    assert "hush" not in str(error.value)


def test_nothing_that_signs_is_shown() -> None:
    for key in (RSA, ED25519):
        assert repr(key) == f"Key(algorithm={key.algorithm!r}, public={key.public!r})"


def test_what_is_to_be_published_can_be_asked_for(services: Services) -> None:
    signer = Signer(ED25519, "news.example.org", "docket")
    signing = replace(services, settings=replace(services.settings, dkim=signer))
    (line,) = [line for line in findings(signing) if line.what == "DKIM"]
    assert line.ok
    assert (
        f"docket._domainkey.news.example.org: v=DKIM1; k=ed25519; p={ED25519.public}" in line.words
    )
    assert "DKIM" not in {line.what for line in findings(services)}
