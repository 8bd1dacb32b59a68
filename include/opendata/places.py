"""Where things are: the project's root and the folders that an installation may move elsewhere.

========================  ===========================================  ==========================
environment variable      what it moves                                default
========================  ===========================================  ==========================
``OPENDATA_DATASETS``     the declarations                             ``include/datasets``
``OPENDATA_EXPECTATIONS`` the Great Expectations project               ``great_expectations``
``OPENDATA_RULE_BOOK``    the rule book: a name or a file              ``calhhs_ddg_2``
``OPENDATA_WORK``         the private work area                        ``.work``
``OPENDATA_STAGING``      portal staging                               ``staging``
``OPENDATA_LEDGER``       the ledger, a SQLAlchemy address             SQLite in ``.ledger/``
``OPENDATA_EVIDENCE``     the private proofs of releases               ``evidence`` beside the ledger
``OPENDATA_CACHE``        what can be made again (compiled loops …)     ``.cache``
``OPENDATA_PUBLIC_URL``   the address staging is served under          https://data.example.org/
========================  ===========================================  ==========================

Kept light: nothing but the standard library.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or ROOT / default)


def datasets() -> Path:
    """The folder that holds one folder per declared dataset."""
    return _folder("OPENDATA_DATASETS", "include/datasets")


def expectations() -> Path:
    """The Great Expectations project."""
    return _folder("OPENDATA_EXPECTATIONS", "great_expectations")


def rule_book() -> str | None:
    """The rule book that is named: one of ``include/opendata/rules/books/`` or the path of a file; None for the shipped one."""
    return os.environ.get("OPENDATA_RULE_BOOK") or None


def work() -> Path:
    """The private work area: the only place where record-level data exist."""
    return _folder("OPENDATA_WORK", ".work")


def cache() -> Path:
    """What can be made again at any time: compiled loops, outlines of declarations."""
    return _folder("OPENDATA_CACHE", ".cache")


def staging() -> str:
    """Portal staging: a folder, or an address that ``open_staging`` takes (``file://…``, ``s3://bucket/prefix``)."""
    return os.environ.get("OPENDATA_STAGING") or str(ROOT / "staging")


def ledger() -> str:
    """The ledger's SQLAlchemy address."""
    return os.environ.get("OPENDATA_LEDGER") or f"sqlite:///{ROOT / '.ledger' / 'ledger.sqlite'}"


def evidence_store() -> Path:
    """The private store of proofs: beside the ledger's file, or in ``.ledger/`` where the ledger is a server."""
    beside = ledger().removeprefix("sqlite:///")
    default = Path(beside).parent if beside != ledger() and beside not in ("", ":memory:") else ROOT / ".ledger"
    return Path(os.environ.get("OPENDATA_EVIDENCE") or default / "evidence")


def declaration(dataset: str) -> Path:
    """The declaration file of a dataset."""
    return datasets() / dataset / "dataset.yaml"
