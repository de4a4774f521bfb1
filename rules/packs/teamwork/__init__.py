"""Teamwork: who keeps their word in a team, gives back what they get, and carries newcomers on."""
