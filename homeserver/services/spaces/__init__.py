"""Spaces: what may be told of rooms to those who are not in them, and trees of such rooms."""
