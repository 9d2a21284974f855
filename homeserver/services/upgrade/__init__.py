"""Upgrading rooms: the replacement of a room, and what goes with its members."""
