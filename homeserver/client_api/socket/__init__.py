"""The WebSocket `app.hearth.stream`, version 1: the sliding stream one way, requests both ways."""
