"""The tables, one module per concern, on one MetaData."""
