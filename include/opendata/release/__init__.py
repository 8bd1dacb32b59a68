"""Makes the release: data files, dictionaries, metadata, evidence and manifest, the same bytes from the same inputs."""

from include.opendata.release.build import build_release
from include.opendata.release.inputs import Provenance, Release, ReleaseInputs, SourceFacts

__all__ = ["Provenance", "Release", "ReleaseInputs", "SourceFacts", "build_release"]
