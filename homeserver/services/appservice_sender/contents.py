"""What one transaction holds: rows of the stream, and what passes, in the words of the Application Service API.

Spec: Application Service API, Pushing events; Pushing ephemeral data. To-device messages, device lists and counts of
keys have the names of MSC2409, MSC3202 and MSC4203, which bridges speak.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from homeserver.clock import Clock
from homeserver.services.appservice_sender.interest import Interest
from homeserver.services.appservices.registrations import Registration
from homeserver.services.heads import MEMBER
from homeserver.services.one_time_keys import OneTimeKeys
from homeserver.services.presence import Presence
from homeserver.services.presentation import spliced
from homeserver.services.receipts import READ_PRIVATE
from homeserver.services.rooms import Rooms
from homeserver.services.typing import Typing
from homeserver.storage.appservices import Appservices, Point
from homeserver.storage.devices import Devices
from homeserver.storage.members import Members
from homeserver.storage.rows import (
    HIDDEN,
    DeviceChangeRow,
    EventRow,
    MemberRow,
    OneTimeKeysRow,
    ReceiptRow,
    Row,
    ToDeviceRow,
)

MAX_EVENTS: Final = 100
MAX_BYTES: Final = 4 << 20
UNSTABLE: Final = "de.sorunome.msc2409"
ENCRYPTION: Final = "org.matrix.msc3202"

Json = dict[str, Any]


class Passing(NamedTuple):
    """What is not in the stream and has changed: rooms where others type, users whose presence is another."""

    typing: Collection[int] = ()
    presence: Collection[str] = ()


class Transaction(NamedTuple):
    """A transaction. `upto`: the position it reaches; `body` None: there was nothing of interest.

    `inboxes`: (device number, position) of to-device messages that its arrival settles.
    """

    upto: int
    body: bytes | None
    inboxes: Sequence[tuple[int, int]] = ()


@dataclass(slots=True)
class _Gathered:
    events: list[EventRow | MemberRow] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    to_device: list[ToDeviceRow] = field(default_factory=list)
    changed: dict[str, None] = field(default_factory=dict)
    """Users whose devices changed, or who came into a room; `left`: who went out of one."""
    left: dict[str, None] = field(default_factory=dict)
    devices: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Devices whose keys are to be counted: number -> user id, device id."""
    size: int = 0

    @property
    def is_full(self) -> bool:
        return max(len(self.events), len(self.to_device), len(self.receipts)) >= MAX_EVENTS or self.size >= MAX_BYTES


