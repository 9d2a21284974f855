"""Device lists of users elsewhere: fetched when someone here asks, then kept up by what their server tells.

A list counts only while its user has shared a room with someone here ever since; a change that cannot be placed makes
it stale, and the next question fetches it anew. Spec: Server-Server API, Device Management.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import orjson
import structlog

from homeserver.federation.client.devices import Devices as PeerDevices
from homeserver.federation.client.errors import FederationError
from homeserver.protocol.device_keys import (
    USAGES,
    BadKeys,
    check_cross_signing_key,
    check_device_keys,
    signed_by_owner_alone,
)
from homeserver.protocol.errors import BadIdentifier, BadJson
from homeserver.protocol.identifiers import parse_user_id, server_of
from homeserver.services.turns import Turns
from homeserver.storage.e2e_keys import DeviceList, E2eKeys, Published
from homeserver.storage.members import Members
from homeserver.storage.rows import CrossSigningKeyRow, DeviceChangeRow, DeviceListRow, RemoteDeviceRow, Row
from homeserver.storage.stream import Stream

log = structlog.get_logger()

MAX_DEVICES = 2_000
"""Of one user elsewhere; what is beyond is left out."""
USERS_AT_ONCE = 250
"""Asked of a peer in one request."""
REQUESTS_AT_ONCE = 50
PUBLIC = USAGES[:2]

Json = Mapping[str, Any]


class RemoteDevices:
    """Knows the devices and keys of users elsewhere."""

    def __init__(self, us: str, table: E2eKeys, members: Members, stream: Stream, peers: PeerDevices) -> None:
        self._us = us
        self._table = table
        self._members = members
        self._stream = stream
        self._peers = peers
        self._slots = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._asking: dict[str, set[str]] = {}
        """User whose list is being fetched -> those fetched together whose lists changed meanwhile."""
        self._servers = Turns()
        self._users = Turns()

    async def published(
        self, user_ids: Collection[str], viewer: str, timeout_s: float
    ) -> tuple[dict[str, Published], set[str]]:
        """What is known of users elsewhere, and the servers that could not be asked [2 trips when all is known]."""
        lists = await self._table.lists(user_ids, self._us)
        wanted: dict[str, list[str]] = {}
        for user_id in user_ids:
            if not _is_good(lists.get(user_id)):
                wanted.setdefault(server_of(user_id), []).append(user_id)
        fetched: dict[str, Published] = {}
        failed: set[str] = set()
        if wanted:
            try:
                async with asyncio.timeout(timeout_s):
                    asked = (self._ask(server, users, fetched, failed) for server, users in wanted.items())
                    await asyncio.gather(*asked)
            except TimeoutError:
                failed |= {server for server, users in wanted.items() if not fetched.keys() >= set(users)}
        known = await self._table.published(user_ids, viewer)
        for user_id, published in fetched.items():
            published.signatures = known[user_id].signatures
            known[user_id] = published
        return known, failed

    async def _ask(self, server: str, user_ids: list[str], fetched: dict[str, Published], failed: set[str]) -> None:
        """Fetch what one server knows; one request to a server at a time."""
        async with self._servers.of(server), self._slots:
            # Those who waited here for the same users find them already fetched.
            lists = await self._table.lists(user_ids, self._us)
            missing = [user_id for user_id in user_ids if not _is_good(lists.get(user_id))]
            try:
                for start in range(0, len(missing), USERS_AT_ONCE):
                    fetched.update(await self._fetch(server, missing[start : start + USERS_AT_ONCE]))
            except FederationError as error:
                log.info("device lists not fetched", server=server, why=str(error))
                failed.add(server)

    async def _fetch(self, server: str, user_ids: list[str]) -> dict[str, Published]:
        """Ask for users and keep the lists of those who share a room with us.

        One user is asked for by the endpoint that tells the list's number, so that later changes can be placed;
        several in one request without numbers: the first change then makes the list stale.
        """
        changed: set[str] = set()
        for user_id in user_ids:
            self._asking[user_id] = changed
        try:
            found, numbers = await self._read(server, user_ids)
            known = await self._table.published(user_ids)
            shared = await self._members.joined_room_nids(user_ids)
            rows: list[Row] = []
            for user_id, published in found.items():
                if shared[user_id]:
                    rows += _rows(user_id, known[user_id], published)
                    rows.append(DeviceListRow(user_id=user_id, stream_id=numbers.get(user_id, 0)))
            if rows:
                await self._stream.write(*rows)
            if changed:
                stale = [DeviceListRow(user_id=user_id, stream_id=0, is_stale=True) for user_id in sorted(changed)]
                await self._stream.write(*stale)
        finally:
            for user_id in user_ids:
                if self._asking.get(user_id) is changed:
                    del self._asking[user_id]
        return found

    async def _read(self, server: str, user_ids: list[str]) -> tuple[dict[str, Published], dict[str, int]]:
        if len(user_ids) == 1:
            [user_id] = user_ids
            answer = await self._peers.of_user(server, user_id)
            devices = answer.get("devices")
            listed = {
                device["device_id"]: device.get("keys")
                for device in (devices if isinstance(devices, list) else ())
                if isinstance(device, dict) and isinstance(device.get("device_id"), str)
            }
            keys = {usage: answer.get(f"{usage}_key") for usage in PUBLIC}
            number = answer.get("stream_id")
            stream_id = number if isinstance(number, int) and _is_number(number) else 0
            return {user_id: _published(user_id, listed, keys)}, {user_id: stream_id}
        answer = await self._peers.query(server, user_ids)
        found = {}
        for user_id in user_ids:
            devices = _object(answer.get("device_keys")).get(user_id)
            keys = {usage: _object(answer.get(f"{usage}_keys")).get(user_id) for usage in PUBLIC}
            found[user_id] = _published(user_id, _object(devices), keys)
        return found, {}

    # -- what peers tell -------------------------------------------------------------------------------------------

    async def device_changed(self, origin: str, content: Json) -> None:
        """Take an `m.device_list_update`. Spec: Server-Server API, Device Management."""
        user_id, device_id, stream_id = content.get("user_id"), content.get("device_id"), content.get("stream_id")
        if not _is_user_of(origin, user_id) or not _is_device_id(device_id) or not _is_number(stream_id):
            return
        assert isinstance(user_id, str)
        assert isinstance(device_id, str)
        assert isinstance(stream_id, int)
        self._changes_now(user_id)
        async with self._users.of(user_id):
            rooms = await self._shared_rooms(user_id)
            if not rooms:
                return
            keys = content.get("keys")
            is_deleted = content.get("deleted") is True
            text = _device(user_id, device_id, keys) if isinstance(keys, dict) and not is_deleted else None
            change = RemoteDeviceRow(user_id=user_id, device_id=device_id, keys=text)
            rows = await self._placed(change, stream_id, content.get("prev_id"))
            rows.append(DeviceChangeRow(user_id=user_id, device_id=device_id, room_nids=rooms, deleted=is_deleted))
            await self._stream.write(*rows)

    async def _placed(self, change: RemoteDeviceRow, stream_id: int, previous: object) -> list[Row]:
        """Rows that bring the stored list on by one change, or mark it stale when others must lie between."""
        user_id = change.user_id
        current = (await self._table.lists([user_id], self._us)).get(user_id)
        if current is None or current.is_stale or stream_id == current.stream_id:
            return []
        follows = isinstance(previous, list) and current.stream_id > 0 and current.stream_id in previous
        if _is_good(current) and follows:
            return [change, DeviceListRow(user_id=user_id, stream_id=stream_id)]
        return [DeviceListRow(user_id=user_id, stream_id=current.stream_id, is_stale=True)]

    async def keys_changed(self, origin: str, content: Json) -> None:
        """Take an `m.signing_key_update`. Spec: Server-Server API, Device Management."""
        user_id = content.get("user_id")
        if not _is_user_of(origin, user_id):
            return
        assert isinstance(user_id, str)
        self._changes_now(user_id)
        async with self._users.of(user_id):
            rooms = await self._shared_rooms(user_id)
            if not rooms:
                return
            rows: list[Row] = []
            if _is_good((await self._table.lists([user_id], self._us)).get(user_id)):
                keys = _cross_signing(user_id, {usage: content.get(f"{usage}_key") for usage in PUBLIC})
                rows += [CrossSigningKeyRow(user_id=user_id, usage=usage, content=text) for usage, text in keys.items()]
            rows.append(DeviceChangeRow(user_id=user_id, device_id=None, room_nids=rooms))
            await self._stream.write(*rows)

    async def _shared_rooms(self, user_id: str) -> tuple[int, ...]:
        return tuple((await self._members.joined_room_nids([user_id]))[user_id])

    def _changes_now(self, user_id: str) -> None:
        """What is being fetched of this user may be older than the change."""
        if user_id in self._asking:
            self._asking[user_id].add(user_id)


def _is_good(found: DeviceList | None) -> bool:
    return found is not None and found.is_followed and not found.is_stale


def _rows(user_id: str, known: Published, found: Published) -> list[Row]:
    """What makes the stored list the same as the one that was fetched."""
    rows: list[Row] = [
        RemoteDeviceRow(user_id=user_id, device_id=device_id, keys=keys)
        for device_id, keys in found.devices.items()
        if known.devices.get(device_id) != keys
    ]
    rows += [
        RemoteDeviceRow(user_id=user_id, device_id=device_id, keys=None)
        for device_id in known.devices.keys() - found.devices.keys()
    ]
    rows += [
        CrossSigningKeyRow(user_id=user_id, usage=usage, content=key)
        for usage, key in found.cross_signing.items()
        if known.cross_signing.get(usage) != key
    ]
    return rows


def _published(user_id: str, devices: Json, keys: Json) -> Published:
    """What a peer says, less what is malformed."""
    published = Published(cross_signing=_cross_signing(user_id, keys))
    for device_id, device_keys in list(devices.items())[:MAX_DEVICES]:
        text = _device(user_id, device_id, device_keys) if isinstance(device_keys, dict) else None
        if text is not None and _is_device_id(device_id):
            published.devices[device_id] = text
    return published


def _device(user_id: str, device_id: str, keys: Json) -> bytes | None:
    """Identity keys as they are stored; None when they are malformed."""
    with suppress(BadKeys, BadJson):
        own = signed_by_owner_alone(keys, user_id) if isinstance(keys.get("signatures", {}), dict) else keys
        check_device_keys(own, user_id, device_id)
        return orjson.dumps(own)
    return None


def _cross_signing(user_id: str, keys: Json) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for usage, key in keys.items():
        if isinstance(key, dict):
            with suppress(BadKeys, BadJson):
                check_cross_signing_key(key, user_id, usage)
                found[usage] = orjson.dumps(signed_by_owner_alone(key, user_id))
    return found


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_user_of(origin: str, user_id: object) -> bool:
    if not isinstance(user_id, str) or server_of(user_id) != origin:
        return False
    try:
        parse_user_id(user_id)
    except BadIdentifier:
        return False
    return True


def _is_device_id(device_id: object) -> bool:
    return isinstance(device_id, str) and 0 < len(device_id.encode("utf-8", "replace")) <= 255 and "\0" not in device_id
