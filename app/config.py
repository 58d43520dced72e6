"""Settings: read from the environment once, checked, frozen.

Every problem is collected, so that a start that fails names all that is wrong at once.
"""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from limits import parse_many
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.inbound.door_settings import InboundDoors, read_doors
from app.mail.hosts import is_loopback
from app.mail.mailbox_address import ImapAddress, parse_mailboxes
from app.mail.rates import Rate, parse_domain_limits
from app.mail.relay import Relay, parse_relays
from newsletters.dkim import Key, Signer

MIN_KEY_LENGTH = 32
MIN_TOKEN_LENGTH = 16

T = TypeVar("T")


class SettingsError(ValueError):
    """One line per wrong setting: its name and what is expected."""


@dataclass(frozen=True)
class Settings:
    database_url: str
    data_dir: Path
    base_url: str  # no trailing slash
    secret_keys: tuple[str, ...]  # oldest first, the newest signs
    own_key: bool  # the keys were made up here, not set by the operator
    relays: tuple[Relay, ...]  # where mail goes; the local inbox when SMTP_URL is not set
    domain_limits: Mapping[str, Rate]  # recipient domain -> what it takes
    worker_processes: int
    uses_inbox: bool
    inbox_port: int
    mail_domain: str
    default_timezone: str
    link_lifetime_days: int
    upload_limit_mb: int
    sign_in_limit: str
    public_limit: str
    trusted_proxies: int
    dkim: Signer | None  # signs mail; None where the relays do
    log_format: str  # a key of app.logs.RENDERERS
    metrics_token: str  # empty: /metrics is for this machine alone
    takes_mail: bool  # mail to MAIL_DOMAIN comes back here, so addresses of ours may stand in mail
    mail_host: str  # where the door for incoming mail listens
    mail_port: int
    mailboxes: tuple[ImapAddress, ...]  # where mail is fetched
    imap_move_to: str  # the folder for what was fetched and is ours; empty: it stays
    letter_days: int  # how long letters are kept
    link_checks: bool  # whether links and the DNS of senders' domains are looked at
    send_delay: int  # seconds in which "send now" can be taken back
    letter_limit_mb: int  # the largest copy of a letter that a member may upload
    mail_days: int  # how long other mail that came in is kept
    doors: InboundDoors  # for posts of mail providers

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def inbox_dir(self) -> Path:
        return self.data_dir / "inbox"

    def require_real_keys(self, host: str) -> None:
        """SettingsError when `host` or BASE_URL can be reached from outside on a made-up key."""
        outside = [h for h in (host, urlsplit(self.base_url).hostname or "") if not is_loopback(h)]
        if self.own_key and outside:
            raise SettingsError(
                f"SECRET_KEYS: {outside[0]} can be reached from outside, so a key of your own is "
                "needed. Make one with: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
            )


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. SettingsError lists every wrong one by name."""
    env = os.environ if environ is None else environ
    read = _Reader(env)
    data_dir = Path(read("DATA_DIR", "data", _path))
    inbox_port = read("INBOX_PORT", "1025", _whole(0, 65535))
    relays = read("SMTP_URL", "", parse_relays)
    base_url = read("BASE_URL", "http://127.0.0.1:8000", _base_url)
    keys = read("SECRET_KEYS", "", _keys)
    mail_domain = read("MAIL_DOMAIN", urlsplit(base_url).hostname or "localhost", _domain)
    settings = Settings(
        database_url=read("DATABASE_URL", f"sqlite:///{data_dir / 'docket.db'}", database_url),
        data_dir=data_dir,
        base_url=base_url,
        secret_keys=keys,
        own_key=not keys,
        relays=relays or (),
        domain_limits=read("DOMAIN_LIMITS", "", parse_domain_limits),
        worker_processes=read("WORKER_PROCESSES", "1", _whole(1, 64)),
        uses_inbox=not relays,
        inbox_port=inbox_port,
        mail_domain=mail_domain,
        default_timezone=read("DEFAULT_TIMEZONE", "UTC", _timezone),
        link_lifetime_days=read("LINK_LIFETIME_DAYS", "180", _whole(28, 3650)),
        upload_limit_mb=read("UPLOAD_LIMIT_MB", "64", _whole(1, 1024)),
        sign_in_limit=read("SIGN_IN_LIMIT", "10 per minute", _rate),
        public_limit=read("PUBLIC_LIMIT", "120 per minute", _rate),
        trusted_proxies=read("TRUSTED_PROXIES", "0", _whole(0, 5)),
        dkim=_dkim(read, mail_domain),
        log_format=read("LOG_FORMAT", "text", _one_of("text", "json")),
        metrics_token=read("METRICS_TOKEN", "", _token),
        takes_mail=read("INBOUND_MAIL", "off" if relays else "on", _switch),
        mail_host=read("INBOUND_HOST", "127.0.0.1", str),
        mail_port=read("INBOUND_PORT", "1026", _whole(0, 65535)),
        mailboxes=read("IMAP_URL", "", parse_mailboxes),
        imap_move_to=read("IMAP_MOVE_TO", "", str),
        letter_days=read("LETTER_DAYS", "365", _whole(1, 3650)),
        link_checks=read("LINK_CHECKS", "on", _switch),
        send_delay=read("SEND_DELAY_SECONDS", "60", _whole(0, 3600)),
        letter_limit_mb=read("LETTER_LIMIT_MB", "10", _whole(1, 40)),
        mail_days=read("INBOUND_DAYS", "90", _whole(1, 3650)),
        doors=read_doors(read, _token),
    )
    read.raise_if_wrong()
    return settings


def with_embedded_defaults(settings: Settings) -> Settings:
    """Fill in what the embedded default makes itself: its folder, its key, its inbox."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys = settings.secret_keys or (_kept_key(settings.data_dir / "secret-key"),)
    relays = settings.relays or parse_relays(f"smtp://127.0.0.1:{settings.inbox_port}")
    return replace(settings, secret_keys=keys, relays=relays)


