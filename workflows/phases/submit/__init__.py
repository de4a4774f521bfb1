"""Submit: works are handed in."""
