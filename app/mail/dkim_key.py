"""The private key that signs mail (RFC 6376, 8463), read from PEM."""

from base64 import b64encode
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from newsletters.dkim import Key

RSA_BITS = range(2048, 4097)  # RFC 8301: fewer are too few, verifiers may refuse more


def load_key(pem: bytes) -> Key:
    """ValueError says what is expected; nothing of the key is in it."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("a private key in PEM, without a password, is expected") from None
    if isinstance(key, RSAPrivateKey) and key.key_size in RSA_BITS:
        return Key("rsa", _rsa(key), _spki(key.public_key()))
    if isinstance(key, Ed25519PrivateKey):
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return Key("ed25519", key.sign, b64encode(public).decode())
    raise ValueError("an RSA key of 2048 to 4096 bits, or an Ed25519 key, is expected")


def _rsa(key: RSAPrivateKey) -> Callable[[bytes], bytes]:
    padding, digest = PKCS1v15(), Prehashed(hashes.SHA256())
    return lambda hashed: key.sign(hashed, padding, digest)


def _spki(key: RSAPublicKey) -> str:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(der).decode()
