"""Meet: a gathering with a host and minutes."""
