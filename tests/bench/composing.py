"""Composing: an edition compiled once and filled by one join, beside a mail that is signed,
rendered and built for each member; and the letters that DKIM leaves, beside its bare signatures.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.delivery.filling import Addressed, Filler, Loaded
from app.links import Links
from app.mail.dkim_key import load_key
from newsletters import wire
from newsletters.dkim import Signer
from tests.bench.measuring import Figure, compare
from tests.bench.naive import BASE_URL, MASTHEAD, compose, sample_edition
from tests.newsletters import samples

COMPILES, FILLS, NAIVE_FILLS, SIGNATURES = 20, 10_000, 40, 800
DOMAIN = "news.example.org"
NAMES = ("Ada Quill", "Zoë Pemberwick", "Perpetua Vane", "José Núñez-Ixworth")
JOBS = ("notary", "barrister", "juge d’instruction", "professor of law")
AT = datetime(2031, 5, 2, 9, 30, tzinfo=UTC)


def compiling(rounds: int) -> Figure:
    """How often an edition is made ready, against how often one mail is made from its templates."""
    return compare(
        "compile",
        "editions/s",
        lambda: sum(bool(wire.compile(samples.ISSUE).size) for _ in range(COMPILES)),
        lambda: sum(bool(_mail_compiled_anew()) for _ in range(COMPILES)),
        "each mail compiled and built for itself: one for each member",
        rounds,
    )


def filling(rounds: int) -> Figure:
    """Everything that a letter takes until it can be handed to a relay, its signatures included."""
    filler = Filler(_links())
    loaded = filler.ready(sample_edition(), MASTHEAD)
    members, others = _members(), _members()
    return compare(
        "fill",
        "mails/s",
        lambda: _filled(filler, loaded, members, FILLS),
        lambda: sum(bool(_naive(next(others))) for _ in range(NAIVE_FILLS)),
        "six links, two Jinja templates and an EmailMessage for each member",
        rounds,
    )


def signing(rounds: int) -> Figure:
    """Signed letters against the bare signatures that they need: the limit."""
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    filler = Filler(_links(), Signer(load_key(pem), DOMAIN, "bench"))
    loaded, members = filler.ready(sample_edition(), MASTHEAD), _members()
    padding, digest = PKCS1v15(), hashes.SHA256()
    return compare(
        "dkim",
        "mails/s",
        lambda: _filled(filler, loaded, members, SIGNATURES),
        lambda: sum(bool(key.sign(b"headers", padding, digest)) for _ in range(SIGNATURES)),
        "the limit: bare RSA-2048 signatures",
        rounds,
    )


def _links() -> Links:
    return Links(["k" * 40], BASE_URL, DOMAIN)


def _members() -> Iterator[Addressed]:
    """Nobody twice; every other name needs encoding, as in our networks."""
    for number in count(100_000):
        name, job = NAMES[number % 4], JOBS[number // 4 % 4]
        yield Addressed(number, name, f"member{number}@members.example", job, "FR")


def _filled(filler: Filler, loaded: Loaded, members: Iterator[Addressed], many: int) -> int:
    return sum(bool(filler.letter(loaded, next(members), AT).message) for _ in range(many))


def _naive(to: Addressed) -> bytes:
    return compose(to.delivery_id, to.name, to.address, to.profession or "", AT)


def _mail_compiled_anew() -> bytes:
    rendered = samples.rendered(samples.ISSUE)
    message = EmailMessage(SMTP)
    message["Subject"] = rendered.subject
    message["From"] = f"{MASTHEAD.from_name} <{MASTHEAD.from_address}>"
    message["To"] = samples.RECIPIENT.address
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    return message.as_bytes()
