"""Writes and reads the ledger. Every write can be repeated: a step that is run again replaces what it wrote before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url

from include.opendata import places
from include.opendata.errors import SetupError, StorageError
from include.opendata.ledger.locks import folder_of, one_at_a_time
from include.opendata.ledger.pointer_moves import PointerMoves
from include.opendata.ledger.portal_publications import PortalPublications
from include.opendata.ledger.schema import DECISIONS, PUBLISHED_CELLS, RELEASES, RUNS
from include.opendata.storage.clock import stamp
from include.opendata.storage.staging_address import same_place

REVISIONS = ("ledger_1",)
"""The migrations there are, the oldest first; a test keeps it true. Compared before Alembic is even imported. Numbers alone
are no names for them: ledgers from before 0.1.0 had a chain of other migrations that were called "0001" to "0006"."""

HEAD = REVISIONS[-1]

_GONE = (sa.exc.OperationalError, sa.exc.InterfaceError)
"""What a database that went away answers, and a connection to it that did."""


@dataclass(frozen=True)
class Decision:
    """What a step decided: a stable slug for programs, a sentence for people, the rule book's section, counts only."""

    step: str
    slug: str
    sentence: str
    section: str = ""
    table: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunEntry:
    """One row of ``runs``."""

    dataset: str
    run_id: str
    started_at: str
    finished_at: str | None
    outcome: str
    message: str | None
    source_sha256: str | None
    declaration_sha256: str | None
    code_version: str | None
    release: str | None


@dataclass(frozen=True)
class ReleaseEntry:
    """One row of ``releases``."""

    dataset: str
    release: str
    staged_at: str
    staging: str
    manifest_sha256: str
    source_sha256: str
    declaration_sha256: str
    code_version: str
    previous: str | None
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class PublishedEntry:
    """One row of ``published_cells``: a table of a staged release. ``published``: as ``history.published`` writes it ·
    ``file_sha256``: of the published file · ``proof_sha256``: of the proof in the evidence store, if one was kept."""

    dataset: str
    release: str
    staging: str
    data_table: str
    file_sha256: str
    proof_sha256: str | None
    published: bytes = field(repr=False)