class Contents:
    """Puts transactions of one application service together."""

    def __init__(
        self,
        registration: Registration,
        interest: Interest,
        *,
        table: Appservices,
        devices: Devices,
        members: Members,
        rooms: Rooms,
        one_time_keys: OneTimeKeys,
        typing: Typing,
        presence: Presence,
        clock: Clock,
    ) -> None:
        self._registration = registration
        self._interest = interest
        self._table = table
        self._devices = devices
        self._members = members
        self._rooms = rooms
        self._one_time_keys = one_time_keys
        self._typing = typing
        self._presence = presence
        self._clock = clock

    async def of(self, rows: Sequence[Row], upto: int, passing: Passing) -> Transaction:
        """The oldest of the rows, as many as one transaction holds; they reach up to `upto`."""
        gathered = _Gathered()
        for number, row in enumerate(rows):
            if gathered.is_full:
                upto = rows[number - 1].position
                break
            await self._gather(row, gathered)
        ephemeral = await self._ephemeral(gathered.receipts, passing)
        body = await self._body(gathered, ephemeral)
        inboxes: dict[int, int] = {}
        for message in gathered.to_device:
            if self._registration.owns_user(message.user_id):
                inboxes[message.device_nid] = message.position
        return Transaction(upto, orjson.dumps(body) if body is not None else None, list(inboxes.items()))

    async def _gather(self, row: Row, gathered: _Gathered) -> None:
        if isinstance(row, EventRow):
            if not row.flags & HIDDEN and not row.historical and await self._interest.event(row):
                gathered.events.append(row)
                gathered.size += len(row.body)
                if self._registration.is_encrypted and row.membership is not None and row.is_current_state:
                    self._gather_member(row, gathered)
        elif isinstance(row, MemberRow):
            if row.membership == "invite" and row.stripped_state is not None and self._interest.user(row.user_id):
                gathered.events.append(row)
        elif isinstance(row, ReceiptRow):
            if self._registration.receives_ephemeral and await self._hears(row):
                gathered.receipts.append(row)
        elif isinstance(row, ToDeviceRow):
            if self._takes_messages and self._interest.user(row.user_id):
                gathered.to_device.append(row)
                gathered.devices[row.device_nid] = (row.user_id, row.device_id)
                gathered.size += len(row.content)
        elif not self._registration.is_encrypted:
            return
        elif isinstance(row, OneTimeKeysRow):
            if self._interest.user(row.user_id):
                gathered.devices[row.device_nid] = (row.user_id, row.device_id)
        elif (
            isinstance(row, DeviceChangeRow)
            and row.observer is None
            and (self._interest.user(row.user_id) or await self._interest.any_room(row.room_nids))
        ):
            gathered.changed[row.user_id] = None

    def _gather_member(self, row: EventRow, gathered: _Gathered) -> None:
        """Who comes into a room of interest, and who goes, is a change of the lists that its users track."""
        user_id = row.state_key or ""
        if row.membership == "join":
            gathered.left.pop(user_id, None)
            gathered.changed[user_id] = None
        elif row.membership in {"leave", "ban"}:
            gathered.left[user_id] = None

    async def _gone(self, user_ids: Collection[str]) -> list[str]:
        """Those who share no room of interest any more [1 trip, 0 for none]."""
        if not user_ids:
            return []
        rooms = await self._members.joined_room_nids(user_ids)
        return [user_id for user_id in user_ids if not await self._interest.any_room(rooms.get(user_id, ()))]

    @property
    def _takes_messages(self) -> bool:
        return self._registration.receives_ephemeral or self._registration.is_encrypted

    async def _hears(self, row: ReceiptRow) -> bool:
        if row.type == READ_PRIVATE:
            return self._interest.user(row.user_id)
        return self._interest.user(row.user_id) or await self._interest.room(row.room_nid)

    async def _body(self, gathered: _Gathered, ephemeral: list[Json]) -> Json | None:
        events = await self._events(gathered.events)
        if not (events or ephemeral or gathered.to_device or gathered.changed or gathered.devices):
            return None
        body: Json = {"events": events}
        if self._registration.receives_ephemeral:
            body["ephemeral"] = body[f"{UNSTABLE}.ephemeral"] = ephemeral
        if self._takes_messages:
            body[f"{UNSTABLE}.to_device"] = [
                {**orjson.loads(row.content), "to_user_id": row.user_id, "to_device_id": row.device_id}
                for row in gathered.to_device
            ]
        if self._registration.is_encrypted:
            body.update(await self._encryption(gathered))
        return body

    async def _events(self, rows: Iterable[EventRow | MemberRow]) -> list[Any]:
        """Events in the client format, with what state events replaced."""
        listed = list(rows)
        unread = [
            Point(row.event_nid, row.chain_id, row.sequence, row.state_key_nid)
            for row in listed
            if isinstance(row, EventRow) and row.state_key_nid is not None and not row.unsigned
        ]
        previous = await self._table.previous(unread) if unread else {}
        now = self._clock.now_ms()
        events: list[Any] = []
        for row in listed:
            if isinstance(row, MemberRow):
                events += invite_event(row, now)
                continue
            unsigned: Json = {"age": max(0, now - row.ts)}
            if row.unsigned:
                unsigned.update(orjson.loads(row.unsigned))
            elif row.event_nid in previous:
                before = orjson.loads(previous[row.event_nid])
                unsigned["prev_content"] = before["content"]
                unsigned["prev_sender"] = before["sender"]
                unsigned["replaces_state"] = before["event_id"]
            events.append(orjson.Fragment(spliced(row.body, unsigned)))
        return events

    # -- what passes -----------------------------------------------------------------------------------------------

    async def _ephemeral(self, receipts: Sequence[ReceiptRow], passing: Passing) -> list[Json]:
        if not self._registration.receives_ephemeral:
            return []
        events = _receipts(receipts)
        for room_nid in passing.typing:
            head = self._rooms.cached(room_nid)
            if head is not None and await self._interest.room(room_nid):
                content = {"user_ids": self._typing.users_in(room_nid)}
                events.append({"type": "m.typing", "room_id": head.room_id, "content": content})
        heard = [user_id for user_id in passing.presence if await self._hears_presence(user_id)]
        for user_id, content in self._presence.of(heard).items():
            events.append({"type": "m.presence", "sender": user_id, "content": content})
        return events

    async def _hears_presence(self, user_id: str) -> bool:
        return self._interest.user(user_id) or await self._interest.any_room(self._presence.rooms_of(user_id))

    # -- encryption ------------------------------------------------------------------------------------------------

    async def _encryption(self, gathered: _Gathered) -> Json:
        """Device lists, and counts of keys: of devices that had news, and of the sender's."""
        for device in await self._devices.of_user(self._registration.sender):
            gathered.devices[device.device_nid] = (device.user_id, device.device_id)
        counts: dict[str, dict[str, Any]] = {}
        unused: dict[str, dict[str, Any]] = {}
        for device_nid, (user_id, device_id) in gathered.devices.items():
            found = await self._one_time_keys.counts_of(device_nid)
            counts.setdefault(user_id, {})[device_id] = found.counts
            unused.setdefault(user_id, {})[device_id] = found.unused_fallback
        left = await self._gone(gathered.left)
        changed = [user_id for user_id in gathered.changed if user_id not in left]
        return {
            f"{ENCRYPTION}.device_lists": {"changed": changed, "left": left},
            f"{ENCRYPTION}.device_one_time_keys_count": counts,
            f"{ENCRYPTION}.device_one_time_key_counts": counts,
            f"{ENCRYPTION}.device_unused_fallback_key_types": unused,
        }


def _receipts(rows: Collection[ReceiptRow]) -> list[Json]:
    """One `m.receipt` for each room."""
    rooms: dict[str, Json] = {}
    for row in rows:
        entry: Json = {"ts": row.ts}
        if row.thread:
            entry["thread_id"] = row.thread
        rooms.setdefault(row.room_id, {}).setdefault(row.event_id, {}).setdefault(row.type, {})[row.user_id] = entry
    return [{"type": "m.receipt", "room_id": room_id, "content": content} for room_id, content in rooms.items()]


def invite_event(row: MemberRow, now_ms: int) -> list[Json]:
    """An invite into a room that this server is not in: kept with what its target may know of the room.

    None where it was not kept whole.
    """
    state: list[Json] = orjson.loads(row.stripped_state or b"[]")
    own = [entry for entry in state if (entry["type"], entry["state_key"]) == (MEMBER, row.user_id)]
    if not own or "event_id" not in own[0]:
        return []
    others = [entry for entry in state if entry is not own[0]]
    age = max(0, now_ms - own[0]["origin_server_ts"])
    return [{**own[0], "room_id": row.room_id, "unsigned": {"age": age, "invite_room_state": others}}]
