"""How every expectation of a suite went, run by run."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quality_results",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("data_table", sa.String(100), nullable=False),
        sa.Column("suite", sa.String(250), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("declared", sa.Integer, nullable=False),
        sa.Column("evaluated", sa.Integer, nullable=False),
        sa.Column("successful", sa.Integer, nullable=False),
        sa.Column("passed", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("expectations", sa.JSON, nullable=False),
        sa.Column("checked_at", sa.String(25), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quality_results"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_quality_results_run_runs"),
        sa.UniqueConstraint("run", "data_table", name="uq_quality_results_run_data_table"),
    )


def downgrade() -> None:
    op.drop_table("quality_results")