class Ledger:
    """The ledger behind one database address."""

    def __init__(self, engine: sa.Engine):
        self._engine = engine

    def start_run(self, dataset: str, run_id: str, *, declaration_sha256: str, code_version: str) -> None:
        """Record that a run began. A run that is started again keeps its row and its first starting time."""
        values: dict[str, str | None] = {"outcome": "running", "finished_at": None, "message": None}
        values |= {"declaration_sha256": declaration_sha256, "code_version": code_version}
        with self.writing() as connection:
            if not self._update_run(connection, dataset, run_id, values):
                connection.execute(sa.insert(RUNS).values(dataset=dataset, run_id=run_id, started_at=stamp(), **values))

    def note_run(self, dataset: str, run_id: str, **values: str | None) -> None:
        """Fill in columns of a run's row (``source_sha256``, ``release`` …)."""
        with self.writing() as connection:
            self._update_run(connection, dataset, run_id, values)

    def finish_run(self, dataset: str, run_id: str, *, outcome: str, message: str | None = None) -> None:
        """Record how a run ended; ``message`` is for people and holds no value of a record."""
        self.note_run(dataset, run_id, outcome=outcome, message=message, finished_at=stamp())

    def decide(self, dataset: str, run_id: str, decisions: list[Decision]) -> None:
        """Record decisions; those of the same run, step, table and slug are replaced."""
        with self.writing() as connection:
            # Tables of one run are worked on side by side: who writes of the run first holds its row until that is done.
            this = sa.select(RUNS.c.id).where(RUNS.c.dataset == dataset, RUNS.c.run_id == run_id)
            run = connection.scalar(this.with_for_update())
            if run is None:
                raise KeyError(f"no run {run_id!r} of {dataset!r} in the ledger")
            for d in decisions:
                connection.execute(
                    sa.delete(DECISIONS).where(
                        DECISIONS.c.run == run,
                        DECISIONS.c.step == d.step,
                        DECISIONS.c.data_table == d.table,
                        DECISIONS.c.slug == d.slug,
                    )
                )
                connection.execute(
                    sa.insert(DECISIONS).values(
                        run=run,
                        step=d.step,
                        data_table=d.table,
                        slug=d.slug,
                        sentence=d.sentence,
                        section=d.section,
                        figures=dict(d.figures),
                        decided_at=stamp(),
                    )
                )

    def record_release(self, entry: ReleaseEntry) -> None:
        """Record a staged release; a release already recorded for that staging place is left as it is."""
        with self.writing() as connection:
            places_known = sa.select(RELEASES.c.staging).where(
                RELEASES.c.dataset == entry.dataset, RELEASES.c.release == entry.release
            )
            if not any(same_place(staging, entry.staging) for staging in connection.scalars(places_known)):
                connection.execute(sa.insert(RELEASES).values(**{**vars(entry), "figures": dict(entry.figures)}))

    def record_published(self, entries: Sequence[PublishedEntry]) -> None:
        """Record what a staged release published; tables already recorded for that staging place are left as they are."""
        columns = PUBLISHED_CELLS.c
        with self.writing() as connection:
            for entry in entries:
                places_known = sa.select(columns.staging).where(
                    columns.dataset == entry.dataset,
                    columns.release == entry.release,
                    columns.data_table == entry.data_table,
                )
                if not any(same_place(staging, entry.staging) for staging in connection.scalars(places_known)):
                    connection.execute(sa.insert(PUBLISHED_CELLS).values(**vars(entry)))

    def published(self, dataset: str) -> list[PublishedEntry]:
        """Everything ever published of a dataset, at any staging place, in the order it was recorded."""
        query = sa.select(PUBLISHED_CELLS).where(PUBLISHED_CELLS.c.dataset == dataset).order_by(PUBLISHED_CELLS.c.id)
        with self.reading() as connection:
            return [
                PublishedEntry(**{k: v for k, v in row._mapping.items() if k != "id"})
                for row in connection.execute(query)
            ]

    def published_releases(self) -> list[tuple[str, str, str]]:
        """(dataset, release, staging place) of everything ever published, in the order it was recorded."""
        columns = PUBLISHED_CELLS.c
        query = (
            sa.select(columns.dataset, columns.release, columns.staging)
            .group_by(columns.dataset, columns.release, columns.staging)
            .order_by(sa.func.min(columns.id))
        )
        with self.reading() as connection:
            return [(row.dataset, row.release, row.staging) for row in connection.execute(query)]

    @contextmanager
    def staging_alone(self) -> Iterator[None]:
        """Nothing else is staged meanwhile by anyone who shares this ledger."""
        with one_at_a_time(self._engine, "staging"):
            yield

    @property
    def pointer_moves(self) -> PointerMoves:
        """The moves of datasets' pointers in staging."""
        return PointerMoves(self.reading, self.writing)

    @property
    def portal_publications(self) -> PortalPublications:
        """What was published on which portal."""
        return PortalPublications(self.reading, self.writing)

    def run(self, dataset: str, run_id: str) -> RunEntry | None:
        """One run, or None."""
        rows = self._runs(RUNS.c.dataset == dataset, RUNS.c.run_id == run_id)
        return rows[0] if rows else None

    def runs(self, dataset: str | None = None) -> list[RunEntry]:
        """Runs, the newest first; of one dataset when it is named."""
        return self._runs(*([RUNS.c.dataset == dataset] if dataset else []))

    def decisions(self, dataset: str, run_id: str) -> list[Decision]:
        """The decisions of one run in the order they were made."""
        query = (
            sa.select(DECISIONS)
            .join(RUNS, RUNS.c.id == DECISIONS.c.run)
            .where(RUNS.c.dataset == dataset, RUNS.c.run_id == run_id)
            .order_by(DECISIONS.c.id)
        )
        with self.reading() as connection:
            return [
                Decision(r.step, r.slug, r.sentence, r.section, r.data_table, r.figures)
                for r in connection.execute(query)
            ]

    def releases(self, dataset: str | None = None) -> list[ReleaseEntry]:
        """Releases staged, the newest first."""
        query = sa.select(RELEASES).order_by(RELEASES.c.id.desc())
        if dataset:
            query = query.where(RELEASES.c.dataset == dataset)
        with self.reading() as connection:
            return [
                ReleaseEntry(**{k: v for k, v in row._mapping.items() if k != "id"})
                for row in connection.execute(query)
            ]

    def _runs(self, *conditions: Any) -> list[RunEntry]:
        query = sa.select(RUNS).where(*conditions).order_by(RUNS.c.id.desc())
        with self.reading() as connection:
            return [
                RunEntry(**{k: v for k, v in row._mapping.items() if k != "id"}) for row in connection.execute(query)
            ]

    @staticmethod
    def _update_run(connection: sa.Connection, dataset: str, run_id: str, values: Mapping[str, str | None]) -> bool:
        statement = sa.update(RUNS).where(RUNS.c.dataset == dataset, RUNS.c.run_id == run_id).values(**values)
        return connection.execute(statement).rowcount > 0

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to read by; for the ledger's own modules. Raises StorageError when the database is out of reach."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except _GONE as error:
            raise _out_of_reach(self._engine.url, error) from None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction to write in; for the ledger's own modules. Raises StorageError when the database is out of reach."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except _GONE as error:
            raise _out_of_reach(self._engine.url, error) from None


