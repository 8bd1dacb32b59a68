"""From the source as it is to an immutable snapshot in the work area.

``places`` bring the bytes, ``readers`` read them, ``snapshot`` does both for a declared source.
"""

from include.opendata.sources.places.protocol import SourceUnreachable
from include.opendata.sources.snapshot import extract

__all__ = ["SourceUnreachable", "extract"]
