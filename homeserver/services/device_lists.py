"""Telling those who share a room that a user's devices or keys changed: rows for users here, EDUs for peers.

The rows are written together with the change itself, so neither is ever there without the other. Not for: lists of
users elsewhere (`remote_devices.py`). Spec: Client-Server API, Tracking the device list; Server-Server API, Device
Management.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from homeserver.clock import Clock
from homeserver.protocol.device_keys import signed_by_owner_alone
from homeserver.storage.e2e_keys import E2eKeys, Published
from homeserver.storage.rows import DeviceChangeRow, DeviceListRow, OutboundEduRow, Row

DEVICE_UPDATE = "m.device_list_update"
SIGNING_KEY_UPDATE = "m.signing_key_update"

Json = Mapping[str, Any]


class DeviceLists:
    """Makes the rows that announce changes of users here."""

    def __init__(self, us: str, table: E2eKeys, clock: Clock) -> None:
        self._us = us
        self._table = table
        self._clock = clock
        self._last_id = 0

    async def changed(self, user_id: str, devices: Mapping[str, Json | None], *, keys: Json | None = None) -> list[Row]:
        """Rows for changed devices (device id -> identity keys, None: deleted) and `keys`, the content of an
        `m.signing_key_update` without the user [1 trip].
        """
        audience = await self._table.audience(user_id)
        others = sorted(audience.servers - {self._us})
        rows: list[Row] = []
        previous = audience.stream_id
        for device_id, device_keys in devices.items():
            stream_id = self._next_id(previous)
            deleted = device_keys is None
            rows.append(
                DeviceChangeRow(user_id=user_id, device_id=device_id, room_nids=audience.room_nids, deleted=deleted)
            )
            update: dict[str, Any] = {
                "user_id": user_id,
                "device_id": device_id,
                "stream_id": stream_id,
                "prev_id": [previous] if previous else [],
                "deleted": deleted,
            }
            if device_keys is not None:
                update["keys"] = device_keys
            rows += _edus(others, DEVICE_UPDATE, update)
            previous = stream_id
        if previous != audience.stream_id:
            rows.append(DeviceListRow(user_id=user_id, stream_id=previous))
        if keys is not None:
            rows.append(DeviceChangeRow(user_id=user_id, device_id=None, room_nids=audience.room_nids))
            rows += _edus(others, SIGNING_KEY_UPDATE, {"user_id": user_id, **keys})
        return rows

    async def deleted(self, user_id: str, device_ids: Collection[str] | None) -> Sequence[Row]:
        """Rows for the deletion of devices, of all with None; those without keys concern nobody [1 or 2 trips]."""
        published = (await self._table.published([user_id]))[user_id]
        gone = published.devices.keys() if device_ids is None else published.devices.keys() & set(device_ids)
        return await self.changed(user_id, dict.fromkeys(sorted(gone))) if gone else ()

    def _next_id(self, previous: int) -> int:
        """An id above all that this server gave the user's list before: the time, or a little later."""
        self._last_id = max(self._clock.now_ms(), self._last_id + 1, previous + 1)
        return self._last_id


def _edus(servers: Collection[str], edu_type: str, content: Json) -> list[Row]:
    text = orjson.dumps(content)
    return [OutboundEduRow(server=server, edu_type=edu_type, key="", content=text) for server in servers]


def shown_device(published: Published, device_id: str) -> dict[str, Any]:
    """The identity keys of a device, with the signatures that are known."""
    return _with_signatures(orjson.loads(published.devices[device_id]), published, device_id)


def shown_key(published: Published, usage: str) -> dict[str, Any] | None:
    """A cross-signing key, with the signatures that are known."""
    text = published.cross_signing.get(usage)
    if text is None:
        return None
    key = orjson.loads(text)
    return _with_signatures(key, published, next(iter(key["keys"].values())))


def _with_signatures(obj: dict[str, Any], published: Published, key_id: str) -> dict[str, Any]:
    for found in published.signatures:
        if found.key_id == key_id:
            by_signer = obj.setdefault("signatures", {}).setdefault(found.signer_id, {})
            by_signer[found.signer_key_id] = found.signature
    return obj


def for_peers(published: Published, user_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What peers are told of a user here: (device id -> identity keys, the public cross-signing keys by field)."""
    devices = {
        device_id: signed_by_owner_alone(shown_device(published, device_id), user_id) for device_id in published.devices
    }
    keys = {f"{usage}_key": shown_key(published, usage) for usage in ("master", "self_signing")}
    return devices, {name: signed_by_owner_alone(key, user_id) for name, key in keys.items() if key is not None}
