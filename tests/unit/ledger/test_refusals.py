"""The evidence store says which proof it does not have."""

from __future__ import annotations

import pytest

from include.opendata.errors import InputError
from include.opendata.ledger.evidence import EvidenceStore


def test_a_release_without_a_proof_is_refused(tmp_path):
    store = EvidenceStore(tmp_path / "evidence")
    store.write("visits", "r1", {"proof.json": b"{}"})  # not final yet: its release is not visible
    for release in ("r1", "r2"):
        with pytest.raises(InputError) as refused:
            store.folder("visits", release)
        assert refused.value.slug == "proof-missing"
