"""The ledger's tables.

``runs`` one row per run · ``decisions`` what each step decided, with its reason and the section of the rule book ·
``releases`` what was staged, with digests and figures · ``published_cells`` every figure and blank of every release ever
staged, table by table, as the public saw them · ``approval_requests`` what a run put before the approvers · ``approvals``
their answers · ``quality_results`` how every expectation of a suite went, run by run · ``pointer_moves`` which release was
made the current one, by whom and why, and which were removed · ``portal_publications`` which release was published on which
portal, and how that ended. Times are UTC, ISO 8601 to the second, kept as text so that every database returns what was
written.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

RUNS = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", String(100), nullable=False),
    Column("run_id", String(250), nullable=False),
    Column("started_at", String(25), nullable=False),
    Column("finished_at", String(25)),
    Column("outcome", String(20), nullable=False),  # running · staged · unchanged · previewed · refused · failed
    Column("message", Text),
    Column("source_sha256", String(64)),
    Column("declaration_sha256", String(64)),
    Column("code_version", String(60)),
    Column("release", String(64)),
    UniqueConstraint("dataset", "run_id"),
)

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("runs.id"), nullable=False),
    Column("step", String(40), nullable=False),
    Column("data_table", String(100), nullable=False),  # empty: about the dataset as a whole
    Column("slug", String(80), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("section", String(120), nullable=False),
    Column("figures", JSON, nullable=False),
    Column("decided_at", String(25), nullable=False),
    UniqueConstraint("run", "step", "data_table", "slug"),
    Index("ix_decisions_run", "run"),
)

RELEASES = Table(
    "releases",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", String(100), nullable=False),
    Column("release", String(64), nullable=False),
    Column("staged_at", String(25), nullable=False),
    Column("staging", Text, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("source_sha256", String(64), nullable=False),
    Column("declaration_sha256", String(64), nullable=False),
    Column("code_version", String(60), nullable=False),
    Column("previous", String(64)),
    Column("figures", JSON, nullable=False),
    UniqueConstraint("dataset", "release", "staging"),
)

PUBLISHED_CELLS = Table(
    "published_cells",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", String(100), nullable=False),
    Column("release", String(64), nullable=False),
    Column("staging", Text, nullable=False),
    Column("data_table", String(100), nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("proof_sha256", String(64)),
    Column("published", LargeBinary, nullable=False),  # history.published.PublishedTable, compressed
    UniqueConstraint("dataset", "release", "staging", "data_table"),
)

APPROVAL_REQUESTS = Table(
    "approval_requests",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", String(100), nullable=False),
    Column("run_id", String(250), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("facts", JSON, nullable=False),  # gate.approval.approved_facts: what the digest is of
    Column("level", Integer),
    Column("required", JSON, nullable=False),  # the roles, in the order they are asked
    Column("release", String(64)),
    Column("asked_at", String(25), nullable=False),
    Column("answer_by", String(25)),
    UniqueConstraint("dataset", "run_id"),
)

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", String(100), nullable=False),
    Column("role", String(40), nullable=False),
    Column("choice", String(10), nullable=False),  # approve · reject
    Column("name", String(200), nullable=False),
    Column("identity", String(200), nullable=False),  # who Airflow says it was; empty for a signed form
    Column("via", String(20), nullable=False),  # declaration · form · airflow
    Column("reference", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("given_on", String(25), nullable=False),
    Column("expires_on", String(10)),
    Column("digest", String(64), nullable=False),
    Column("run_id", String(250), nullable=False),
    Column("recorded_at", String(25), nullable=False),
    Index("ix_approvals_dataset", "dataset"),
)

POINTER_MOVES = Table(
    "pointer_moves",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", String(100), nullable=False),
    Column("staging", Text, nullable=False),
    Column("action", String(10), nullable=False),  # publish · rollback · restore · prune
    Column("from_release", String(100)),
    Column("to_release", String(100)),
    Column("by", String(250), nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", String(25), nullable=False),
    Column("done_at", String(25)),
    Index("ix_pointer_moves_dataset", "dataset"),
)

PORTAL_PUBLICATIONS = Table(
    "portal_publications",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", String(100), nullable=False),
    Column("release", String(100), nullable=False),
    Column("staging", Text, nullable=False),
    Column("portal", Text, nullable=False),
    Column("profile", String(40), nullable=False),
    Column("organization", String(100)),
    Column("outcome", String(20), nullable=False),  # running · published · unchanged · failed · restored
    Column("message", Text, nullable=False),
    Column("package", String(100)),
    Column("figures", JSON, nullable=False),
    Column("started_at", String(25), nullable=False),
    Column("finished_at", String(25)),
    Index("ix_portal_publications_dataset", "dataset"),
)

QUALITY_RESULTS = Table(
    "quality_results",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("runs.id"), nullable=False),
    Column("data_table", String(100), nullable=False),  # empty: the source
    Column("suite", String(250), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("declared", Integer, nullable=False),
    Column("evaluated", Integer, nullable=False),
    Column("successful", Integer, nullable=False),
    Column("passed", Boolean(create_constraint=False), nullable=False),
    Column("expectations", JSON, nullable=False),  # sentences and counts, never a value of a record
    Column("checked_at", String(25), nullable=False),
    UniqueConstraint("run", "data_table"),
)
