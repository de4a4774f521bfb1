"""Review: each work is approved, returned or refused."""
