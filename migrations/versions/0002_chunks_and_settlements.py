"""Chunks and settlements: the ledger's rows never change, what became of them stands beside."""

import sqlalchemy as sa
from alembic import op

from app.db import Json, Key, UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ODD = "state <> 'sent' OR uncertain > 0"


def upgrade() -> None:
    _issue_columns()
    _new_tables()
    _fill_settlements()
    _fill_chunks()
    _slim_attempts()
    _slim_deliveries()
    _never_give_an_id_again()


def downgrade() -> None:
    _fatten_deliveries()
    _fatten_attempts()
    for table in ("job", "quota", "pace", "worker", "settlement", "chunk"):
        op.drop_table(table)
    with op.batch_alter_table("issue") as batch:
        for column in (
            "urgent",
            "paused_at",
            "paused_why",
            "cancelled_at",
            "rate_per_minute",
            "when_uncertain",
        ):
            batch.drop_column(column)


def _issue_columns() -> None:
    with op.batch_alter_table("issue") as batch:
        batch.add_column(
            sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch.add_column(sa.Column("paused_at", UTCDateTime(), nullable=True))
        batch.add_column(sa.Column("paused_why", sa.String(), nullable=True))
        batch.add_column(sa.Column("cancelled_at", UTCDateTime(), nullable=True))
        batch.add_column(sa.Column("rate_per_minute", sa.Integer(), nullable=True))
        batch.add_column(
            sa.Column("when_uncertain", sa.String(), nullable=False, server_default="resend")
        )
    with op.batch_alter_table("issue") as batch:
        batch.alter_column("urgent", existing_type=sa.Boolean(), server_default=None)
        batch.alter_column("when_uncertain", existing_type=sa.String(), server_default=None)


def _new_tables() -> None:
    op.create_table(
        "chunk",
        sa.Column("id", Key, nullable=False),
        sa.Column("issue_id", Key, nullable=False),
        sa.Column("edition_id", Key, nullable=False),
        sa.Column("first_id", Key, nullable=False),
        sa.Column("last_id", Key, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("taken_to", Key, nullable=True),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_chunk_issue_id_issue"),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_chunk_edition_id_edition"),
        sa.PrimaryKeyConstraint("id", name="pk_chunk"),
    )
    _index("ix_chunk_free", "chunk", ["rank", "id"], "done_at IS NULL AND claimed_by IS NULL")
    _index("ix_chunk_claimed", "chunk", ["claimed_by"], "claimed_by IS NOT NULL")
    op.create_index("ix_chunk_issue_id", "chunk", ["issue_id"])
    op.create_table(
        "settlement",
        sa.Column("delivery_id", Key, autoincrement=False, nullable=False),
        sa.Column("issue_id", Key, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UTCDateTime(), nullable=True),
        sa.Column("settled_at", UTCDateTime(), nullable=False),
        sa.Column("relay", sa.String(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_settlement"),
    )
    _index("ix_settlement_due", "settlement", ["next_try_at"], "state = 'retry'")
    _index("ix_settlement_claimed", "settlement", ["claimed_by"], "claimed_by IS NOT NULL")
    _index("ix_settlement_odd", "settlement", ["issue_id", "state"], ODD)
    op.create_table(
        "worker",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("in_flight", sa.Integer(), nullable=False),
        sa.Column("sent_last_minute", sa.Integer(), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("gone_at", UTCDateTime(), nullable=True),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_worker"),
    )
    op.create_table(
        "pace",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("next_slot_at", UTCDateTime(), nullable=True),
        sa.Column("held_until", UTCDateTime(), nullable=True),
        sa.Column("held_why", sa.String(), nullable=True),
        sa.Column("holds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_pace"),
    )
    op.create_table(
        "quota",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("window", Key, nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "seconds", name="pk_quota"),
    )
    op.create_table(
        "job",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("next_run_at", UTCDateTime(), nullable=False),
        sa.Column("running_by", sa.String(), nullable=True),
        sa.Column("running_until", UTCDateTime(), nullable=True),
        sa.Column("last_begun_at", UTCDateTime(), nullable=True),
        sa.Column("last_ended_at", UTCDateTime(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job"),
    )


def _fill_settlements() -> None:
    """A claimed delivery whose attempt had begun may have been taken: it is unknown."""
    begun = """
        EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = d.id AND a.number = d.attempts
                AND a.ended_at IS NULL)
    """
    newest = "(SELECT a.{} FROM attempt a WHERE a.delivery_id = d.id AND a.number = d.attempts)"
    op.execute(
        f"""
        INSERT INTO settlement (delivery_id, issue_id, state, cause, attempts, uncertain,
                                next_try_at, settled_at, relay, code, answer)
        SELECT d.id, d.issue_id,
               CASE WHEN d.state = 'claimed' THEN 'unknown' ELSE d.state END,
               d.cause, d.attempts,
               CASE WHEN d.state IN ('claimed', 'unknown') THEN 1 ELSE 0 END,
               CASE WHEN d.state = 'retry' THEN d.next_try_at END,
               coalesce(d.settled_at, d.next_try_at),
               {newest.format("relay")}, {newest.format("code")}, {newest.format("answer")}
        FROM delivery d
        WHERE d.state NOT IN ('queued', 'claimed') OR (d.state = 'claimed' AND {begun})
        """  # noqa: S608 - constants
    )


def _fill_chunks() -> None:
    """One for each edition; done unless something of it is still to be begun."""
    op.execute(
        """
        INSERT INTO chunk (issue_id, edition_id, first_id, last_id, size, rank, done_at)
        SELECT d.issue_id, d.edition_id, min(d.id), max(d.id), count(*), 1,
               CASE WHEN count(s.delivery_id) = count(*) THEN max(s.settled_at) END
        FROM delivery d LEFT JOIN settlement s ON s.delivery_id = d.id
        GROUP BY d.issue_id, d.edition_id
        """
    )


def _slim_attempts() -> None:
    """What ended the matter stands in the settlement now."""
    op.execute("DELETE FROM attempt WHERE ended_at IS NULL OR outcome IN ('sent', 'give_up')")
    with op.batch_alter_table("attempt") as batch:
        batch.drop_constraint("fk_attempt_delivery_id_delivery", type_="foreignkey")
        batch.drop_constraint("uq_attempt_delivery_id_number", type_="unique")
        batch.drop_column("begun_at")
        batch.alter_column("ended_at", existing_type=UTCDateTime(), nullable=False)
        batch.alter_column("outcome", existing_type=sa.String(), nullable=False)
        batch.create_index("ix_attempt_delivery_id", ["delivery_id"])


def _slim_deliveries() -> None:
    for index in (
        "ix_delivery_claimed",
        "ix_delivery_due",
        "ix_delivery_edition_id",
        "ix_delivery_issue_id_delivery_state",
        "ix_delivery_member_id",
    ):
        op.drop_index(index, "delivery")
    with op.batch_alter_table("delivery", table_kwargs=_NEVER_AGAIN) as batch:
        batch.drop_constraint("uq_delivery_issue_id_member_id", type_="unique")
        for column, table in _KEYS:
            batch.drop_constraint(f"fk_delivery_{column}_{table}", type_="foreignkey")
        for column in _STATE_COLUMNS:
            batch.drop_column(column)
        batch.create_unique_constraint(
            "uq_delivery_member_id_issue_id", ["member_id", "issue_id"]
        )
        batch.create_index("ix_delivery_issue", ["issue_id", "edition_id"])


def _never_give_an_id_again() -> None:
    """Ids that stand in links. PostgreSQL's sequences see to it anyway."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in ("invitation", "sign_in_link"):
        with op.batch_alter_table(table, recreate="always", table_kwargs=_NEVER_AGAIN):
            pass


_NEVER_AGAIN = {"sqlite_autoincrement": True}
_KEYS = (
    ("edition_id", "edition"),
    ("issue_id", "issue"),
    ("member_id", "member"),
    ("membership_id", "membership"),
)
_STATE_COLUMNS = (
    "state",
    "cause",
    "attempts",
    "next_try_at",
    "claimed_by",
    "claimed_until",
    "settled_at",
)


def _fatten_deliveries() -> None:
    with op.batch_alter_table("delivery") as batch:
        batch.add_column(
            sa.Column("state", sa.String(), nullable=False, server_default="queued")
        )
        batch.add_column(sa.Column("cause", sa.String(), nullable=True))
        batch.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("next_try_at", UTCDateTime(), nullable=True))
        batch.add_column(sa.Column("claimed_by", sa.String(), nullable=True))
        batch.add_column(sa.Column("claimed_until", UTCDateTime(), nullable=True))
        batch.add_column(sa.Column("settled_at", UTCDateTime(), nullable=True))
    for column in ("state", "cause", "attempts", "next_try_at", "settled_at"):
        op.execute(
            f"""
            UPDATE delivery SET {column} = (
                SELECT s.{column} FROM settlement s WHERE s.delivery_id = delivery.id
            ) WHERE EXISTS (SELECT 1 FROM settlement s WHERE s.delivery_id = delivery.id)
            """  # noqa: S608 - constants
        )
    op.execute("UPDATE delivery SET state = 'unknown' WHERE state = 'claimed'")
    op.execute(
        """
        UPDATE delivery SET next_try_at = (
            SELECT i.frozen_at FROM issue i WHERE i.id = delivery.issue_id
        ) WHERE next_try_at IS NULL
        """
    )
    with op.batch_alter_table("delivery") as batch:
        batch.drop_index("ix_delivery_issue")
        batch.drop_constraint("uq_delivery_member_id_issue_id", type_="unique")
        batch.create_unique_constraint("uq_delivery_issue_id_member_id", ["issue_id", "member_id"])
        batch.alter_column("state", existing_type=sa.String(), server_default=None)
        batch.alter_column("attempts", existing_type=sa.Integer(), server_default=None)
        batch.alter_column("next_try_at", existing_type=UTCDateTime(), nullable=False)
        for column, table in _KEYS:
            batch.create_foreign_key(f"fk_delivery_{column}_{table}", table, [column], ["id"])
        batch.create_index("ix_delivery_edition_id", ["edition_id"])
        batch.create_index("ix_delivery_issue_id_delivery_state", ["issue_id", "state"])
        batch.create_index("ix_delivery_member_id", ["member_id"])
    waits = "state IN ('queued', 'retry')"
    _index("ix_delivery_due", "delivery", ["next_try_at", "id"], waits)
    _index("ix_delivery_claimed", "delivery", ["claimed_until"], "state = 'claimed'")


def _fatten_attempts() -> None:
    with op.batch_alter_table("attempt") as batch:
        batch.drop_index("ix_attempt_delivery_id")
        batch.add_column(sa.Column("begun_at", UTCDateTime(), nullable=True))
        batch.alter_column("ended_at", existing_type=UTCDateTime(), nullable=True)
        batch.alter_column("outcome", existing_type=sa.String(), nullable=True)
    op.execute("UPDATE attempt SET begun_at = ended_at")
    # Tries are counted anew after staff sent again: one of each number can stay.
    op.execute(
        """
        DELETE FROM attempt WHERE id NOT IN (
            SELECT max(a.id) FROM attempt a GROUP BY a.delivery_id, a.number
        )
        """
    )
    with op.batch_alter_table("attempt") as batch:
        batch.alter_column("begun_at", existing_type=UTCDateTime(), nullable=False)
        batch.create_unique_constraint("uq_attempt_delivery_id_number", ["delivery_id", "number"])
        batch.create_foreign_key(
            "fk_attempt_delivery_id_delivery", "delivery", ["delivery_id"], ["id"]
        )


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name, table, columns, sqlite_where=condition, postgresql_where=condition
    )
