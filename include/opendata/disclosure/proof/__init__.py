"""Re-checks a release's proof without trusting the code that made it: arithmetic alone, from what lies in staging."""

from include.opendata.disclosure.proof.check import ProofReport, check_proof

__all__ = ["ProofReport", "check_proof"]
