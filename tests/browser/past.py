"""Messages of earlier days: somebody of a bridge, who says when they were sent."""

import json
from pathlib import Path

from tests.support.client import Server, User


def bridge(folder: Path) -> str:
    """A registration file; its users date what they send."""
    users = [{"exclusive": True, "regex": "@_old_.*"}]
    registration = {
        "id": "old",
        "url": None,
        "as_token": "as-old",
        "hs_token": "hs-old",
        "sender_localpart": "_old_bot",
        "namespaces": {"users": users, "aliases": [], "rooms": []},
    }
    path = folder / "old.yaml"
    path.write_text(json.dumps(registration))
    return str(path)


def ghost_at(server: Server) -> User:
    """The user of that bridge: its calls take `ts`, in ms."""
    return User(server, f"@_old_bot:{server.name}", "as-old", "")
