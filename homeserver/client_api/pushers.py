"""Pushers and the list of notifications. Spec: Client-Server API, Push Notifications."""

from typing import Any

import msgspec
import orjson

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.services.push.notifications import DEFAULT_LIMIT, NotificationList
from homeserver.services.push.pushers import NewPusher, Pushers
from homeserver.storage.pushers import Pusher

ENABLED = "org.matrix.msc3881.enabled"
DEVICE_ID = "org.matrix.msc3881.device_id"


class SetPusher(msgspec.Struct):
    """Body of POST /pushers/set; `kind` null deletes."""

    app_id: str
    pushkey: str
    kind: str | None
    app_display_name: str | None = None
    device_display_name: str | None = None
    profile_tag: str | None = None
    lang: str | None = None
    data: dict[str, Any] | None = None
    append: bool = False
    is_enabled: bool = msgspec.field(name=ENABLED, default=True)


def endpoints(endpoint: EndpointTable, pushers: Pushers, notifications: NotificationList) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/pushers", auth=USER, limit="read", socket=True)
    async def list_pushers(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /pushers."""
        return {"pushers": [_shown(one) for one in await pushers.of(call.requester.user_id)]}

    @endpoint("POST", "/v3/pushers/set", auth=USER, limit="write", body=SetPusher, socket=True)
    async def set_pusher(call: Call[SetPusher]) -> Answer:
        """Spec: Client-Server API, POST /pushers/set."""
        body = call.body
        if body.kind is None:
            await pushers.delete(call.requester.user_id, body.app_id, body.pushkey)
            return {}
        new = NewPusher(
            body.app_id,
            body.pushkey,
            body.kind,
            body.app_display_name,
            body.device_display_name,
            body.profile_tag,
            body.lang,
            body.data,
            is_enabled=body.is_enabled,
            alone=not body.append,
        )
        await pushers.set(call.requester, new)
        return {}

    @endpoint("GET", "/v3/notifications", auth=USER, limit="read", socket=True)
    async def list_notifications(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /notifications."""
        only = call.query.text("only")
        if only not in {None, "", "highlight"}:
            raise InvalidParam("`only` is `highlight`.")
        page = await notifications.page(
            call.requester,
            start=call.query.text("from"),
            limit=call.query.int("limit", DEFAULT_LIMIT, low=0, high=2**31),
            highlights_only=only == "highlight",
        )
        answer: dict[str, Any] = {"notifications": page.notifications}
        if page.next_token is not None:
            answer["next_token"] = page.next_token
        return answer


def _shown(pusher: Pusher) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "app_id": pusher.app_id,
        "pushkey": pusher.pushkey,
        "kind": pusher.kind,
        "app_display_name": pusher.app_display_name,
        "device_display_name": pusher.device_display_name,
        "lang": pusher.lang,
        "data": orjson.Fragment(pusher.data),
        ENABLED: pusher.is_enabled,
        DEVICE_ID: pusher.device_id,
    }
    if pusher.profile_tag is not None:
        shown["profile_tag"] = pusher.profile_tag
    return shown
