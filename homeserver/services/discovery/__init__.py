"""People found and invited by their numbers: only as far as both sides want it. Security: S-12."""
