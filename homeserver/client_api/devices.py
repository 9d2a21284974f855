"""One's own devices. Spec: Client-Server API, Device management."""

from typing import Annotated, Any

import msgspec

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.http import USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.services.appservice_accounts import AppserviceAccounts
from homeserver.services.devices import MAX_AT_ONCE, Devices
from homeserver.storage.devices import Device

CREATED = 201


class Rename(msgspec.Struct):
    """Body of PUT /devices/{deviceId}."""

    display_name: str | None = None


class Delete(msgspec.Struct):
    """Body of DELETE /devices/{deviceId}."""

    auth: dict[str, Any] | None = None


class DeleteSeveral(msgspec.Struct):
    """Body of POST /delete_devices."""

    devices: Annotated[list[str], msgspec.Meta(max_length=MAX_AT_ONCE)]
    auth: dict[str, Any] | None = None


def _shown(device: Device) -> dict[str, Any]:
    shown = {
        "device_id": device.device_id,
        "display_name": device.display_name,
        "last_seen_ip": device.last_seen_ip,
        "last_seen_ts": device.last_seen_ts,
    }
    return {key: value for key, value in shown.items() if value is not None}


def endpoints(endpoint: EndpointTable, devices: Devices, appservices: AppserviceAccounts) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/devices", auth=USER_OR_GUEST, limit="read", socket=True)
    async def own_devices(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /devices."""
        return {"devices": [_shown(device) for device in await devices.of(call.requester.user_id)]}

    @endpoint("GET", "/v3/devices/<device_id>", auth=USER_OR_GUEST, limit="read", socket=True)
    async def own_device(call: Call[None], device_id: str) -> Answer:
        """Spec: Client-Server API, GET /devices/{deviceId}."""
        return _shown(await devices.one(call.requester.user_id, device_id))

    @endpoint("PUT", "/v3/devices/<device_id>", auth=USER_OR_GUEST, limit="account", body=Rename, socket=True)
    async def rename_device(call: Call[Rename], device_id: str) -> Answer:
        """Spec: Client-Server API, PUT /devices/{deviceId}; Application Service API, Device management."""
        if call.requester.appservice_id is not None:
            made = await appservices.make_device(call.requester, device_id, call.body.display_name)
            if made:
                return Raw(b"{}", status=CREATED)
        await devices.rename(call.requester.user_id, device_id, call.body.display_name)
        return {}

    @endpoint("DELETE", "/v3/devices/<device_id>", auth=USER, limit="account", body=Delete)
    async def delete_device(call: Call[Delete], device_id: str) -> Answer:
        """Spec: Client-Server API, DELETE /devices/{deviceId}."""
        await devices.delete(call.requester, [device_id], "DELETE /devices", call.body.auth)
        return {}

    @endpoint("POST", "/v3/delete_devices", auth=USER, limit="account", body=DeleteSeveral)
    async def delete_devices(call: Call[DeleteSeveral]) -> Answer:
        """Spec: Client-Server API, POST /delete_devices."""
        await devices.delete(call.requester, call.body.devices, "POST /delete_devices", call.body.auth)
        return {}
