"""Every attempt to publish a release on a portal: which release, where, and how it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "portal_publications",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("release", sa.String(100), nullable=False),
        sa.Column("staging", sa.Text, nullable=False),
        sa.Column("portal", sa.Text, nullable=False),
        sa.Column("profile", sa.String(40), nullable=False),
        sa.Column("organization", sa.String(100)),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("package", sa.String(100)),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("started_at", sa.String(25), nullable=False),
        sa.Column("finished_at", sa.String(25)),
        sa.PrimaryKeyConstraint("id", name="pk_portal_publications"),
    )
    op.create_index("ix_portal_publications_dataset", "portal_publications", ["dataset"])


def downgrade() -> None:
    op.drop_table("portal_publications")
