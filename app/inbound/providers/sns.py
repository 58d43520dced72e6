"""Amazon SNS: is a message signed by SNS, for a topic of ours, and new?

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. Anybody can make a
topic and have SNS sign for it, so the topic decides; from its name follows the one host that may
serve the certificate. SNS serves the leaf without its issuers, so what vouches for it is that
host's TLS, and its dates are checked here.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate, load_pem_x509_certificate

from app.inbound.providers import reading
from app.inbound.providers.shapes import Malformed, Unsigned, Unverifiable

Fetch = Callable[[str], bytes]  # the body at an https URL; OSError when it cannot be had

TOPIC = re.compile(
    r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2,4}(?:-[a-z]+)+-\d{1,2}):\d{12}:[\w-]{1,256}(?:\.fifo)?",
    re.ASCII,
)
OLDEST = timedelta(minutes=75)  # SNS tries for an hour at most
AHEAD = timedelta(minutes=15)  # clocks differ
RSA_BITS = 2048
MOST_CERTIFICATES = 50

NOTIFICATION = "Notification"
SUBSCRIBE = "SubscriptionConfirmation"
UNSUBSCRIBE = "UnsubscribeConfirmation"
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIBE: _CONFIRMATION,
    UNSUBSCRIBE: _CONFIRMATION,
}
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - what SNS signs with unless the topic says otherwise
    "2": hashes.SHA256(),
}
_PEM = re.compile(r"/[\w-]+(?:\.[\w-]+)*\.pem", re.ASCII)
_CONFIRM = re.compile(r"/\?([\w.~%&=:-]+)", re.ASCII)


class Notice(NamedTuple):
    """A message that SNS signed. `subscribe_url` is empty but in a confirmation."""

    type: str
    topic: str
    message_id: str
    message: str
    subscribe_url: str


class Certificates:
    """Fetches each signing certificate once."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._held: dict[str, Certificate] = {}
        self._lock = Lock()

    def at(self, url: str) -> Certificate:
        """Unverifiable when it cannot be fetched, Unsigned when it is none."""
        held = self._held.get(url)
        if held is not None:
            return held
        try:
            pem = self._fetch(url)
        except OSError:
            raise Unverifiable("the signing certificate cannot be fetched") from None
        try:
            found = load_pem_x509_certificate(pem)
        except ValueError:
            raise Unsigned("what is at SigningCertURL is no certificate") from None
        with self._lock:
            if len(self._held) >= MOST_CERTIFICATES:
                self._held.clear()
            self._held[url] = found
        return found


def verify(
    body: bytes, topics: Collection[str], certificates: Certificates, now: datetime
) -> Notice:
    """The message, once all is well with it. Malformed, Unsigned or Unverifiable."""
    post = reading.parse_unverified(body)
    kind, topic = _string(post, "Type"), _string(post, "TopicArn")
    if kind not in _SIGNED:
        raise Malformed("not a message of SNS")
    if topic not in topics:
        raise Unsigned("of a topic that is not in SES_TOPICS")
    _check_age(_string(post, "Timestamp"), now)
    signed = canonical(post)
    url = _at_host(topic, _string(post, "SigningCertURL"), _PEM, "SigningCertURL")
    _check_signature(post, signed, certificates.at(url), now)
    return Notice(
        kind,
        topic,
        _string(post, "MessageId"),
        _string(post, "Message"),
        _string(post, "SubscribeURL") if kind == SUBSCRIBE else "",
    )


def confirm(notice: Notice, fetch: Fetch) -> None:
    """Say yes to the subscription, at SNS itself and for this topic. Unsigned or Unverifiable."""
    url = _at_host(notice.topic, notice.subscribe_url, _CONFIRM, "SubscribeURL")
    asked = parse_qs(url.partition("?")[2])
    if asked.get("Action") != ["ConfirmSubscription"] or asked.get("TopicArn") != [notice.topic]:
        raise Unsigned("SubscribeURL confirms something else")
    try:
        fetch(url)
    except OSError:
        raise Unverifiable("the subscription cannot be confirmed") from None


def canonical(post: Mapping[str, object]) -> bytes:
    """What SNS signs: names and values of the fields of this type, in the order of their names."""
    names = _SIGNED[_string(post, "Type")]
    told = [name for name in names if name != "Subject" or post.get(name) is not None]
    try:
        return "".join(f"{name}\n{_string(post, name)}\n" for name in told).encode()
    except UnicodeEncodeError:
        raise Malformed("half a character") from None


def host_of(topic: str) -> str:
    """Where SNS serves what belongs to a topic."""
    found = TOPIC.fullmatch(topic)
    if found is None:
        raise Unsigned("not the name of a topic")
    return f"sns.{found[2]}.amazonaws.com" + (".cn" if found[1] == "aws-cn" else "")


def _at_host(topic: str, url: str, rest: re.Pattern[str], name: str) -> str:
    """The URL itself, compared as text: no parser can be tricked into another host."""
    start = f"https://{host_of(topic)}"
    if not url.startswith(start) or not rest.fullmatch(url, len(start)):
        raise Unsigned(f"{name} leads away from Amazon")
    return url


def _check_age(timestamp: str, now: datetime) -> None:
    at = reading.moment(timestamp)
    if at is None:
        raise Malformed("a Timestamp is expected")
    if not now - OLDEST <= at <= now + AHEAD:
        raise Unsigned("too old, or from the future")


def _check_signature(
    post: Mapping[str, object], signed: bytes, certificate: Certificate, now: datetime
) -> None:
    digest = _HASHES.get(_string(post, "SignatureVersion"))
    if digest is None:
        raise Malformed("a SignatureVersion of 1 or 2 is expected")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Unsigned("the signing certificate is not valid now")
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS:
        raise Unsigned("the signing certificate holds no RSA key of 2048 bits")
    given = _string(post, "Signature")
    try:
        key.verify(b64decode(given, validate=True), signed, PKCS1v15(), digest)
    except (ValueError, InvalidSignature):
        raise Unsigned("the signature is not SNS's") from None


def _string(post: Mapping[str, object], name: str) -> str:
    value = post.get(name)
    if not isinstance(value, str):
        raise Malformed(f"{name} is expected")
    return value
