"""Requests to peers: discovery, signing, one file per group of endpoints. Knows no rooms and no database."""
