"""Beside a real Synapse: what both servers show must be the same."""
