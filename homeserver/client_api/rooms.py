"""Rooms: creating them, sending into them, reading and setting their state.

Spec: Client-Server API, Creation; Sending events to a room; Getting events for a room.
"""

from typing import Annotated, Any, Literal

import msgspec
import orjson

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.delayed_events import txn_text
from homeserver.client_api.http import USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.services.address_invites import AddressInvites, Invitee
from homeserver.services.creation import Creation, NewRoom, StateDraft
from homeserver.services.delayed_events import DelayedEvents
from homeserver.services.intents import Draft
from homeserver.services.memberships import Memberships
from homeserver.services.presentation import Presentation
from homeserver.services.room_state import RoomState
from homeserver.services.sending import Sending
from homeserver.services.threepids.identity_server import IdentityServer
from homeserver.storage.rows import TxnKey

Json = dict[str, Any]
DELAY = "org.matrix.msc4140.delay"


class StateEvent(msgspec.Struct):
    """One entry of `initial_state`."""

    type: str
    content: Json
    state_key: str = ""


class InviteByAddress(msgspec.Struct):
    """One entry of `invite_3pid`."""

    id_server: str
    id_access_token: str
    medium: str
    address: str
    country: str | None = msgspec.field(name="app.hearth.country", default=None)

    @property
    def invitee(self) -> Invitee:
        return Invitee(IdentityServer(self.id_server, self.id_access_token), self.medium, self.address, self.country)


class CreateRoom(msgspec.Struct):
    """Body of POST /createRoom."""

    preset: Literal["private_chat", "public_chat", "trusted_private_chat"] | None = None
    visibility: Literal["public", "private"] = "private"
    room_version: str | None = None
    name: str | None = None
    topic: str | None = None
    room_alias_name: str | None = None
    invite: list[str] = []
    invite_3pid: Annotated[list[InviteByAddress], msgspec.Meta(max_length=20)] = []
    is_direct: bool = False
    creation_content: Json = {}
    initial_state: list[StateEvent] = []
    power_level_content_override: Json = {}

    @property
    def invitees(self) -> list[Invitee]:
        return [one.invitee for one in self.invite_3pid]


class Redact(msgspec.Struct):
    """Body of PUT /redact."""

    reason: str | None = None


def txn_key(call: Call[Any]) -> TxnKey:
    """The scope of the call's transaction id: device and path. Spec: Client-Server API, Transaction identifiers."""
    requester = call.requester
    path_hash, txn_id = call.txn
    return TxnKey(requester.user_nid, requester.device_nid or 0, path_hash, txn_id)


def massaged_ts(call: Call[Any]) -> int | None:
    """The time that an application service gives an event. Spec: Application Service API, Timestamp massaging."""
    if call.requester.appservice_id is None or call.query.text("ts") is None:
        return None
    return call.query.int("ts", 0)


