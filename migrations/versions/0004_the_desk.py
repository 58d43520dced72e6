"""The desk: blocks, pictures, the catalogue of asks, snippets."""

import sqlalchemy as sa
from alembic import op

from app.db import Json, Key, UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalogue_ask",
        sa.Column("id", Key, nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("headline", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("instructions", sa.String(), nullable=False),
        sa.Column("model_text", sa.String(), nullable=False),
        sa.Column("button", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("seeded_as", Json, nullable=True),
        sa.Column("hidden_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_ask")),
        sa.UniqueConstraint("sector", "reference", name=op.f("uq_catalogue_ask_sector_reference")),
    )
    op.create_table(
        "domain_look",
        sa.Column("id", Key, nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("wanted_at", UTCDateTime(), nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=True),
        sa.Column("next_look_at", UTCDateTime(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("returns_to", sa.String(), nullable=False),
        sa.Column("signs_for", sa.String(), nullable=False),
        sa.Column("spf", sa.String(), nullable=False),
        sa.Column("dkim", sa.String(), nullable=False),
        sa.Column("dmarc", sa.String(), nullable=False),
        sa.Column("mx", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_look")),
        sa.UniqueConstraint("domain", name=op.f("uq_domain_look_domain")),
    )
    with op.batch_alter_table("domain_look", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_domain_look_next_look_at"), ["next_look_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_domain_look_wanted_at"), ["wanted_at"], unique=False)

    op.create_table(
        "link_look",
        sa.Column("id", Key, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("wanted_at", UTCDateTime(), nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=True),
        sa.Column("next_look_at", UTCDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_look")),
        sa.UniqueConstraint("address", name=op.f("uq_link_look_address")),
    )
    with op.batch_alter_table("link_look", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_link_look_next_look_at"), ["next_look_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_link_look_wanted_at"), ["wanted_at"], unique=False)

    op.create_table(
        "picture",
        sa.Column("id", Key, nullable=False),
        sa.Column("network_id", Key, nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("alts", Json, nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("uploaded_at", UTCDateTime(), nullable=False),
        sa.Column("uploaded_by", Key, nullable=True),
        sa.Column("described_at", UTCDateTime(), nullable=True),
        sa.Column("removed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id"], ["network.id"], name=op.f("fk_picture_network_id_network")
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["staff.id"], name=op.f("fk_picture_uploaded_by_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picture")),
        sa.UniqueConstraint("network_id", "mark", name=op.f("uq_picture_network_id_mark")),
        sa.UniqueConstraint("token", name=op.f("uq_picture_token")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "snippet",
        sa.Column("id", Key, nullable=False),
        sa.Column("network_id", Key, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("created_by", Key, nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["staff.id"], name=op.f("fk_snippet_created_by_staff")
        ),
        sa.ForeignKeyConstraint(
            ["network_id"], ["network.id"], name=op.f("fk_snippet_network_id_network")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snippet")),
    )
    with op.batch_alter_table("snippet", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snippet_network_id"), ["network_id"], unique=False)

    op.create_table(
        "block",
        sa.Column("id", Key, nullable=False),
        sa.Column("issue_id", Key, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_id", Key, nullable=True),
        sa.Column("picture_id", Key, nullable=True),
        sa.Column("words", Json, nullable=False),
        sa.Column("record", Json, nullable=False),
        sa.Column("removed_at", UTCDateTime(), nullable=True),
        sa.Column("removed_asks", Json, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_block_case_id_case")),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_block_issue_id_issue")),
        sa.ForeignKeyConstraint(
            ["picture_id"], ["picture.id"], name=op.f("fk_block_picture_id_picture")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block")),
        sa.UniqueConstraint("issue_id", "case_id", name=op.f("uq_block_issue_id_case_id")),
    )
    with op.batch_alter_table("block", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_block_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_block_issue_id"), ["issue_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_block_picture_id"), ["picture_id"], unique=False)

    op.create_table(
        "frozen_words",
        sa.Column("issue_id", Key, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_frozen_words_issue_id_issue")
        ),
        sa.PrimaryKeyConstraint("issue_id", "language", name=op.f("pk_frozen_words")),
    )
    op.create_table(
        "issue_version",
        sa.Column("id", Key, nullable=False),
        sa.Column("issue_id", Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("began_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("document", Json, nullable=False),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_issue_version_issue_id_issue")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_issue_version_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_version")),
        sa.UniqueConstraint("issue_id", "number", name=op.f("uq_issue_version_issue_id_number")),
    )
    op.create_table(
        "approval",
        sa.Column("id", Key, nullable=False),
        sa.Column("issue_id", Key, nullable=False),
        sa.Column("version_id", Key, nullable=False),
        sa.Column("staff_id", Key, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_approval_issue_id_issue")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_approval_staff_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["issue_version.id"], name=op.f("fk_approval_version_id_issue_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approval_issue_id"), ["issue_id"], unique=False)

    op.create_table(
        "note",
        sa.Column("id", Key, nullable=False),
        sa.Column("issue_id", Key, nullable=False),
        sa.Column("block_id", Key, nullable=True),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.Column("done_by", Key, nullable=True),
        sa.ForeignKeyConstraint(["block_id"], ["block.id"], name=op.f("fk_note_block_id_block")),
        sa.ForeignKeyConstraint(["done_by"], ["staff.id"], name=op.f("fk_note_done_by_staff")),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_note_issue_id_issue")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_note_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_note_block_id"), ["block_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_note_issue_id"), ["issue_id"], unique=False)

    op.execute(
        "INSERT INTO block (issue_id, kind, position, case_id, words, record, removed_asks) "
        "SELECT issue_id, 'case', position, case_id, '{}', '{}', '[]' FROM issue_case ORDER BY id"
    )
    with op.batch_alter_table("issue_case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_issue_case_case_id"))

    op.drop_table("issue_case")
    with op.batch_alter_table("issue", schema=None) as batch_op:
        batch_op.add_column(sa.Column("changed_by", Key, nullable=True))
        batch_op.add_column(
            sa.Column("archive", sa.String(), nullable=False, server_default="none")
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_issue_changed_by_staff"), "staff", ["changed_by"], ["id"]
        )

    with op.batch_alter_table("network", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("approval_needed", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(sa.Column("test_people", Json, nullable=False, server_default="[]"))

    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_column("language")

    with op.batch_alter_table("network", schema=None) as batch_op:
        batch_op.drop_column("test_people")
        batch_op.drop_column("approval_needed")

    with op.batch_alter_table("issue", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_issue_changed_by_staff"), type_="foreignkey")
        batch_op.drop_column("archive")
        batch_op.drop_column("changed_by")

    op.create_table(
        "issue_case",
        sa.Column("id", Key, nullable=False),
        sa.Column("issue_id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_issue_case_case_id_case")),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_issue_case_issue_id_issue")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_case")),
        sa.UniqueConstraint("issue_id", "case_id", name=op.f("uq_issue_case_issue_id_case_id")),
    )
    with op.batch_alter_table("issue_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_issue_case_case_id"), ["case_id"], unique=False)

    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_note_issue_id"))
        batch_op.drop_index(batch_op.f("ix_note_block_id"))

    op.drop_table("note")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_issue_id"))

    op.drop_table("approval")
    op.drop_table("issue_version")
    op.drop_table("frozen_words")
    op.execute(
        "INSERT INTO issue_case (issue_id, case_id, position) "
        "SELECT issue_id, case_id, position FROM block "
        "WHERE kind = 'case' AND removed_at IS NULL ORDER BY id"
    )
    with op.batch_alter_table("block", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_block_picture_id"))
        batch_op.drop_index(batch_op.f("ix_block_issue_id"))
        batch_op.drop_index(batch_op.f("ix_block_case_id"))

    op.drop_table("block")
    with op.batch_alter_table("snippet", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_snippet_network_id"))

    op.drop_table("snippet")
    op.drop_table("picture")
    with op.batch_alter_table("link_look", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_look_wanted_at"))
        batch_op.drop_index(batch_op.f("ix_link_look_next_look_at"))

    op.drop_table("link_look")
    with op.batch_alter_table("domain_look", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_domain_look_wanted_at"))
        batch_op.drop_index(batch_op.f("ix_domain_look_next_look_at"))

    op.drop_table("domain_look")
    op.drop_table("catalogue_ask")
