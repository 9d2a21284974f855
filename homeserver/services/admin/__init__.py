"""What admins of this server do: accounts, rooms, reports, notices. Not for: moderation within a room."""
