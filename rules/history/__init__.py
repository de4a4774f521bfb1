"""History: what a ladder would have decided, review by review, over everything that ever happened; and how well."""
