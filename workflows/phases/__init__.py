"""Phase kinds: one folder per verb that modes are made of, found by discovery."""
