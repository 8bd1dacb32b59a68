"""From the source as it is to an immutable snapshot in the work area."""

from include.opendata.extract.fetch import SourceUnreachable
from include.opendata.extract.snapshot import extract

__all__ = ["SourceUnreachable", "extract"]
