"""A user's devices: the list that they look through, names, deleting, and when each was last seen.

Spec: Client-Server API, Device management. Not for: keys and device lists of others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, NotFound
from homeserver.services.confirmation import Confirmation
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions, check_device
from homeserver.storage.devices import Device
from homeserver.storage.devices import Devices as DeviceTable
from homeserver.storage.errors import DatabaseDown, DatabaseFull

MAX_AT_ONCE = 1_000
SEEN_S = 60.0
"""How often sightings are written."""

NewsOfName = Callable[[str, str], Awaitable[None]]


async def _no_news(_user_id: str, _device_id: str) -> None:
    return


class Devices:
    """Shows and changes the devices of users here."""

    def __init__(self, table: DeviceTable, sessions: Sessions, confirmation: Confirmation, clock: Clock) -> None:
        self._table = table
        self._sessions = sessions
        self._confirmation = confirmation
        self._clock = clock
        self._sightings: dict[int, tuple[int, str | None, str | None]] = {}
        self._news_of_name: NewsOfName = _no_news

    def tell_of_names_by(self, news_of_name: NewsOfName) -> None:
        """Have `news_of_name` tell others that a device has another name."""
        self._news_of_name = news_of_name

    async def of(self, user_id: str) -> Sequence[Device]:
        """All devices of a user, as of this moment."""
        return [self._with_sighting(device) for device in await self._table.of_user(user_id)]

    async def one(self, user_id: str, device_id: str) -> Device:
        """One device. Raises NotFound."""
        device = await self._table.read(user_id, device_id)
        if device is None:
            raise NotFound("There is no such device.")
        return self._with_sighting(device)

    async def rename(self, user_id: str, device_id: str, display_name: str | None) -> None:
        """Give a device another name; None changes nothing. Raises NotFound, InvalidParam."""
        check_device(device_id, display_name)
        if display_name is None:
            await self.one(user_id, device_id)
        elif not await self._table.rename(user_id, device_id, display_name):
            raise NotFound("There is no such device.")
        else:
            await self._news_of_name(user_id, device_id)

    async def delete(
        self, requester: Requester, device_ids: Collection[str], name: str, auth: Mapping[str, Any] | None
    ) -> None:
        """Delete devices of one's own with their sessions. `name`: method and path. Raises ui_auth.Required."""
        if len(device_ids) > MAX_AT_ONCE:
            raise InvalidParam(f"At most {MAX_AT_ONCE} devices at once.")
        await self._confirmation.check(requester, name, {"devices": sorted(device_ids)}, auth)
        own = {device.device_id for device in await self._table.of_user(requester.user_id)}
        await self._sessions.end_devices(requester.user_id, own & set(device_ids))

    # -- when they were last seen ----------------------------------------------------------------------------------

    def saw(self, requester: Requester, ip: str, user_agent: str) -> None:
        """Note a request of the device."""
        if requester.device_nid is not None:
            self._sightings[requester.device_nid] = (self._clock.now_ms(), ip or None, user_agent or None)

    def _with_sighting(self, device: Device) -> Device:
        seen = self._sightings.get(device.device_nid)
        if seen is None:
            return device
        return device._replace(last_seen_ts=seen[0], last_seen_ip=seen[1], user_agent=seen[2])

    async def run(self) -> None:
        """Write sightings now and then; runs as long as the process, and writes the last ones when it ends."""
        try:
            while True:
                await self._clock.sleep(SEEN_S)
                await self._write_sightings()
        except asyncio.CancelledError:
            await self._write_sightings()
            raise

    async def _write_sightings(self) -> None:
        sightings, self._sightings = self._sightings, {}
        try:
            await self._table.seen([(nid, *seen) for nid, seen in sightings.items()])
        except (DatabaseDown, DatabaseFull):
            self._sightings = sightings | self._sightings
