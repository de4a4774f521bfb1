"""What is remembered: PostgreSQL, one small adapter per port, migrations."""
