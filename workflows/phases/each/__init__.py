"""Each: a body of its own for each team, person or work."""
