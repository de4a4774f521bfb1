"""What one can do: one verb per module, its ports given by keyword, no framework."""
