"""What goes with a user from a room to its replacement: tags, push rules of the room, its place among direct chats.

Only where both rooms say so: the old one names the new, and the new one the old. Whoever is in the old room gets it
when they join the new one. Spec: Client-Server API, Room Upgrades.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from homeserver.errors import MatrixError, NotFound
from homeserver.protocol.push_ruleset import UserRule
from homeserver.services.account_data import AccountData
from homeserver.services.heads import Room
from homeserver.services.push_rules import PushRules
from homeserver.services.rooms import Rooms
from homeserver.storage.errors import DatabaseDown, DatabaseFull

log = structlog.get_logger()

DIRECT = "m.direct"


class Settings:
    """Carries users' settings over."""

    def __init__(self, rooms: Rooms, account_data: AccountData, push_rules: PushRules) -> None:
        self._rooms = rooms
        self._account_data = account_data
        self._push_rules = push_rules

    async def joined(self, user_id: str, room_id: str) -> None:
        """The user has joined a room: if it replaces one they are in, their settings follow. Never raises."""
        try:
            await self.carry_over(user_id, room_id)
        except (MatrixError, DatabaseDown, DatabaseFull) as error:
            log.warning("upgrade.settings_left_behind", room=room_id, error=str(error))

    async def carry_over(self, user_id: str, new_id: str) -> None:
        """Copy the settings from the room that `new_id` replaces; what is set for the new room already stays."""
        new = await self._rooms.find(new_id)
        old = await self._replaced_by(new) if new is not None and new.state else None
        if old is None or not old.is_joined(user_id):
            return
        await self._tags(user_id, old.room_id, new_id)
        await self._direct(user_id, old.room_id, new_id)
        await self._rules(user_id, old.room_id, new_id)

    async def _replaced_by(self, new: Room) -> Room | None:
        predecessor = new.create.content.get("predecessor")
        old_id = predecessor.get("room_id") if isinstance(predecessor, Mapping) else None
        old = await self._rooms.find(old_id) if isinstance(old_id, str) else None
        if old is None or not old.state:
            return None
        return old if old.content("m.room.tombstone").get("replacement_room") == new.room_id else None

    async def _tags(self, user_id: str, old_id: str, new_id: str) -> None:
        known = await self._account_data.tags(user_id, new_id)
        for tag, content in (await self._account_data.tags(user_id, old_id)).items():
            if tag not in known and isinstance(content, dict):
                await self._account_data.set_tag(user_id, new_id, tag, content)

    async def _direct(self, user_id: str, old_id: str, new_id: str) -> None:
        try:
            chats = await self._account_data.read(user_id, DIRECT)
        except NotFound:
            return
        changed: dict[str, Any] = {
            other: [*rooms, new_id] if isinstance(rooms, list) and old_id in rooms and new_id not in rooms else rooms
            for other, rooms in chats.items()
        }
        if changed != chats:
            await self._account_data.set(user_id, DIRECT, changed)

    async def _rules(self, user_id: str, old_id: str, new_id: str) -> None:
        rules = await self._push_rules.of(user_id)
        rooms = {rule.rule_id: rule for rule in rules.room}
        if old_id in rooms and new_id not in rooms:
            rule = rooms[old_id]
            await self._put(user_id, "room", UserRule(new_id, rule.actions, enabled=rule.enabled))
        known = {rule.rule_id for rule in rules.override}
        for rule in reversed(rules.override):  # each is put before the others
            if not any(_names_room(condition, old_id) for condition in rule.conditions):
                continue
            rule_id = rule.rule_id.replace(old_id, new_id) if old_id in rule.rule_id else f"{rule.rule_id}.{new_id}"
            if rule_id in known:
                continue
            conditions = tuple(
                {**condition, "pattern": new_id} if _names_room(condition, old_id) else condition
                for condition in rule.conditions
            )
            copied = UserRule(rule_id, rule.actions, conditions=conditions, enabled=rule.enabled)
            await self._put(user_id, "override", copied)

    async def _put(self, user_id: str, kind: str, rule: UserRule) -> None:
        await self._push_rules.put(user_id, kind, rule)
        if not rule.enabled:
            await self._push_rules.switch(user_id, kind, rule.rule_id, enabled=False)


def _names_room(condition: Mapping[str, Any], room_id: str) -> bool:
    return (
        condition.get("kind") == "event_match"
        and condition.get("key") == "room_id"
        and condition.get("pattern") == room_id
    )
