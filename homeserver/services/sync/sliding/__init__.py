"""Sliding sync: what `/v4/sync` and the WebSocket carry. One connection state, two doors. Spec: MSC4186 as accepted."""
