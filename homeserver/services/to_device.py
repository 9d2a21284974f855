"""Messages from device to device: into inboxes here, to peers by an EDU that lasts, each sending once.

Spec: Client-Server API, Send-to-Device messaging; Server-Server API, Send-to-device messaging.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import structlog

from homeserver.clock import Rng
from homeserver.errors import InvalidParam, TooLarge
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadIdentifier, BadJson
from homeserver.protocol.identifiers import parse_user_id, server_of
from homeserver.services.requester import Requester
from homeserver.services.turns import Turns
from homeserver.storage.rows import OutboundEduRow, Row, ToDeviceRow, ToDeviceTxnRow
from homeserver.storage.stream import Stream
from homeserver.storage.to_device import Recipient
from homeserver.storage.to_device import ToDevice as Inboxes

log = structlog.get_logger()

DIRECT = "m.direct_to_device"
ALL_DEVICES = "*"
MAX_WAITING = 10_000
"""Messages that wait in one inbox; further ones are lost, as on a device that never comes back."""
MAX_BYTES = 60_000
"""Of one message, and of one EDU."""
MAX_TYPE = 255
MESSAGE_ID_LETTERS = 24
MAX_MESSAGE_ID = 255

Json = Mapping[str, Any]
Messages = Mapping[str, Mapping[str, Json]]
"""user id -> device id or `*` -> content."""


class ToDevice:
    """Sends to devices."""

    def __init__(self, us: str, inboxes: Inboxes, stream: Stream, rng: Rng) -> None:
        self._us = us
        self._inboxes = inboxes
        self._stream = stream
        self._rng = rng
        self._federates = False
        self._turns = Turns()

    def federate(self) -> None:
        """Send to users elsewhere, too."""
        self._federates = True

    async def send(self, requester: Requester, event_type: str, messages: Json, txn: tuple[int, str]) -> None:
        """Send to devices of any users; a repeat of `txn` changes nothing. Raises InvalidParam, TooLarge."""
        checked = _checked(event_type, messages)
        path_hash, txn_id = txn
        if "\0" in txn_id:
            raise InvalidParam("A transaction id holds no NUL character.")
        sender = f"{requester.user_id} {requester.device_nid or -requester.session_nid}"
        async with self._turns.of(f"{sender} {path_hash} {txn_id}"):
            if await self._inboxes.was_taken(sender, path_hash, txn_id):
                return
            here = {user_id: devices for user_id, devices in checked.items() if server_of(user_id) == self._us}
            rows = await self._delivered(requester.user_id, event_type, here)
            if self._federates:
                rows += self._to_peers(requester.user_id, event_type, checked)
            await self._stream.write(*rows, ToDeviceTxnRow(sender=sender, path_hash=path_hash, txn_id=txn_id))

    async def of_peer(self, origin: str, content: Json) -> None:
        """Take an `m.direct_to_device`: for users here, from users of that server, each message id once."""
        sender, event_type, message_id = content.get("sender"), content.get("type"), content.get("message_id")
        messages = content.get("messages")
        if not isinstance(sender, str) or server_of(sender) != origin or not isinstance(event_type, str):
            return
        if not isinstance(message_id, str) or not isinstance(messages, dict):
            return
        if len(message_id.encode()) > MAX_MESSAGE_ID or "\0" in message_id:
            return
        parse_user_id(sender)
        here = {user_id: devices for user_id, devices in messages.items() if server_of(user_id) == self._us}
        checked = _checked(event_type, here, is_ours=False)
        async with self._turns.of(f"{sender} {message_id}"):
            if await self._inboxes.was_taken(sender, 0, message_id):
                return
            rows = await self._delivered(sender, event_type, checked)
            await self._stream.write(*rows, ToDeviceTxnRow(sender=sender, path_hash=0, txn_id=message_id))

    async def _delivered(self, sender: str, event_type: str, messages: Messages) -> list[Row]:
        """Rows for the inboxes of those devices that exist."""
        if not messages:
            return []
        recipients = await self._inboxes.recipients(messages.keys(), MAX_WAITING)
        rows: list[Row] = []
        texts: dict[int, bytes] = {}
        for recipient in recipients:
            content = _content_for(recipient, messages[recipient.user_id])
            if content is not None:
                text = texts.get(id(content))
                if text is None:
                    event = {"type": event_type, "sender": sender, "content": content}
                    text = texts[id(content)] = orjson.dumps(event)
                rows.append(
                    ToDeviceRow(
                        user_id=recipient.user_id,
                        device_id=recipient.device_id,
                        device_nid=recipient.device_nid,
                        content=text,
                    )
                )
        return rows

    def _to_peers(self, sender: str, event_type: str, messages: Messages) -> list[Row]:
        """EDUs, each small enough for every peer."""
        rows: list[Row] = []
        by_server: dict[str, dict[str, Mapping[str, Json]]] = {}
        for user_id, devices in messages.items():
            if server_of(user_id) != self._us:
                by_server.setdefault(server_of(user_id), {})[user_id] = devices
        for server, users in by_server.items():
            for part in _parts(users):
                content = {
                    "sender": sender,
                    "type": event_type,
                    "message_id": self._rng.letters(MESSAGE_ID_LETTERS),
                    "messages": part,
                }
                rows.append(OutboundEduRow(server=server, edu_type=DIRECT, key="", content=orjson.dumps(content)))
        return rows


def _content_for(recipient: Recipient, devices: Mapping[str, Json]) -> Json | None:
    content = devices.get(recipient.device_id)
    return content if content is not None else devices.get(ALL_DEVICES)


def _parts(users: Mapping[str, Mapping[str, Json]]) -> Iterable[Mapping[str, Mapping[str, Json]]]:
    """The messages in portions of at most MAX_BYTES."""
    part: dict[str, dict[str, Json]] = {}
    size = 0
    for user_id, devices in users.items():
        for device_id, content in devices.items():
            length = len(user_id) + len(device_id) + len(orjson.dumps(content))
            if part and size + length > MAX_BYTES:
                yield part
                part, size = {}, 0
            part.setdefault(user_id, {})[device_id] = content
            size += length
    if part:
        yield part


def _checked(event_type: str, messages: Json, *, is_ours: bool = True) -> Messages:
    """Refuse what no device or no peer could take; of peers also floats are taken, which is JSON for every client."""
    if not event_type or len(event_type.encode()) > MAX_TYPE or "\0" in event_type:
        raise InvalidParam("That is no type of event.")
    for user_id, devices in messages.items():
        if not isinstance(devices, dict) or not all(isinstance(content, dict) for content in devices.values()):
            raise InvalidParam("`messages` is an object of objects of contents.")
        try:
            parse_user_id(user_id)
            (canonical_json.check_strict if is_ours else canonical_json.check_depth)(devices)
        except (BadIdentifier, BadJson) as error:
            raise InvalidParam(f"`messages`: {error}.") from error
        for device_id, content in devices.items():
            if len(device_id) > 255 or "\0" in device_id:
                raise InvalidParam("That is no device id.")
            if len(orjson.dumps(content)) > MAX_BYTES:
                raise TooLarge(f"A message to a device has at most {MAX_BYTES} bytes.")
    return messages
