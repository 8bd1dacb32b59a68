"""From the source as it is to an immutable snapshot in the work area."""

from include.opendata.sources.fetch import SourceUnreachable
from include.opendata.sources.snapshot import extract

__all__ = ["SourceUnreachable", "extract"]
