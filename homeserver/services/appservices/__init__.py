"""Application services: who they are, what is theirs, and asking them."""
