"""A list of members on its way in, and what is to become of each of its rows."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.db import Base, Key
from app.networks.models import Network


class ImportState(StrEnum):
    MAPPING = "mapping"  # which column is what: the coordinator's turn
    TO_READ = "to_read"
    READING = "reading"
    PLANNED = "planned"  # what it would do can be seen: the coordinator's turn
    TO_APPLY = "to_apply"
    APPLIED = "applied"
    FAILED = "failed"  # `error` says why; nothing was imported


class Verdict(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"  # the same person again, further down
    REFUSED = "refused"


class ImportRun(Base):
    """One file of members on its way in: uploaded, read, shown, applied.

    The rows are staged in ImportRow while the file is read, so that what was shown is what is
    applied, in one transaction.
    """

    __tablename__ = "import_run"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    filename: Mapped[str]
    content: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))  # dropped when read
    mapping: Mapped[dict[str, Any]]  # column index -> field
    header: Mapped[list[str]]
    consent_source: Mapped[str | None]  # None: every new person is invited instead
    state: Mapped[str]  # ImportState
    claimed_until: Mapped[datetime | None]  # a worker is reading it
    size: Mapped[int] = mapped_column(default=0)  # bytes of the file
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int] = mapped_column(default=0)  # about: lines of the file
    counts: Mapped[dict[str, Any]]  # verdict -> rows
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    planned_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]

    network: Mapped[Network] = relationship()


class ImportRow(Base):
    __tablename__ = "import_row"
    __table_args__ = (
        UniqueConstraint("run_id", "line"),
        Index(None, "run_id", "verdict", "line"),
        Index(None, "run_id", "email_key"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    line: Mapped[int]
    verdict: Mapped[str]
    email_key: Mapped[str | None]
    candidate: Mapped[dict[str, Any]]  # the cleaned values
    changes: Mapped[dict[str, Any]]  # field -> [before, after]
    problems: Mapped[list[Any]]  # {column, value, reason, fatal}
    cells: Mapped[list[str]]  # as they stood; kept for refused rows, which go back to be mended
