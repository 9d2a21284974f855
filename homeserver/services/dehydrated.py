"""The dehydrated device: a device of the user that nobody is logged in on, kept so that messages reach one to come.

A new one takes the place of the old. Spec: MSC3814, Dehydrated devices with SSSS (unstable).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from homeserver.clock import Clock
from homeserver.errors import Forbidden, InvalidParam, NotFound
from homeserver.services.e2e_keys import E2eKeys
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions
from homeserver.storage.dehydrated import Dehydrated, DehydratedDevices
from homeserver.storage.devices import Device, Devices
from homeserver.storage.rows import ToDeviceRow
from homeserver.storage.to_device import ToDevice as Inboxes

MAX_DATA_BYTES = 64 * 1024
MESSAGES_AT_ONCE = 100

Json = Mapping[str, Any]


class Messages(NamedTuple):
    """A page of an inbox; `next_batch` is the position after it."""

    messages: list[ToDeviceRow]
    next_batch: str


class DehydratedDevice:
    """Keeps the dehydrated devices of users here."""

    def __init__(
        self,
        table: DehydratedDevices,
        *,
        devices: Devices,
        keys: E2eKeys,
        sessions: Sessions,
        inboxes: Inboxes,
        clock: Clock,
    ) -> None:
        self._table = table
        self._devices = devices
        self._keys = keys
        self._sessions = sessions
        self._inboxes = inboxes
        self._clock = clock

    async def of(self, user_id: str) -> Dehydrated:
        """The user's dehydrated device. Raises NotFound."""
        found = await self._table.of_user(user_id)
        if found is None:
            raise NotFound("There is no dehydrated device.")
        return found

    async def replace(
        self,
        requester: Requester,
        device_id: str,
        device_data: Json,
        *,
        display_name: str | None,
        device_keys: Json,
        one_time_keys: Json,
        fallback_keys: Json,
    ) -> None:
        """Make a new device the dehydrated one, with its keys; the old one is gone. Raises InvalidParam, Forbidden."""
        data = orjson.dumps(device_data)
        if len(data) > MAX_DATA_BYTES:
            raise InvalidParam(f"`device_data` has at most {MAX_DATA_BYTES} bytes.")
        if not device_id or len(device_id) > 255 or "\0" in device_id:
            raise InvalidParam("That is no device id.")
        user_id = requester.user_id
        before = await self._table.of_user(user_id)
        if before is not None:
            await self._sessions.end_devices(user_id, [before.device_id])
        if await self._devices.read(user_id, device_id) is not None:
            raise Forbidden("The device id is taken by a device that is logged in.")
        # Named first and made then: who asks again after a crash between the two finds no device in the way.
        device_nid = await self._devices.number()
        await self._table.save(user_id, device_nid, data)
        now = self._clock.now_ms()
        device = Device(device_nid, user_id, device_id, display_name, now, None, None, None)
        await self._devices.create(device, requester.user_nid)
        await self._keys.upload_for(requester, device_nid, device_id, device_keys, one_time_keys, fallback_keys)

    async def delete(self, user_id: str) -> str:
        """Delete it; its device id. Raises NotFound."""
        found = await self.of(user_id)
        await self._sessions.end_devices(user_id, [found.device_id])
        await self._table.delete(user_id)
        return found.device_id

    async def messages(self, user_id: str, device_id: str, since: str | None) -> Messages:
        """Messages for it after `since`; those before are deleted. Raises NotFound, Forbidden, InvalidParam."""
        found = await self.of(user_id)
        if found.device_id != device_id:
            raise Forbidden("That is not the dehydrated device.")
        if since is not None and (not since.isascii() or not since.isdigit() or int(since) >= 2**63):
            raise InvalidParam("The token is not known.")
        after = int(since or "0")
        if after:
            await self._inboxes.acknowledge(found.device_nid, after)
        messages = await self._inboxes.inbox(found.device_nid, after, 2**63 - 1, MESSAGES_AT_ONCE)
        return Messages(messages, str(messages[-1].position if messages else after))
