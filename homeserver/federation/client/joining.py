"""Handshakes by which users of ours come into, or leave, rooms that live elsewhere.

The templates of make_* are returned as they come: nobody signs them, `services.remote_join` builds its own events.
Spec: Server-Server API, Joining Rooms, Inviting to a room, Leaving Rooms, Knocking upon a room.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from homeserver.federation.client.errors import BadResponse, Refused
from homeserver.federation.client.lists import read_lists
from homeserver.federation.client.requests import MAX_STATE_BYTES, Json, Requests, pairs, path
from homeserver.protocol import canonical_json

JOIN_S: Final = 120.0
V2: Final = "/_matrix/federation/v2"
FIRST_VERSIONS: Final = ("1", "2")
"""Rooms that old peers can be invited to: those of the first form of invites."""


@dataclass(frozen=True, slots=True)
class Template:
    """What a resident proposes: `room_version` as named there (absent: 1), `event` unchecked."""

    room_version: str
    event: Json


@dataclass(frozen=True, slots=True)
class Joined:
    """PDUs as JSON, unchecked. `event` is our join with the resident's signature, where it added one.

    `servers`: those in the room, as far as they have names; told where members are omitted.
    """

    state: list[bytes]
    auth_chain: list[bytes]
    event: Json | None
    members_omitted: bool
    servers: tuple[str, ...]


class Joining:
    """make_/send_ join, leave, knock, and invite."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def make_join(self, server: str, room_id: str, user_id: str, versions: Iterable[str]) -> Template:
        body = await self._requests.get(
            server, path("make_join", room_id, user_id), pairs("ver", versions), is_urgent=True
        )
        return _template(server, body)

    async def send_join(
        self, server: str, room_id: str, event_id: str, pdu: Mapping[str, Any], *, omit_members: bool
    ) -> Joined:
        """Join; with `omit_members` the resident may leave members out of its answer."""
        try:
            return await self._send_join(server, room_id, event_id, pdu, omit_members=omit_members)
        except Refused as refused:
            if not _is_unknown(refused):
                raise
        put = partial(self._requests.put, server, timeout_s=JOIN_S, max_bytes=MAX_STATE_BYTES, is_urgent=True)
        body = await put(path("send_join", room_id, event_id), pdu)
        state, auth_chain = body.get("state"), body.get("auth_chain")
        if not isinstance(state, list) or not isinstance(auth_chain, list):
            raise BadResponse(server, "send_join answered without state and auth_chain")
        texts = [[canonical_json.encode_lenient(one) for one in told] for told in (state, auth_chain)]
        return Joined(texts[0], texts[1], None, members_omitted=False, servers=())

    async def _send_join(
        self, server: str, room_id: str, event_id: str, pdu: Mapping[str, Any], *, omit_members: bool
    ) -> Joined:
        asked = [("omit_members", "true" if omit_members else "false")]
        where = path("send_join", room_id, event_id, prefix=V2)
        async with self._requests.stream(
            server, where, asked, timeout_s=JOIN_S, max_bytes=MAX_STATE_BYTES, is_urgent=True, body=pdu
        ) as answer:
            lists, rest = await read_lists(server, answer, ("state", "auth_chain"))
        event, servers = rest.get("event"), rest.get("servers_in_room")
        return Joined(
            lists["state"],
            lists["auth_chain"],
            event if isinstance(event, dict) else None,
            rest.get("members_omitted") is True,
            tuple(name for name in servers if isinstance(name, str)) if isinstance(servers, list) else (),
        )

    async def make_leave(self, server: str, room_id: str, user_id: str) -> Template:
        return _template(server, await self._requests.get(server, path("make_leave", room_id, user_id), is_urgent=True))

    async def send_leave(self, server: str, room_id: str, event_id: str, pdu: Mapping[str, Any]) -> None:
        try:
            await self._requests.put(server, path("send_leave", room_id, event_id, prefix=V2), pdu, is_urgent=True)
        except Refused as refused:
            if not _is_unknown(refused):
                raise
            await self._requests.put(server, path("send_leave", room_id, event_id), pdu, is_urgent=True)

    async def make_knock(self, server: str, room_id: str, user_id: str, versions: Iterable[str]) -> Template:
        body = await self._requests.get(
            server, path("make_knock", room_id, user_id), pairs("ver", versions), is_urgent=True
        )
        return _template(server, body)

    async def send_knock(self, server: str, room_id: str, event_id: str, pdu: Mapping[str, Any]) -> list[Any]:
        """The room's stripped state, unchecked."""
        body = await self._requests.put(server, path("send_knock", room_id, event_id), pdu, is_urgent=True)
        state = body.get("knock_room_state")
        return state if isinstance(state, list) else []

    async def invite(
        self,
        server: str,
        room_id: str,
        event_id: str,
        *,
        room_version: str,
        pdu: Mapping[str, Any],
        room_state: Sequence[Mapping[str, Any]],
    ) -> Json:
        """The invite with the invitee's server's signature, unchecked."""
        put = partial(self._requests.put, server, is_urgent=True)
        asked = {"room_version": room_version, "event": dict(pdu), "invite_room_state": list(room_state)}
        try:
            body = await put(path("invite", room_id, event_id, prefix=V2), asked)
        except Refused as refused:
            if not _is_unknown(refused) or room_version not in FIRST_VERSIONS:
                raise
            unsigned = {"invite_room_state": list(room_state)}
            body = await put(path("invite", room_id, event_id), {**pdu, "unsigned": unsigned})
        event = body.get("event")
        if not isinstance(event, dict):
            raise BadResponse(server, "invite answered without an event")
        return event

    async def exchange_third_party_invite(self, server: str, room_id: str, event: Mapping[str, Any]) -> None:
        """Have a resident turn a third-party invite into an invite. Spec: Server-Server API, Third-party invites."""
        await self._requests.put(server, path("exchange_third_party_invite", room_id), event, is_urgent=True)


def incompatible_version(error: Refused) -> str | None:
    """The room version that a refused make_join or make_knock names, if that was the reason."""
    version = error.body.get("room_version")
    return version if error.errcode == "M_INCOMPATIBLE_ROOM_VERSION" and isinstance(version, str) else None


def _is_unknown(refused: Refused) -> bool:
    """The peer does not have the endpoint: it may have the first form of it."""
    return refused.status in (400, 404, 405) and refused.errcode in ("M_UNRECOGNIZED", "M_UNKNOWN")


def _template(server: str, body: Json) -> Template:
    event, version = body.get("event"), body.get("room_version", "1")
    if not isinstance(event, dict) or not isinstance(version, str):
        raise BadResponse(server, "no event template in the answer")
    return Template(version, event)
