"""What a gateway is told of an event. Spec: Push Gateway API, POST /_matrix/push/v1/notify."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from homeserver.services.heads import Room
from homeserver.storage.pushers import Pusher, Queued

ENCRYPTED: Final = "m.room.encrypted"
MAX_CONTENT_BYTES: Final = 16_384
"""Longer contents are left out, as the spec lets: providers refuse them."""


def notification(
    pusher: Pusher, queued: Queued, event: Mapping[str, Any], room: Room | None, unread: int
) -> dict[str, Any]:
    """A notification of an event; `room` None: one this server is not in, to which the user is invited."""
    data: Mapping[str, Any] = orjson.loads(pusher.data)
    tweaks: Mapping[str, Any] = orjson.loads(queued.tweaks)
    loud = bool(tweaks.get("highlight") or tweaks.get("sound")) or event["type"] == ENCRYPTED
    told: dict[str, Any] = {"event_id": queued.event_id, "room_id": queued.room_id, "prio": "high" if loud else "low"}
    if not _is_silent(data):
        told["counts"] = {"unread": unread} if unread else {}
    if data.get("format") == "event_id_only":
        told["devices"] = [_device(pusher, data, {})]
        return told
    told |= {"type": event["type"], "sender": event["sender"], "devices": [_device(pusher, data, tweaks)]}
    state_key = event.get("state_key")
    if event["type"] == "m.room.member" and state_key == pusher.user_id:
        told["user_is_target"] = True
    content = event.get("content", {})
    if len(orjson.dumps(content)) <= MAX_CONTENT_BYTES:
        told["content"] = content
    if room is not None:
        sender = room.members.get(event["sender"])
        texts = {
            "sender_display_name": sender.displayname if sender is not None else None,
            "room_name": room.content("m.room.name").get("name"),
            "room_alias": room.content("m.room.canonical_alias").get("alias"),
        }
        told |= {key: text for key, text in texts.items() if isinstance(text, str) and text}
    return told


def badge(pusher: Pusher, unread: int) -> dict[str, Any] | None:
    """The number of unread messages alone; None for a pusher that wants no numbers.

    Zero is sent too: a gateway that is told nothing leaves the number that stands at the icon.
    """
    data: Mapping[str, Any] = orjson.loads(pusher.data)
    if _is_silent(data):
        return None
    return {"prio": "low", "counts": {"unread": unread}, "devices": [_device(pusher, data, {})]}


def _device(pusher: Pusher, data: Mapping[str, Any], tweaks: Mapping[str, Any]) -> dict[str, Any]:
    device: dict[str, Any] = {
        "app_id": pusher.app_id,
        "pushkey": pusher.pushkey,
        "pushkey_ts": pusher.set_ts // 1000,
        "data": {key: value for key, value in data.items() if key != "url"},
    }
    if tweaks:
        device["tweaks"] = tweaks
    return device


def _is_silent(data: Mapping[str, Any]) -> bool:
    """Whether numbers are not wanted (MSC4076)."""
    return data.get("org.matrix.msc4076.disable_badge_count") is True
