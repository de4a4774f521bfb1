"""Form teams: parts are filled with people."""
