"""decks: a source is a recording or a deck."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("source", sa.Column("kind", sa.String(length=16), nullable=False, server_default="recording"))
    op.alter_column("source", "kind", server_default=None)


def downgrade() -> None:
    op.execute("DELETE FROM source WHERE kind <> 'recording'")
    op.drop_column("source", "kind")
