"""What this server offers beyond the specification: docs/extensions.md."""
