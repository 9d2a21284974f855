"""The endpoints that peers call: verify, call one service method, format."""
