"""What builds and checks Hearth; nothing of the homeserver imports it."""