def endpoints(
    endpoint: EndpointTable,
    creation: Creation,
    sending: Sending,
    memberships: Memberships,
    state: RoomState,
    presentation: Presentation,
    *,
    delayed_events: DelayedEvents,
    address_invites: AddressInvites,
) -> None:
    """Register the endpoints."""

    async def later(call: Call[Json], room_id: str, draft: Draft) -> Answer | None:
        """The answer where the event is to be sent later (MSC4140, as deployed clients ask for it), else None."""
        if call.query.text(DELAY) is None:
            return None
        delay_ms = call.query.int(DELAY, 0)
        return {"delay_id": await delayed_events.schedule(call.requester, room_id, draft, delay_ms, txn_text(call))}

    @endpoint("POST", "/v3/createRoom", auth=USER, limit="create_room", body=CreateRoom, socket=True)
    async def create_room(call: Call[CreateRoom]) -> Answer:
        """Spec: Client-Server API, POST /createRoom."""
        body = call.body
        new = NewRoom(
            preset=body.preset,
            is_public=body.visibility == "public",
            version=body.room_version,
            name=body.name,
            topic=body.topic,
            alias_name=body.room_alias_name,
            invite=body.invite,
            is_direct=body.is_direct,
            creation_content=body.creation_content,
            initial_state=[StateDraft(one.type, one.content, one.state_key) for one in body.initial_state],
            power_levels=body.power_level_content_override,
        )
        room_id = await creation.create(call.requester, new)
        await address_invites.invite_all(call.requester, room_id, body.invitees, is_direct=body.is_direct)
        return {"room_id": room_id}

    @endpoint(
        "PUT",
        "/v3/rooms/<room_id>/send/<event_type>/<txn_id>",
        auth=USER_OR_GUEST,
        limit="message",
        body=dict,
        socket=True,
    )
    async def send_message(call: Call[Json], room_id: RoomId, event_type: str, txn_id: str) -> Answer:
        """Spec: Client-Server API, PUT /rooms/{roomId}/send/{eventType}/{txnId}."""
        del txn_id
        draft = Draft(event_type, call.body, ts=massaged_ts(call))
        delayed = await later(call, room_id, draft)
        if delayed is not None:
            return delayed
        return {"event_id": await sending.send(call.requester, room_id, draft, txn=txn_key(call))}

    @endpoint(
        "PUT", "/v3/rooms/<room_id>/redact/<event_id>/<txn_id>", auth=USER, limit="message", body=Redact, socket=True
    )
    async def redact(call: Call[Redact], room_id: RoomId, event_id: EventId, txn_id: str) -> Answer:
        """Spec: Client-Server API, PUT /rooms/{roomId}/redact/{eventId}/{txnId}."""
        del txn_id
        content = {} if call.body.reason is None else {"reason": call.body.reason}
        return {"event_id": await sending.redact(call.requester, room_id, event_id, content, txn=txn_key(call))}

    async def set_state(call: Call[Json], room_id: str, event_type: str, state_key: str) -> Answer:
        draft = Draft(event_type, call.body, state_key=state_key, ts=massaged_ts(call))
        delayed = await later(call, room_id, draft)
        if delayed is not None:
            return delayed
        if event_type == "m.room.member":
            set_by_state = memberships.set_by_state(call.requester, room_id, state_key, call.body, ts=massaged_ts(call))
            return {"event_id": await set_by_state}
        return {"event_id": await sending.send(call.requester, room_id, draft)}

    async def read_state(call: Call[None], room_id: str, event_type: str, state_key: str) -> Answer:
        seen = await state.event(call.requester.user_id, room_id, (event_type, state_key))
        match call.query.text("format") or "content":
            case "content":
                content: Json = orjson.loads(seen.event.body)["content"]
                return content
            case "event":
                return Raw(orjson.dumps((await presentation.events(call.requester, [seen]))[0]))
            case _:
                raise InvalidParam("`format` is `content` or `event`.")

    @endpoint(
        "PUT",
        "/v3/rooms/<room_id>/state/<event_type>/<state_key>",
        auth=USER_OR_GUEST,
        limit="message",
        body=dict,
        socket=True,
    )
    async def set_room_state_with_key(call: Call[Json], room_id: RoomId, event_type: str, state_key: str) -> Answer:
        """Spec: Client-Server API, PUT /rooms/{roomId}/state/{eventType}/{stateKey}."""
        return await set_state(call, room_id, event_type, state_key)

    @endpoint(
        "PUT", "/v3/rooms/<room_id>/state/<event_type>", auth=USER_OR_GUEST, limit="message", body=dict, socket=True
    )
    async def set_room_state(call: Call[Json], room_id: RoomId, event_type: str) -> Answer:
        """Spec: Client-Server API, PUT /rooms/{roomId}/state/{eventType}/{stateKey}, with an empty key."""
        return await set_state(call, room_id, event_type, "")

    @endpoint(
        "GET", "/v3/rooms/<room_id>/state/<event_type>/<state_key>", auth=USER_OR_GUEST, limit="read", socket=True
    )
    async def room_state_with_key(call: Call[None], room_id: RoomId, event_type: str, state_key: str) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/state/{eventType}/{stateKey}."""
        return await read_state(call, room_id, event_type, state_key)

    @endpoint("GET", "/v3/rooms/<room_id>/state/<event_type>", auth=USER_OR_GUEST, limit="read", socket=True)
    async def room_state_without_key(call: Call[None], room_id: RoomId, event_type: str) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/state/{eventType}/{stateKey}, with an empty key."""
        return await read_state(call, room_id, event_type, "")

    @endpoint("GET", "/v3/rooms/<room_id>/state", auth=USER_OR_GUEST, limit="read", socket=True)
    async def room_state(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/state."""
        return await presentation.events(call.requester, await state.events(call.requester.user_id, room_id))

    @endpoint("GET", "/v3/rooms/<room_id>/joined_members", auth=USER, limit="read", socket=True)
    async def joined_members(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/joined_members."""
        return {"joined": await state.joined_members(call.requester.user_id, room_id)}

    @endpoint("GET", "/v3/rooms/<room_id>/members", auth=USER_OR_GUEST, limit="read", socket=True)
    async def members(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/members."""
        seen = await state.members(
            call.requester.user_id,
            room_id,
            membership=call.query.text("membership"),
            not_membership=call.query.text("not_membership"),
            at=call.query.text("at"),
        )
        return {"chunk": await presentation.events(call.requester, seen)}
