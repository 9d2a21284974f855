"""Bringing clients what is new: one collector, three formats (/v3/sync, /v4/sync, the WebSocket)."""
