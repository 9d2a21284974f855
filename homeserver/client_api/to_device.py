"""Messages to devices, and the dehydrated device. Spec: Client-Server API, Send-to-Device messaging; MSC3814."""

from typing import Any

import msgspec
import orjson

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.services.dehydrated import DehydratedDevice
from homeserver.services.to_device import ToDevice

DEHYDRATED = "/unstable/org.matrix.msc3814.v1/dehydrated_device"
Json = dict[str, Any]


class Sent(msgspec.Struct):
    """Body of PUT /sendToDevice."""

    messages: dict[str, Json]


class NewDehydrated(msgspec.Struct):
    """Body of PUT dehydrated_device."""

    device_id: str
    device_data: Json
    device_keys: Json
    initial_device_display_name: str | None = None
    one_time_keys: Json | None = None
    fallback_keys: Json | None = None


class MoreEvents(msgspec.Struct):
    """Body of POST dehydrated_device events."""

    next_batch: str | None = None


def endpoints(endpoint: EndpointTable, to_device: ToDevice, dehydrated: DehydratedDevice) -> None:
    """Register the endpoints."""

    @endpoint(
        "PUT", "/v3/sendToDevice/<event_type>/<txn_id>", auth=USER_OR_GUEST, limit="to_device", body=Sent, socket=True
    )
    async def send_to_device(call: Call[Sent], event_type: str, txn_id: str) -> Answer:
        """Spec: Client-Server API, PUT /sendToDevice."""
        await to_device.send(call.requester, event_type, call.body.messages, call.txn)
        return {}

    @endpoint("GET", DEHYDRATED, auth=USER, limit="keys")
    async def dehydrated_device(call: Call[None]) -> Answer:
        """Spec: MSC3814."""
        found = await dehydrated.of(call.requester.user_id)
        return {"device_id": found.device_id, "device_data": orjson.Fragment(found.device_data)}

    @endpoint("PUT", DEHYDRATED, auth=USER, limit="keys", body=NewDehydrated)
    async def replace_dehydrated_device(call: Call[NewDehydrated]) -> Answer:
        """Spec: MSC3814."""
        body = call.body
        await dehydrated.replace(
            call.requester,
            body.device_id,
            body.device_data,
            display_name=body.initial_device_display_name,
            device_keys=body.device_keys,
            one_time_keys=body.one_time_keys or {},
            fallback_keys=body.fallback_keys or {},
        )
        return {"device_id": body.device_id}

    @endpoint("DELETE", DEHYDRATED, auth=USER, limit="keys")
    async def delete_dehydrated_device(call: Call[None]) -> Answer:
        """Spec: MSC3814."""
        return {"device_id": await dehydrated.delete(call.requester.user_id)}

    async def page(call: Call[Any], device_id: str, since: str | None) -> Answer:
        found = await dehydrated.messages(call.requester.user_id, device_id, since)
        events = [orjson.Fragment(message.content) for message in found.messages]
        return {"events": events, "next_batch": found.next_batch}

    @endpoint("GET", DEHYDRATED + "/<device_id>/events", auth=USER, limit="keys")
    async def dehydrated_events(call: Call[None], device_id: str) -> Answer:
        """Spec: MSC3814."""
        return await page(call, device_id, call.query.text("from"))

    @endpoint("POST", DEHYDRATED + "/<device_id>/events", auth=USER, limit="keys", body=MoreEvents)
    async def dehydrated_events_by_post(call: Call[MoreEvents], device_id: str) -> Answer:
        """Spec: MSC3814, before its change to GET."""
        return await page(call, device_id, call.body.next_batch)
