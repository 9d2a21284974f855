"""The client-server API: adapters that parse, call one service method, and format."""
