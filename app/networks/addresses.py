"""E-mail addresses: what may be one, and when two are the same."""

from email_validator import EmailNotValidError, validate_email

from app.networks.joining import Address

__all__ = ["Address", "EmailNotValidError", "check_address"]


def check_address(text: str) -> Address:
    """EmailNotValidError for what mail cannot reach. No name server is asked.

    Two addresses are the same when they differ in case alone: RFC 5321 lets a host tell `Ada@` from
    `ada@`, no host in use does, and mailing a person twice is the worse mistake.
    """
    checked = validate_email(
        text.strip(), check_deliverability=False, test_environment=True, allow_smtputf8=True
    )
    local = checked.normalized.rpartition("@")[0]
    domain = checked.ascii_domain if checked.ascii_domain else checked.domain
    return Address(
        email=checked.normalized,
        key=f"{local.casefold()}@{domain.casefold()}",
        smtputf8=checked.smtputf8,
    )
