"""The ledger as version 0.1.0 has it; what each table is for stands in ``ledger.schema``."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
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
    op.create_table(
        "approval_requests",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("level", sa.Integer),
        sa.Column("required", sa.JSON, nullable=False),
        sa.Column("release", sa.String(64)),
        sa.Column("asked_at", sa.String(25), nullable=False),
        sa.Column("answer_by", sa.String(25)),
        sa.PrimaryKeyConstraint("id", name="pk_approval_requests"),
        sa.UniqueConstraint("dataset", "run_id", name="uq_approval_requests_dataset_run_id"),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("choice", sa.String(10), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("identity", sa.String(200), nullable=False),
        sa.Column("via", sa.String(20), nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("given_on", sa.String(25), nullable=False),
        sa.Column("expires_on", sa.String(10)),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("recorded_at", sa.String(25), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_dataset", "approvals", ["dataset"])
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
    """Drop all tables."""
    op.drop_table("quality_results")
    op.drop_table("portal_publications")
    op.drop_table("pointer_moves")
    op.drop_table("approvals")
    op.drop_table("approval_requests")
    op.drop_table("published_cells")
    op.drop_table("releases")
    op.drop_index("ix_decisions_run", "decisions")
    op.drop_table("decisions")
    op.drop_table("runs")
