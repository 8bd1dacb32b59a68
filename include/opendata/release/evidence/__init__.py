"""The pages a data coordinator reads before approving: what was decided and why, and what changed."""
