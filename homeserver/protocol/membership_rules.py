"""The half of the authorisation rules that is about `m.room.member`. Spec: Room Version 12, Authorization rules, 5."""
