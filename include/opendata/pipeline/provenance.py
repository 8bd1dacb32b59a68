"""What a release was made of: digests of the declaration and of the code, and the release's own name.

A release is named after its parts (source, declaration, code, the release before it), so that a run that was killed and
is run again arrives at the same name, and a return to earlier data still gets a name of its own.
"""

from __future__ import annotations

import json
from functools import cache

from include.opendata import __version__, places
from include.opendata.declaration.dataset import Dataset
from include.opendata.rules.rule_book import rule_book_digest
from include.opendata.storage.digests import RunningDigest, sha256_of


def declaration_digest(dataset: Dataset) -> str:
    """SHA-256 of what the declaration says, of the rule book and of the suites; comments and layout do not count.

    The rule book is part of it because it may lie outside the project, where ``code_version`` does not see it: another book
    must give another release. Raises SetupError when the rule book cannot be read.
    """
    digest = RunningDigest()
    digest.update(dataset.model_dump_json(by_alias=True).encode())
    digest.update(rule_book_digest().encode())
    of_the_project = sorted((places.expectations() / "expectations").glob(f"{dataset.dataset}__*.json"))
    of_its_own = sorted((places.datasets() / dataset.dataset / "expectations").glob("*.json"))
    for path in [*of_the_project, *of_its_own]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.sha256


@cache
def code_version() -> str:
    """The package's version and a digest of everything that shapes a release: code, criteria, templates, expectations."""
    digest = RunningDigest()
    for folder, kinds in (
        (places.ROOT / "include" / "opendata", {".py", ".yaml", ".csv", ".j2", ".html", ".css"}),
        (places.expectations() / "plugins", {".py"}),
    ):
        for path in sorted(folder.rglob("*")):
            if path.suffix in kinds and "__pycache__" not in path.parts:
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{__version__}+{digest.sha256[:12]}"


def release_id(
    *, source_sha256: str, declaration_sha256: str, code: str, previous: str | None, whole: bool = False
) -> str:
    """The release's name: 16 hexadecimal digits of the digest of its parts.

    ``whole``: the extract was taken as the whole of a table that it could have been merged into.
    """
    parts = json.dumps([source_sha256, declaration_sha256, code, previous, *(["whole"] if whole else [])])
    return sha256_of(parts.encode())[:16]
