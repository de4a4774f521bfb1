"""People by browser: the JSON API and the console. Empty so far; the import contracts already hold its place."""
