"""Replacing a room by one of another version, with its state, bans, aliases and place in the public list.

Spec: Client-Server API, Room Upgrades. Not for: what goes with the members (`settings`).
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

from homeserver.errors import Forbidden, InvalidParam, MatrixError, UnsupportedRoomVersion
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import RoomId, parse_user_id
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.services.creation import Creation, NewRoom, StateDraft
from homeserver.services.directory import CANONICAL_ALIAS
from homeserver.services.heads import Room
from homeserver.services.intents import Draft
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sending import Sending
from homeserver.services.upgrade import levels
from homeserver.services.upgrade.settings import Settings
from homeserver.storage.rooms import RoomTable

TOMBSTONE = "m.room.tombstone"
POWER_LEVELS = "m.room.power_levels"
MAX_CREATORS = 100
TRANSFERRED = (
    "m.room.server_acl",
    "m.room.encryption",
    "m.room.name",
    "m.room.avatar",
    "m.room.topic",
    "m.room.policy",
)
"""Besides join rules, history visibility, guest access and power levels, which every room has."""
OF_SPACES = ("m.space.child", "m.space.parent")
NOTICE = "This room has been replaced"


class Upgrade:
    """Replaces rooms of which users here may say so."""

    def __init__(
        self, *, rooms: Rooms, table: RoomTable, creation: Creation, sending: Sending, settings: Settings
    ) -> None:
        self._rooms = rooms
        self._table = table
        self._creation = creation
        self._sending = sending
        self._settings = settings
        self._upgrading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def upgrade(
        self, requester: Requester, room_id: str, version: str, additional_creators: Sequence[str] = ()
    ) -> RoomId:
        """Replace the room; the id of the new one. Again by the same user: the room that was made then.

        Raises Forbidden, UnsupportedRoomVersion, InvalidParam (a creator that is no user).
        """
        rules = ROOM_VERSIONS.get(version)
        if rules is None:
            raise UnsupportedRoomVersion(f"This server does not know room version {version!r}.")
        creators = _checked(additional_creators) if rules.create_is_room else []
        lock = self._upgrading.setdefault(room_id, asyncio.Lock())
        async with lock:
            old = await self._rooms.joined_by(requester.user_id, room_id)
            if old.power.of_user(requester.user_id) < old.power.for_event(TOMBSTONE, is_state=True):
                raise Forbidden("You may not upgrade this room.")
            done = await self._replacement(old, requester, version)
            return done if done is not None else await self._replace(requester, old, rules, creators)

    async def _replacement(self, old: Room, requester: Requester, version: str) -> RoomId | None:
        """The room that this user has replaced it by already: a request whose answer was lost."""
        tombstone = old.event((TOMBSTONE, ""))
        if tombstone is None or tombstone.sender != requester.user_id:
            return None
        new_id = tombstone.content.get("replacement_room")
        new = await self._rooms.find(new_id) if isinstance(new_id, str) else None
        if new is None or not new.state or new.rules.id != version or predecessor_of(new) != old.room_id:
            return None
        return new.room_id

    async def _replace(self, requester: Requester, old: Room, rules: RoomVersion, creators: Sequence[str]) -> RoomId:
        wanted = levels.transferred(old, rules, [requester.user_id, *creators])
        first = wanted if rules.create_is_room else levels.raised(wanted, requester.user_id)
        new_id = await self._creation.create(requester, _new_room(old, rules, creators, first))
        if first != wanted:
            await self._sending.send(requester, new_id, Draft(POWER_LEVELS, wanted, state_key=""))
        await self._move_names(requester, old, new_id)
        content = {"body": NOTICE, "replacement_room": new_id}
        await self._sending.send(requester, old.room_id, Draft(TOMBSTONE, content, state_key=""))
        await self._close(requester, old.room_id)
        await self._settings.carry_over(requester.user_id, new_id)
        return new_id

    async def _move_names(self, requester: Requester, old: Room, new_id: RoomId) -> None:
        """Local aliases, the aliases in the state, the place in the public list."""
        moved = await self._table.move_names(old.room_id, new_id)
        content = old.content(CANONICAL_ALIAS)
        named = _of_these(content, moved)
        if named:
            await self._sending.send(requester, new_id, Draft(CANONICAL_ALIAS, named, state_key=""))
            kept = _without_these(content, moved)
            with contextlib.suppress(MatrixError):  # may be more than the user may do; the aliases lead on all the same
                await self._sending.send(requester, old.room_id, Draft(CANONICAL_ALIAS, kept, state_key=""))

    async def _close(self, requester: Requester, room_id: str) -> None:
        """Let only moderators talk in and invite into the old room, if the user may set that."""
        old = await self._rooms.room(room_id)
        changed = levels.closed(old)
        if changed is None:
            return
        with contextlib.suppress(MatrixError):  # "if possible"
            await self._sending.send(requester, room_id, Draft(POWER_LEVELS, changed, state_key=""))


def predecessor_of(room: Room) -> str | None:
    """The room that this one says it replaces."""
    predecessor = room.create.content.get("predecessor")
    room_id = predecessor.get("room_id") if isinstance(predecessor, Mapping) else None
    return room_id if isinstance(room_id, str) else None


def _checked(creators: Sequence[str]) -> list[str]:
    if len(creators) > MAX_CREATORS:
        raise InvalidParam(f"At most {MAX_CREATORS} additional creators.")
    try:
        return [str(parse_user_id(user_id)) for user_id in dict.fromkeys(creators)]
    except BadIdentifier as bad:
        raise InvalidParam(str(bad)) from bad


def _new_room(old: Room, rules: RoomVersion, creators: Sequence[str], power_levels: Mapping[str, Any]) -> NewRoom:
    create = old.create.content
    # From version 12 on `event_id` may be left out; before, it is the last event that we know of the old room.
    newest = old.extremities[max(old.extremities)].event_id if old.extremities else None
    predecessor = {"room_id": old.room_id, **({"event_id": newest} if newest is not None else {})}
    content: dict[str, Any] = {key: create[key] for key in ("type", "m.federate") if key in create}
    content["predecessor"] = predecessor
    if creators:
        content["additional_creators"] = list(creators)
    return NewRoom(
        preset="private_chat",
        version=rules.id,
        creation_content=content,
        initial_state=list(_state_of(old, rules)),
        power_levels=power_levels,
        bans={user_id: None for user_id, member in old.members.items() if member.membership == "ban"},
    )


def _state_of(old: Room, rules: RoomVersion) -> list[StateDraft]:
    drafts = [
        StateDraft("m.room.join_rules", _join_rules(old, rules)),
        StateDraft("m.room.history_visibility", {"history_visibility": old.history_visibility}),
        StateDraft("m.room.guest_access", dict(old.content("m.room.guest_access")) or {"guest_access": "forbidden"}),
    ]
    is_space = old.create.content.get("type") == "m.space"
    for key in old.state:
        event = old.event(key)
        wanted = (key[0] in TRANSFERRED and not key[1]) or (is_space and key[0] in OF_SPACES)
        if event is not None and wanted and event.content:
            drafts.append(StateDraft(key[0], event.content, key[1]))
    return drafts


def _join_rules(old: Room, rules: RoomVersion) -> Mapping[str, Any]:
    """The same rule, or the nearest that the new version knows."""
    content = old.content("m.room.join_rules")
    rule = old.join_rule
    if rule == "knock_restricted" and not rules.knock_restricted:
        return {**content, "join_rule": "restricted"} if rules.restricted else {"join_rule": "invite"}
    if (rule == "restricted" and not rules.restricted) or (rule == "knock" and not rules.knock):
        return {"join_rule": "invite"}
    return content or {"join_rule": "invite"}


def _of_these(content: Mapping[str, Any], aliases: Sequence[str]) -> dict[str, Any]:
    """The part of a canonical alias event that names these aliases."""
    alias, more = content.get("alias"), content.get("alt_aliases")
    named: dict[str, Any] = {"alias": alias} if alias in aliases else {}
    others = [one for one in more if one in aliases] if isinstance(more, list) else []
    return {**named, "alt_aliases": others} if others else named


def _without_these(content: Mapping[str, Any], aliases: Sequence[str]) -> dict[str, Any]:
    kept = {key: value for key, value in content.items() if key not in {"alias", "alt_aliases"}}
    if content.get("alias") is not None and content["alias"] not in aliases:
        kept["alias"] = content["alias"]
    more = content.get("alt_aliases")
    others = [one for one in more if one not in aliases] if isinstance(more, list) else []
    return {**kept, "alt_aliases": others} if others else kept
