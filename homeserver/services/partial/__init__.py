"""Rooms that were joined before all their members were told. See docs/architecture.md, "Joining large rooms"."""
