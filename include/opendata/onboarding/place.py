"""Where a bundle may be written: never over one that is there."""

from __future__ import annotations

from pathlib import Path

from include.opendata.errors import DeclarationError, Place


def refuse_to_write_over(into: Path, dataset: str) -> Path:
    """The folder of the bundle below ``into``. Raises DeclarationError ``bundle-exists`` when it is there."""
    target = into / dataset
    if target.exists():
        raise DeclarationError(
            "there is a bundle already, which someone may have worked on",
            remedy="Move it away, or give another folder with --out.",
            slug="bundle-exists",
            place=Place(dataset=dataset, file=str(target)),
        )
    return target
