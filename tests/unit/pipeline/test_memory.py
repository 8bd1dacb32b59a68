"""What was published stays known, whichever way its staging place is spelled."""

from types import SimpleNamespace

from include.opendata.ledger import PublishedEntry, open_ledger
from include.opendata.pipeline.published_history import earlier_releases
from include.opendata.staging import open_staging
from tests.lib.earlier_releases import TABLE, declared, published


def test_a_removed_release_is_known_where_staging_is_spelled_in_another_way(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    monkeypatch.setenv("OPENDATA_EVIDENCE", str(tmp_path / "evidence"))
    (tmp_path / "staging").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "staging")
    monkeypatch.chdir(tmp_path)
    (table,) = published("r1", declared(), {("Alder", "2020"): 20}).tables
    ledger = open_ledger()
    ledger.record_published(
        [PublishedEntry("clinic_visits", "r1", str(tmp_path / "staging"), TABLE, "0" * 64, "0" * 64, table.to_bytes())]
    )

    def known(address):
        return [
            release.release
            for release in earlier_releases(
                SimpleNamespace(dataset="clinic_visits"), [], staging=open_staging(address), address=address,
                ledger=ledger, declaration="",
            )
        ]  # fmt: skip

    for address in ("staging", str(tmp_path / "link"), str(tmp_path / "link" / ".." / "staging")):
        assert known(address) == ["r1"]
    assert known(str(tmp_path / "other")) == []
