"""Where compiled loops are kept, and that nothing stops where they cannot be."""

import os
import subprocess
import sys

from include.opendata.disclosure.protect.cube.compiled import cache_folder
from include.opendata.places import ROOT

SCRIPT = """
import include.opendata.disclosure.protect.cube.search as search
import numpy as np
print(search.draw(np.array([1], dtype=np.uint64), 10), cache_folder())
"""


def run(**environment):
    kept = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "OPENDATA_CACHE")}
    command = [sys.executable, "-c", "from include.opendata.disclosure.protect.cube.compiled import *\n" + SCRIPT]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, env={**kept, **environment}
    ).stdout.split()


def test_compiled_loops_are_kept_in_the_projects_own_folder(monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("OPENDATA_CACHE", raising=False)
    assert cache_folder() == ROOT / ".cache" / "numba"


def test_an_installation_may_move_them(tmp_path):
    drawn, folder = run(OPENDATA_CACHE=str(tmp_path))
    assert folder == str(tmp_path / "numba")
    assert list((tmp_path / "numba").rglob("search.draw*"))
    assert drawn == run(OPENDATA_CACHE=str(tmp_path))[0]


def test_without_a_folder_to_write_to_it_still_works(tmp_path):
    (tmp_path / "numba").write_text("in the way")
    drawn, _ = run(OPENDATA_CACHE=str(tmp_path))
    assert drawn.isdigit()
