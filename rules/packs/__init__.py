"""Rule packs: one folder each, found by discovery; nothing else lives here."""
