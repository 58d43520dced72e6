"""The table of periodic work: when each job is due, and who is at it."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Job(Base):
    """One row for each name in `app.scheduler.JOBS`, written when a worker first looks for it.

    A worker that is killed leaves `running_until` in the past and `next_run_at` as it was: the
    same tick is then run by another.
    """

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str]  # for readers of the table: "every 30 s"; the code holds what counts
    next_run_at: Mapped[datetime]
    running_by: Mapped[str | None]  # host:pid
    running_until: Mapped[datetime | None]  # the lease: afterwards another may run it
    last_begun_at: Mapped[datetime | None]
    last_ended_at: Mapped[datetime | None]
    last_error: Mapped[str | None]  # of the last run; one line, without addresses
    runs: Mapped[int] = mapped_column(default=0)  # begun; also the number that a run goes by
    failures: Mapped[int] = mapped_column(default=0)
