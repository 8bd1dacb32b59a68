"""The fast path for large cubes: complementary suppression with a complete integer proof (DDG 2.0 §4.4).

For one cube with its margins, of more cells than the general engine can take: ``table`` says what a cube is, ``suppress``
protects it, ``proof`` checks a stored proof against what is published. Beneath: ``moves`` (changes that leave every total
true), ``search`` and ``cover`` (the cheapest moves), ``walk`` (tables no one can tell apart), ``prune``, ``groups``,
``bounds``, ``limits`` and ``impossible`` (what separate codes give away).
"""

from include.opendata.disclosure.protect.cube.bounds import Known
from include.opendata.disclosure.protect.cube.effort import Effort
from include.opendata.disclosure.protect.cube.proof import CubeProof, ProofCheck, verify_proof
from include.opendata.disclosure.protect.cube.suppress import CubeSuppression, public_view, suppress_cube
from include.opendata.disclosure.protect.cube.table import Axis, CubeTable

__all__ = [
    "Axis",
    "CubeProof",
    "CubeSuppression",
    "CubeTable",
    "Effort",
    "Known",
    "ProofCheck",
    "public_view",
    "suppress_cube",
    "verify_proof",
]
