"""One module per command, found by discovery. At import a module may load typer only, the rest when it runs."""
