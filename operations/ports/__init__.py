"""What use cases need from the world, as Protocols: one module per concern."""
