"""What this server asks of its own users beyond the authorisation rules: roles, timed mutes, slow mode.

Asked when an event is built on the head of its room, so that no way of sending goes round it. Not for events of other
servers: those obey the power levels that the roles were compiled to.
"""

from collections.abc import Mapping
from typing import Any

from homeserver.clock import Clock
from homeserver.errors import Forbidden
from homeserver.protocol.events import Event
from homeserver.services.extensions.role_list import (
    OWNER_LEVEL,
    ROLE_OF,
    ROLES,
    allowed,
    read_list,
    role_ids,
    role_key,
)
from homeserver.services.extensions.slow_mode import SlowMode
from homeserver.services.heads import MEMBER
from homeserver.services.intents import Draft, Intent
from homeserver.services.working_head import WorkingHead

RESTRICTED = "app.hearth.restrict_until"
_MEDIA = frozenset({"m.image", "m.video", "m.audio", "m.file"})
_INFO = frozenset({"m.room.name", "m.room.topic", "m.room.avatar"})
_ROLES = frozenset({ROLES, ROLE_OF, "m.room.power_levels"})


class LocalRules:
    """Refuses what a local user's roles do not allow, and what comes too early."""

    def __init__(self, slow_mode: SlowMode, clock: Clock) -> None:
        self._slow_mode = slow_mode
        self._clock = clock

    def check(self, head: WorkingHead, intent: Intent) -> None:
        """Raise Forbidden for what the sender may not do here, LimitExceeded for what they may not do yet."""
        restricted = head.event((RESTRICTED, role_key(intent.sender)))
        if restricted is not None and not _is_own_membership(intent):
            until = restricted.content.get("until")
            if isinstance(until, int) and until > self._clock.now_ms():
                raise Forbidden("You are muted in this room.")
        event = head.event((ROLES, ""))
        if event is not None:
            self._check_roles(head, intent, event)
        self._slow_mode.check(head, intent)

    @staticmethod
    def _check_roles(head: WorkingHead, intent: Intent, event: Event) -> None:
        needed = _needed(intent.draft, intent.sender)
        listed = read_list(event.content) if needed else None
        if listed is None:
            return
        level = head.room.power.of_user(intent.sender)
        if level >= OWNER_LEVEL:
            return
        own = head.event((ROLE_OF, role_key(intent.sender)))
        missing = needed - allowed(listed, role_ids(own.content) if own is not None else (), level)
        if missing:
            raise Forbidden(f"Your roles in this room do not allow that: {min(missing)}.")


def _is_own_membership(intent: Intent) -> bool:
    return intent.draft.type == MEMBER and intent.draft.state_key == intent.sender


def _needed(draft: Draft, sender: str) -> frozenset[str]:
    """The permissions that an event asks for."""
    if draft.type == MEMBER:
        return frozenset() if draft.state_key == sender else _of_member(draft.content)
    if draft.type in _INFO:
        return frozenset({"info"})
    if draft.type in _ROLES:
        return frozenset({"roles"})
    if draft.type == "m.room.pinned_events":
        return frozenset({"pin"})
    if draft.type == "m.reaction":
        return frozenset({"react"})
    if draft.state_key is not None or draft.type == "m.room.redaction":
        return frozenset()
    if draft.type.startswith("m.call."):
        return frozenset({"call"})
    return _of_message(draft)


def _of_member(content: Mapping[str, Any]) -> frozenset[str]:
    action = {"invite": "invite", "ban": "ban", "leave": "kick"}.get(str(content.get("membership")))
    return frozenset({action}) if action is not None else frozenset()


def _of_message(draft: Draft) -> frozenset[str]:
    new = draft.content.get("m.new_content")
    parts = [draft.content, new] if isinstance(new, Mapping) else [draft.content]
    needed = {"send"}
    for part in parts:
        if draft.type == "m.sticker" or part.get("msgtype") in _MEDIA:
            needed.add("media")
        if any("://" in str(part.get(name, "")) for name in ("body", "formatted_body")):
            needed.add("links")
        mentions = part.get("m.mentions")
        if isinstance(mentions, Mapping) and mentions.get("room") is True:
            needed.add("mention_all")
    return frozenset(needed)
