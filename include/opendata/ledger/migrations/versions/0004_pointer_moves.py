"""Every move of a dataset's pointer in staging, and every release removed: who asked for it, why, and when it was done."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pointer_moves",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("staging", sa.Text, nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("from_release", sa.String(100)),
        sa.Column("to_release", sa.String(100)),
        sa.Column("by", sa.String(250), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked_at", sa.String(25), nullable=False),
        sa.Column("done_at", sa.String(25)),
        sa.PrimaryKeyConstraint("id", name="pk_pointer_moves"),
    )
    op.create_index("ix_pointer_moves_dataset", "pointer_moves", ["dataset"])


def downgrade() -> None:
    op.drop_table("pointer_moves")
