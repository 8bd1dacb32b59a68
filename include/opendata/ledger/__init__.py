"""The ledger: what was run, decided and released, and why. Never a personal value.

SQLite by default, any database SQLAlchemy reaches by ``OPENDATA_LEDGER``. Its schema is kept by Alembic migrations, applied
when the ledger is opened.
"""

from include.opendata.ledger.evidence import EvidenceStore
from include.opendata.ledger.ledger import (
    Decision,
    Ledger,
    PublishedEntry,
    ReleaseEntry,
    RunEntry,
    open_ledger,
)
from include.opendata.ledger.pointer_moves import PointerMove, PointerMoves, line_of, withdrawn
from include.opendata.ledger.portal_publications import PortalPublication, PortalPublications

__all__ = [
    "Decision",
    "EvidenceStore",
    "Ledger",
    "PointerMove",
    "PointerMoves",
    "PortalPublication",
    "PortalPublications",
    "PublishedEntry",
    "ReleaseEntry",
    "RunEntry",
    "line_of",
    "open_ledger",
    "withdrawn",
]
