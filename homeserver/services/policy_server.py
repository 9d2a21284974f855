"""Policy servers: whether a room has one, and whether it recommends an event.

What it says changes nothing about what the authorisation rules allow: an event without its signature is soft-failed,
or, where it is ours, not sent. Spec: Server-Server API, Policy Servers.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import structlog

from homeserver.errors import MatrixError, Unavailable
from homeserver.federation.client.errors import FederationError, Refused
from homeserver.federation.client.policy import KEY_ID, Policy
from homeserver.protocol.errors import BadSignature
from homeserver.protocol.events import Event
from homeserver.protocol.hashes import decode_base64
from homeserver.protocol.signing import verify_event
from homeserver.services.heads import Room

log = structlog.get_logger()

POLICY: Final = "m.room.policy"


class PolicyOf(NamedTuple):
    """The policy server of a room and the key that its signatures are checked with."""

    server: str
    public_key: bytes


def policy_of(room: Room) -> PolicyOf | None:
    """Spec: Server-Server API, Determining if a Policy Server is enabled in a room."""
    if (POLICY, "") not in room.state:
        return None
    content = room.content(POLICY)
    server, keys = content.get("via"), content.get("public_keys")
    key = keys.get("ed25519") if isinstance(keys, Mapping) else None
    if not isinstance(server, str) or not isinstance(key, str) or server not in room.servers:
        return None
    try:
        return PolicyOf(server, decode_base64(key))
    except ValueError:
        return PolicyOf(server, b"")  # no signature will fit


def is_asked(event_type: str, state_key: str | None) -> bool:
    """Whether such events need the signature: all but the one that names the policy server."""
    return (event_type, state_key) != (POLICY, "")


class PolicyServers:
    """Asks policy servers, and checks what they sign."""

    def __init__(self, client: Policy) -> None:
        self._client = client

    def is_recommended(self, room: Room, event: Event) -> bool:
        """Whether the event has the signature that it needs in this room."""
        policy = policy_of(room)
        return policy is None or not is_asked(event.type, event.state_key) or _is_signed(event, room, policy)

    async def recommended(self, room: Room, event: Event) -> Event | None:
        """The event with the signature that it needs, asked for where it lacks; None if there is none to be had."""
        try:
            return await self.signed(room, event)
        except MatrixError as error:
            log.info("event not recommended", room_id=room.room_id, event_id=event.event_id, why=error.message)
            return None

    async def signed(self, room: Room, event: Event) -> Event:
        """The event with the signature that it needs. Raises what the policy server says, or Unavailable."""
        policy = policy_of(room)
        if policy is None or not is_asked(event.type, event.state_key) or _is_signed(event, room, policy):
            return event
        try:
            signature = await self._client.sign(policy.server, event.pdu)
        except Refused as refused:
            if refused.is_temporary:
                raise Unavailable("The room's policy server cannot answer now.") from refused
            raise MatrixError(
                refused.error or "The room's policy server refuses the event.",
                status=refused.status,
                errcode=refused.errcode,
            ) from refused
        except FederationError as error:
            raise Unavailable("The room's policy server does not answer.") from error
        signed = _with(event, policy.server, signature)
        if not _is_signed(signed, room, policy):
            raise Unavailable("The room's policy server signs with another key than the room names.")
        return signed


def _with(event: Event, server: str, signature: str) -> Event:
    signatures: Mapping[str, Any] = event.pdu["signatures"]
    block = {**signatures.get(server, {}), KEY_ID: signature}
    return replace(event, pdu={**event.pdu, "signatures": {**signatures, server: block}})


def _is_signed(event: Event, room: Room, policy: PolicyOf) -> bool:
    try:
        verify_event(event.pdu, room.rules, policy.server, KEY_ID, policy.public_key)
    except BadSignature:
        return False
    return True
