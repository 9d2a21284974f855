"""Bringing to application services what happens: for each a cursor on the stream and transactions in order."""