def _kept_key(path: Path) -> str:
    """The key in `path`, made on first use and readable by its owner alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key + "\n")
    return key


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._problems: list[str] = []

    def __call__(self, name: str, default: str, parse: Callable[[str], T]) -> T:
        text = self._env.get(name, "").strip() or default
        try:
            return parse(text)
        except ValueError as error:
            self._problems.append(f"{name}: {error}")
            return parse(default)

    def raise_if_wrong(self) -> None:
        if self._problems:
            raise SettingsError("\n".join(self._problems))


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is not one of {', '.join(words)}")
        return text

    return parse


def _switch(text: str) -> bool:
    return _one_of("on", "off")(text) == "on"


def _token(text: str) -> str:
    # It is a secret, so it is not repeated.
    if text and not re.fullmatch(rf"[\w.~+/=-]{{{MIN_TOKEN_LENGTH},}}", text, re.ASCII):
        raise ValueError(f"{MIN_TOKEN_LENGTH} letters and digits or more, without spaces")
    return text


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text!r} is not an address such as https://docket.example.org")
    if parts.query or parts.fragment:
        raise ValueError("an address without ? and # is expected")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("members' links must be https:// unless the host is this machine")
    return text.rstrip("/")


def _keys(text: str) -> tuple[str, ...]:
    keys = tuple(text.replace(",", " ").split())
    if any(len(key) < MIN_KEY_LENGTH for key in keys):
        raise ValueError(
            f"each key needs {MIN_KEY_LENGTH} characters or more, separated by commas, oldest first"
        )
    return keys


def database_url(text: str) -> str:
    """The address as the engine takes it. ValueError when it is none of a database we know."""
    try:
        url = make_url(text)
    except ArgumentError:
        # The text itself may hold a password, so it is not repeated.
        raise ValueError("an SQLAlchemy address such as sqlite:////var/lib/docket.db") from None
    if url.get_backend_name() == "sqlite":
        return text
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    raise ValueError(f"{url.get_backend_name()} is not known; sqlite and postgresql are")


def _domain(text: str) -> str:
    if any(c.isspace() or c in "@/<>" for c in text):
        raise ValueError(f"{text!r} is not a domain such as news.example.org")
    return text.lower().rstrip(".")


def _dkim(read: _Reader, mail_domain: str) -> Signer | None:
    key = read("DKIM_KEY", "", _dkim_key)
    selector = read("DKIM_SELECTOR", "docket", _dns_name)
    domain = read("DKIM_DOMAIN", "", _dns_name) or mail_domain
    return Signer(key, domain, selector) if key else None


def _dkim_key(text: str) -> Key | None:
    if not text:
        return None
    from app.mail.dkim_key import load_key  # cryptography takes its time: not where it is idle

    try:
        pem = Path(text).expanduser().read_bytes()
    except OSError as error:
        raise ValueError(f"{text!r} cannot be read: {error.strerror}") from None
    return load_key(pem)


def _dns_name(text: str) -> str:
    """RFC 6376 3.1, 3.5: labels of ASCII letters, digits and hyphens with dots between."""
    if text and not re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", text, re.IGNORECASE):
        raise ValueError(f"{text!r} is not a name in the DNS, such as news.example.org")
    return text.lower()


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text!r} is not an IANA time zone such as Europe/Paris") from None
    return text


def _rate(text: str) -> str:
    try:
        parse_many(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a rate such as '10 per minute'") from None
    return text
