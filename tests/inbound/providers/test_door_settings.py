"""Which doors are open: what is right, what is wrong, and that no secret is told."""

import subprocess
import sys

import pytest

from app.config import SettingsError, load
from app.inbound.door_settings import InboundDoors
from tests.inbound.providers import signing

KEY = "0123456789abcdef-hush"


def test_every_door_is_closed_until_it_is_opened() -> None:
    assert load({}).doors == InboundDoors()
    assert not any(vars(load({}).doors).values())


def test_what_is_set_is_read() -> None:
    other = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:mail.fifo"
    doors = load(
        {
            "SES_TOPICS": f"{signing.TOPIC}, {other}",
            "SENDGRID_WEBHOOK_KEY": signing.SENDGRID_PUBLIC,
            "MAILGUN_SIGNING_KEY": "key-" + KEY,
            "POSTMARK_WEBHOOK_TOKEN": KEY + "1",
            "BREVO_WEBHOOK_TOKEN": KEY + "2",
            "INBOUND_HTTP_TOKEN": KEY + "3",
        }
    ).doors
    assert doors == InboundDoors(
        frozenset({signing.TOPIC, other}),
        signing.SENDGRID_PUBLIC,
        "key-" + KEY,
        KEY + "1",
        KEY + "2",
        KEY + "3",
    )
    assert "hush" not in repr(doors)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SES_TOPICS", "bounces", "arn:aws:sns:"),
        ("SES_TOPICS", f"{signing.TOPIC}, arn:aws:sqs:eu-west-1:123456789012:x", "sqs"),
        ("SES_TOPICS", "arn:aws:sns:evil.example/:123456789012:x", "not a topic"),
        ("SES_TOPICS", "arn:aws:sns:s3:123456789012:x", "not a topic"),
        ("SENDGRID_WEBHOOK_KEY", "hush-hush-hush-hush", "verification key"),
        ("MAILGUN_SIGNING_KEY", "hush", "16 letters"),
        ("POSTMARK_WEBHOOK_TOKEN", "hush hush hush hush hush", "without spaces"),
        ("BREVO_WEBHOOK_TOKEN", "hush", "16 letters"),
        ("INBOUND_HTTP_TOKEN", "hush", "16 letters"),
    ],
)
def test_a_wrong_one_is_named_and_not_repeated(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as error:
        load({name: value})
    assert str(error.value).startswith(f"{name}:")
    assert expected in str(error.value)
    assert "hush" not in str(error.value)


def test_reading_the_settings_stays_cheap() -> None:
    script = "import sys, app.config; app.config.load({}); print('cryptography' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
