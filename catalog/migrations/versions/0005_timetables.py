"""timetables: entries of schools, and what nodes foresee."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "timetable",
        sa.Column("site_id", sa.String(length=26), sa.ForeignKey("site.id", ondelete="CASCADE"), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("site_id"),
    )
    op.create_table(
        "timetable_entry",
        sa.Column("site_id", sa.String(length=26), sa.ForeignKey("site.id", ondelete="CASCADE"), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "id"),
    )
    op.create_index("ix_timetable_entry_revision", "timetable_entry", ["site_id", "revision"])
    op.create_table(
        "timetable_forecast",
        sa.Column("node_id", sa.String(length=26), sa.ForeignKey("node.id", ondelete="CASCADE"), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("node_id"),
    )


def downgrade() -> None:
    op.drop_table("timetable_forecast")
    op.drop_index("ix_timetable_entry_revision", table_name="timetable_entry")
    op.drop_table("timetable_entry")
    op.drop_table("timetable")
