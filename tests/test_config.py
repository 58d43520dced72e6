"""Settings: what is right, what is wrong and is named, and the key that is made."""

import stat
from pathlib import Path

import pytest

from app.config import SettingsError, load, with_embedded_defaults
from tests.keys import ED25519, ED25519_PEM

KEY = "k" * 40


def test_nothing_set_is_the_embedded_default(tmp_path: Path) -> None:
    settings = load({"DATA_DIR": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path / 'docket.db'}"
    assert settings.uses_inbox
    assert settings.own_key


def test_the_made_key_is_kept_and_its_owners_alone(tmp_path: Path) -> None:
    first = with_embedded_defaults(load({"DATA_DIR": str(tmp_path)}))
    again = with_embedded_defaults(load({"DATA_DIR": str(tmp_path)}))
    assert first.secret_keys == again.secret_keys
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "mysql://db", "sqlite and postgresql"),
        ("DATABASE_URL", "not an address", "such as sqlite"),
        ("BASE_URL", "docket.example.org", "https://docket.example.org"),
        ("BASE_URL", "http://docket.example.org", "https://"),
        ("SECRET_KEYS", "short", "32 characters"),
        ("SMTP_URL", "http://mail", "smtp"),
        ("MAIL_DOMAIN", "a b", "news.example.org"),
        ("DEFAULT_TIMEZONE", "Mars/Olympus", "Europe/Paris"),
        ("INBOX_PORT", "many", "whole number"),
        ("SIGN_IN_LIMIT", "often", "10 per minute"),
        ("LINK_LIFETIME_DAYS", "1", "28"),
        ("TRUSTED_PROXIES", "-1", "whole number"),
        ("DKIM_KEY", "/nowhere/dkim.pem", "cannot be read: No such file"),
        ("DKIM_KEY", "/", "cannot be read"),
        ("DKIM_KEY", __file__, "a private key in PEM"),
        ("DKIM_SELECTOR", "a b", "a name in the DNS"),
        ("DKIM_DOMAIN", "a;b", "a name in the DNS"),
        ("LINK_CHECKS", "maybe", "on, off"),
        ("LOG_FORMAT", "xml", "text, json"),
        ("METRICS_TOKEN", "short", "16 letters"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_expected(
    name: str, value: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as error:
        load({name: value})
    assert str(error.value).startswith(f"{name}:")
    assert expected in str(error.value)


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        load({"DEFAULT_TIMEZONE": "x", "INBOX_PORT": "x"})
    assert {line.partition(":")[0] for line in str(error.value).splitlines()} == {
        "DEFAULT_TIMEZONE",
        "INBOX_PORT",
    }


def test_no_password_is_repeated() -> None:
    for name, value in (("SMTP_URL", "smtp://me:hush@"), ("DATABASE_URL", "mysql://me:hush@db")):
        with pytest.raises(SettingsError) as error:
            load({name: value})
        assert "hush" not in str(error.value)


def test_what_can_be_reached_from_outside_needs_a_key_of_its_own(tmp_path: Path) -> None:
    made = load({"DATA_DIR": str(tmp_path)})
    made.require_real_keys("127.0.0.1")
    with pytest.raises(SettingsError, match="SECRET_KEYS"):
        made.require_real_keys("0.0.0.0")
    with pytest.raises(SettingsError, match="SECRET_KEYS"):
        load({"BASE_URL": "https://docket.example.org"}).require_real_keys("127.0.0.1")
    load({"SECRET_KEYS": KEY}).require_real_keys("0.0.0.0")


def test_mail_is_not_signed_unless_there_is_a_key() -> None:
    assert load({"DKIM_SELECTOR": "letters"}).dkim is None


def test_mail_is_signed_for_its_domain(tmp_path: Path) -> None:
    (tmp_path / "dkim.pem").write_bytes(ED25519_PEM)
    env = {"DKIM_KEY": str(tmp_path / "dkim.pem"), "MAIL_DOMAIN": "news.example.org"}
    signer = load(env).dkim
    assert signer is not None
    assert signer.record_name == "docket._domainkey.news.example.org"
    assert signer.record == f"v=DKIM1; k=ed25519; p={ED25519.public}"
    other = load({**env, "DKIM_DOMAIN": "Example.org", "DKIM_SELECTOR": "letters"}).dkim
    assert other is not None
    assert other.record_name == "letters._domainkey.example.org"
