"""What comes back: mail that came in, conversations, letters, the history of an address."""

import sqlalchemy as sa
from alembic import op

from app.db import Key, UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_event",
        sa.Column("id", Key, nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("delivery_id", Key, nullable=True),
        sa.Column("mark", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_event")),
        sa.UniqueConstraint("mark", name=op.f("uq_address_event_mark")),
    )
    with op.batch_alter_table("address_event", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_address_event_email_key_address_event_at"),
            ["email_key", "at"],
            unique=False,
        )

    op.create_table(
        "mailbox",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("uid_validity", Key, nullable=False),
        sa.Column("last_uid", Key, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mailbox")),
    )
    op.create_table(
        "address_change",
        sa.Column("id", Key, nullable=False),
        sa.Column("member_id", Key, nullable=False),
        sa.Column("network_id", Key, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("smtputf8", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("new_confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("old_confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_address_change_member_id_member")
        ),
        sa.ForeignKeyConstraint(
            ["network_id"], ["network.id"], name=op.f("fk_address_change_network_id_network")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_change")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("address_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_address_change_member_id"), ["member_id"], unique=False
        )

    op.create_table(
        "leaving_visit",
        sa.Column("delivery_id", Key, autoincrement=False, nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("again_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_leaving_visit_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_leaving_visit")),
    )
    op.create_table(
        "conversation",
        sa.Column("id", Key, nullable=False),
        sa.Column("network_id", Key, nullable=True),
        sa.Column("member_id", Key, nullable=True),
        sa.Column("delivery_id", Key, nullable=True),
        sa.Column("correspondent", sa.String(), nullable=False),
        sa.Column("brief", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("assigned_to", Key, nullable=True),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("touched_at", UTCDateTime(), nullable=False),
        sa.Column("suggested", sa.String(), nullable=True),
        sa.Column("suggested_offer_id", Key, nullable=True),
        sa.Column("doubt", sa.String(), nullable=True),
        sa.Column("recorded_id", Key, nullable=True),
        sa.ForeignKeyConstraint(
            ["assigned_to"], ["staff.id"], name=op.f("fk_conversation_assigned_to_staff")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_conversation_delivery_id_delivery")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_conversation_member_id_member")
        ),
        sa.ForeignKeyConstraint(
            ["network_id"], ["network.id"], name=op.f("fk_conversation_network_id_network")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_id"], ["response.id"], name=op.f("fk_conversation_recorded_id_response")
        ),
        sa.ForeignKeyConstraint(
            ["suggested_offer_id"],
            ["offer.id"],
            name=op.f("fk_conversation_suggested_offer_id_offer"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_conversation_correspondent"), ["correspondent"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_conversation_delivery_id"), ["delivery_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_conversation_network_id_conversation_state_conversation_touched_at"),
            ["network_id", "state", "touched_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_conversation_unread",
            ["network_id"],
            unique=False,
            sqlite_where=sa.text("state = 'unread'"),
            postgresql_where=sa.text("state = 'unread'"),
        )

    op.create_table(
        "resolution",
        sa.Column("id", Key, nullable=False),
        sa.Column("response_id", Key, nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("resolved_at", UTCDateTime(), nullable=False),
        sa.Column("resolved_by", Key, nullable=True),
        sa.ForeignKeyConstraint(
            ["resolved_by"], ["staff.id"], name=op.f("fk_resolution_resolved_by_staff")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_resolution_response_id_response")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolution")),
    )
    with op.batch_alter_table("resolution", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_resolution_response_id"), ["response_id"], unique=False
        )

    op.create_table(
        "inbound_mail",
        sa.Column("id", Key, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("delivery_id", Key, nullable=True),
        sa.Column("conversation_id", Key, nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_inbound_mail_conversation_id_conversation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_mail")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_inbound_mail_fingerprint")),
    )
    with op.batch_alter_table("inbound_mail", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_inbound_mail_conversation_id"), ["conversation_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_inbound_mail_received_at"), ["received_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_inbound_mail_state_inbound_mail_kind_inbound_mail_id"),
            ["state", "kind", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_inbound_mail_waiting",
            ["next_try_at"],
            unique=False,
            sqlite_where=sa.text("state = 'received'"),
            postgresql_where=sa.text("state = 'received'"),
        )

    op.create_table(
        "notice",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("next_try_at", UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("last_answer", sa.String(), nullable=True),
        sa.Column("conversation_id", Key, nullable=True),
        sa.Column("written_by", Key, nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_notice_conversation_id_conversation"),
        ),
        sa.ForeignKeyConstraint(
            ["written_by"], ["staff.id"], name=op.f("fk_notice_written_by_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_notice_conversation_id"), ["conversation_id"], unique=False
        )
        batch_op.create_index(
            "ix_notice_due",
            ["next_try_at"],
            unique=False,
            sqlite_where=sa.text("next_try_at IS NOT NULL"),
            postgresql_where=sa.text("next_try_at IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_notice_recipient_notice_created_at"),
            ["recipient", "created_at"],
            unique=False,
        )

    op.create_table(
        "inbound_arrival",
        sa.Column("id", Key, nullable=False),
        sa.Column("mail_id", Key, nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("envelope_from", sa.String(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_id"],
            ["inbound_mail.id"],
            name=op.f("fk_inbound_arrival_mail_id_inbound_mail"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_arrival")),
        sa.UniqueConstraint(
            "mail_id", "recipient", name=op.f("uq_inbound_arrival_mail_id_recipient")
        ),
    )
    op.create_table(
        "inbound_piece",
        sa.Column("mail_id", Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_id"],
            ["inbound_mail.id"],
            name=op.f("fk_inbound_piece_mail_id_inbound_mail"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mail_id", "number", name=op.f("pk_inbound_piece")),
    )
    op.create_table(
        "letter",
        sa.Column("id", Key, nullable=False),
        sa.Column("delivery_id", Key, nullable=False),
        sa.Column("offer_id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("mail_id", Key, nullable=True),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("checked_by", Key, nullable=True),
        sa.Column("checked_at", UTCDateTime(), nullable=True),
        sa.Column("remark", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_letter_case_id_case")),
        sa.ForeignKeyConstraint(
            ["checked_by"], ["staff.id"], name=op.f("fk_letter_checked_by_staff")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_letter_delivery_id_delivery")
        ),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["inbound_mail.id"], name=op.f("fk_letter_mail_id_inbound_mail")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_letter_offer_id_offer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("mark", name=op.f("uq_letter_mark")),
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letter_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_letter_delivery_id_letter_offer_id"),
            ["delivery_id", "offer_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_letter_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_letter_state_letter_received_at"), ["state", "received_at"], unique=False
        )

    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("letter_id", Key, nullable=True))
        batch_op.add_column(sa.Column("withdrawn_at", UTCDateTime(), nullable=True))
        batch_op.create_index(batch_op.f("ix_evidence_letter_id"), ["letter_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_evidence_letter_id_letter"), "letter", ["letter_id"], ["id"]
        )

    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("leaving_note", sa.String(), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("paused_until", UTCDateTime(), nullable=True))
        batch_op.add_column(
            sa.Column("least_days", sa.Integer(), nullable=False, server_default="0")
        )

    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seal", sa.String(), nullable=True))

    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("again_at", UTCDateTime(), nullable=True))

    _carry_over()


def downgrade() -> None:
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_column("again_at")

    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.drop_column("seal")

    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_column("least_days")
        batch_op.drop_column("paused_until")
        batch_op.drop_column("leaving_note")

    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_evidence_letter_id_letter"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_evidence_letter_id"))
        batch_op.drop_column("withdrawn_at")
        batch_op.drop_column("letter_id")
        batch_op.drop_column("kind")

    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_letter_state_letter_received_at"))
        batch_op.drop_index(batch_op.f("ix_letter_expires_at"))
        batch_op.drop_index(batch_op.f("ix_letter_delivery_id_letter_offer_id"))
        batch_op.drop_index(batch_op.f("ix_letter_case_id"))

    op.drop_table("letter")
    op.drop_table("inbound_piece")
    op.drop_table("inbound_arrival")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_recipient_notice_created_at"))
        batch_op.drop_index(
            "ix_notice_due",
            sqlite_where=sa.text("next_try_at IS NOT NULL"),
            postgresql_where=sa.text("next_try_at IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_notice_conversation_id"))

    op.drop_table("notice")
    with op.batch_alter_table("inbound_mail", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_inbound_mail_waiting",
            sqlite_where=sa.text("state = 'received'"),
            postgresql_where=sa.text("state = 'received'"),
        )
        batch_op.drop_index(batch_op.f("ix_inbound_mail_state_inbound_mail_kind_inbound_mail_id"))
        batch_op.drop_index(batch_op.f("ix_inbound_mail_received_at"))
        batch_op.drop_index(batch_op.f("ix_inbound_mail_conversation_id"))

    op.drop_table("inbound_mail")
    with op.batch_alter_table("resolution", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_resolution_response_id"))

    op.drop_table("resolution")
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_conversation_unread",
            sqlite_where=sa.text("state = 'unread'"),
            postgresql_where=sa.text("state = 'unread'"),
        )
        batch_op.drop_index(
            batch_op.f("ix_conversation_network_id_conversation_state_conversation_touched_at")
        )
        batch_op.drop_index(batch_op.f("ix_conversation_delivery_id"))
        batch_op.drop_index(batch_op.f("ix_conversation_correspondent"))

    op.drop_table("conversation")
    op.drop_table("leaving_visit")
    with op.batch_alter_table("address_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_address_change_member_id"))

    op.drop_table("address_change")
    op.drop_table("mailbox")
    with op.batch_alter_table("address_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_address_event_email_key_address_event_at"))

    op.drop_table("address_event")


def _carry_over() -> None:
    """What is known of addresses begins their histories."""
    op.execute(
        "INSERT INTO address_event (email_key, at, kind, source, text)"
        " SELECT email_key, created_at, 'suppressed', 'before', reason FROM suppression"
    )
    op.execute(
        "INSERT INTO address_event (email_key, at, kind, source, text)"
        " SELECT email_key, lifted_at, 'lifted', 'before', reason FROM suppression"
        " WHERE lifted_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO address_event (email_key, at, kind, source, text)"
        " SELECT member.email_key, membership.ended_at, 'unsubscribed', 'before', network.code"
        " FROM membership JOIN member ON member.id = membership.member_id"
        " JOIN network ON network.id = membership.network_id"
        " WHERE membership.ended_at IS NOT NULL AND membership.end_reason = 'unsubscribed'"
    )