def open_ledger(address: str | None = None) -> Ledger:
    """The ledger at ``address`` (default: where ``places.ledger()`` says), its schema brought up to date.

    Raises SetupError for an address no database has (``ledger-address``) and a ledger of a version this code does not know
    (``ledger-version-unknown``), StorageError when the database cannot be reached or written to; no message holds a password.
    """
    url = _address(address or places.ledger())
    folder = folder_of(url)
    if folder is not None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _out_of_reach(url, error) from None
    connect_args = {"timeout": 30} if folder is not None else {}
    try:
        # Steps open the ledger many times: a connection that is kept would stay open until Python happens to tidy up.
        engine = sa.create_engine(url, connect_args=connect_args, poolclass=sa.NullPool)
    except (sa.exc.ArgumentError, ImportError):
        raise _no_address() from None
    try:
        if (revision := _revision(engine)) != HEAD:
            if revision is not None and revision not in REVISIONS:
                raise _unknown_version(revision)
            with one_at_a_time(engine, "migrating"):
                _migrate(engine)
    except (sa.exc.DBAPIError, OSError) as error:
        raise _out_of_reach(url, error) from None
    return Ledger(engine)


def _address(text: str) -> sa.URL:
    try:
        return make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise _no_address() from None


def _no_address() -> SetupError:
    """The address is not repeated: where it cannot be read, a password in it cannot be left out."""
    return SetupError(
        "OPENDATA_LEDGER is not the address of a database that can be used here",
        remedy="Write it as sqlite:////a/folder/ledger.sqlite or postgresql+psycopg://user:password@host:5432/database.",
        slug="ledger-address",
    )


def _unknown_version(revision: str) -> SetupError:
    return SetupError(
        f"the ledger has version {revision!r}, which this code does not know; its own is {HEAD!r}",
        remedy="Run the version of the pipeline that made it; every worker and server needs the same. A ledger from before "
        "0.1.0 cannot be brought up to date: move it away, and a new one is begun, only if nothing it records is public.",
        slug="ledger-version-unknown",
    )


def _revision(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return revision


def _migrate(engine: sa.Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _out_of_reach(url: sa.URL, error: Exception) -> StorageError:
    return StorageError(
        f"the ledger ({url.render_as_string(hide_password=True)}) cannot be read or written: {type(error).__name__}",
        remedy="Check that the database is running and OPENDATA_LEDGER is right, then run the refresh again.",
        slug="ledger-unreachable",
    )
