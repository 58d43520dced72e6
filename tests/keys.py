"""Keys to sign mail with, made for this run of the tests."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from app.mail.dkim_key import load_key


def pem(key: PrivateKeyTypes, password: str = "") -> bytes:
    shut: KeySerializationEncryption = NoEncryption()
    if password:
        shut = BestAvailableEncryption(password.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, shut)


def rsa_pem(bits: int = 2048) -> bytes:
    return pem(generate_private_key(65537, bits))


RSA_PEM = rsa_pem()
ED25519_PEM = pem(Ed25519PrivateKey.generate())
RSA, ED25519 = load_key(RSA_PEM), load_key(ED25519_PEM)
