"""What every staged release published, kept so that later ones can be attacked together with it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "published_cells",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("release", sa.String(64), nullable=False),
        sa.Column("staging", sa.Text, nullable=False),
        sa.Column("data_table", sa.String(100), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("proof_sha256", sa.String(64)),
        sa.Column("published", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_published_cells"),
        sa.UniqueConstraint(
            "dataset",
            "release",
            "staging",
            "data_table",
            name="uq_published_cells_dataset_release_staging_data_table",
        ),
    )


def downgrade() -> None:
    op.drop_table("published_cells")
