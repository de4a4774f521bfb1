"""Do: effects are carried out, once and in order."""
