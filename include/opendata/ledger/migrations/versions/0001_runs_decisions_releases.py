"""Runs, their decisions and the releases they staged."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("started_at", sa.String(25), nullable=False),
        sa.Column("finished_at", sa.String(25)),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("source_sha256", sa.String(64)),
        sa.Column("declaration_sha256", sa.String(64)),
        sa.Column("code_version", sa.String(60)),
        sa.Column("release", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("dataset", "run_id", name="uq_runs_dataset_run_id"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("step", sa.String(40), nullable=False),
        sa.Column("data_table", sa.String(100), nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("section", sa.String(120), nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("decided_at", sa.String(25), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_decisions_run_runs"),
        sa.UniqueConstraint("run", "step", "data_table", "slug", name="uq_decisions_run_step_data_table_slug"),
    )
    op.create_index("ix_decisions_run", "decisions", ["run"])
    op.create_table(
        "releases",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("release", sa.String(64), nullable=False),
        sa.Column("staged_at", sa.String(25), nullable=False),
        sa.Column("staging", sa.Text, nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("source_sha256", sa.String(64), nullable=False),
        sa.Column("declaration_sha256", sa.String(64), nullable=False),
        sa.Column("code_version", sa.String(60), nullable=False),
        sa.Column("previous", sa.String(64)),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
        sa.UniqueConstraint("dataset", "release", "staging", name="uq_releases_dataset_release_staging"),
    )


def downgrade() -> None:
    op.drop_table("releases")
    op.drop_index("ix_decisions_run", "decisions")
    op.drop_table("decisions")
    op.drop_table("runs")
