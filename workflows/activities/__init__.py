"""Activities: doorways from workflows to use cases; each unpacks, calls one operation and returns."""
