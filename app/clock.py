"""The one place that asks what time it is, so that tests can set it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Aware, in UTC."""
    return datetime.now(UTC)
