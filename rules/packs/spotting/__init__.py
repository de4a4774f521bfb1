"""Spotting: promise seen in public and at home, by depth, originality and helpfulness; never by followers."""
