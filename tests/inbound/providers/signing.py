"""The providers' side: keys made for this run, and posts signed as each provider signs them."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
HOST = "https://sns.eu-west-1.amazonaws.com"
PEM_URL = f"{HOST}/SimpleNotificationService-0123456789abcdef.pem"
SUBSCRIBE_URL = f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
MAILGUN_KEY = "key-0123456789abcdef0123456789abcdef"
TOKEN = "a-token-of-sixteen-letters-or-more"

SNS_KEY = rsa.generate_private_key(65537, 2048)
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())


def spki(key: ec.EllipticCurvePrivateKey) -> str:
    """As SendGrid's page shows it."""
    public = key.public_key()
    return b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


SENDGRID_PUBLIC = spki(SENDGRID_KEY)


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = SNS_KEY,
    begins: datetime = NOW - timedelta(days=30),
    ends: datetime = NOW + timedelta(days=30),
) -> bytes:
    """PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


class Amazon:
    """What is asked of it, and what it serves. Nothing else is on this network."""

    def __init__(self, pem: bytes | None = None) -> None:
        self.served = {PEM_URL: pem or certificate(), SUBSCRIBE_URL: b"<ok/>"}
        self.asked: list[str] = []

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.served:
            raise OSError("nobody there")
        return self.served[url]


def sns(
    message: object = "", *, key: rsa.RSAPrivateKey = SNS_KEY, at: datetime = NOW, **fields: Any
) -> dict[str, Any]:
    """An SNS message as posted, signed unless `fields` say otherwise."""
    post: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.123Z"),
        "SignatureVersion": "2",
        "SigningCertURL": PEM_URL,
        "UnsubscribeURL": f"{HOST}/?Action=Unsubscribe",
        **fields,
    }
    if "Signature" not in post:
        post["Signature"] = sns_signature(post, key)
    return post


def sns_signature(post: dict[str, Any], key: rsa.RSAPrivateKey = SNS_KEY) -> str:
    """Written from Amazon's description, apart from what verifies it."""
    if post["Type"] == "Notification":
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    told = b""
    for name in names:
        if name in post:
            told += name.encode() + b"\n" + str(post[name]).encode() + b"\n"
    digest = hashes.SHA1() if post["SignatureVersion"] == "1" else hashes.SHA256()
    return b64encode(key.sign(told, PKCS1v15(), digest)).decode()


def subscription(**fields: Any) -> dict[str, Any]:
    return sns(
        "You have chosen to subscribe to the topic.",
        **{
            "Type": "SubscriptionConfirmation",
            "Token": "2336412f37",
            "SubscribeURL": SUBSCRIBE_URL,
            **fields,
        },
    )


def sendgrid_headers(
    body: bytes, at: datetime = NOW, key: ec.EllipticCurvePrivateKey = SENDGRID_KEY
) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


def mailgun_signature(
    token: str = "t" * 50, at: datetime = NOW, key: str = MAILGUN_KEY
) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), "sha256").hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": signature}


def basic(password: str, user: str = "docket") -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
