"""Events that are to be sent later (MSC4140): by its newest endpoint, and managing them.

What deployed clients send (`?org.matrix.msc4140.delay=` on send and state) is taken in `rooms`.
"""

from typing import Annotated, Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import OPTIONAL, USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.protocol.identifiers import RoomId
from homeserver.services.delayed_events import DelayedEvents
from homeserver.services.intents import Draft

ROOT = "/unstable/org.matrix.msc4140"


class Delayed(msgspec.Struct):
    """Body of PUT delayed_event."""

    delay: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    content: dict[str, Any] = {}
    state_key: str | None = None


class Manage(msgspec.Struct):
    """Body of POST delayed_events/{delay_id}."""

    action: str


def txn_text(call: Call[Any]) -> str:
    """The call's transaction as text; of a call without one, its request."""
    if "txn_id" not in call.params:
        return f"{call.path_hash} {call.origin.request_id}"
    path_hash, txn_id = call.txn
    return f"{path_hash} {txn_id}"


def endpoints(endpoint: EndpointTable, delayed_events: DelayedEvents) -> None:
    """Register the endpoints."""

    @endpoint(
        "PUT",
        f"{ROOT}/rooms/<room_id>/delayed_event/<event_type>/<txn_id>",
        auth=USER_OR_GUEST,
        limit="message",
        body=Delayed,
        socket=True,
    )
    async def delay_event(call: Call[Delayed], room_id: RoomId, event_type: str, txn_id: str) -> Answer:
        """Spec: MSC4140, delayed events."""
        del txn_id
        draft = Draft(event_type, call.body.content, state_key=call.body.state_key)
        delay_id = await delayed_events.schedule(call.requester, room_id, draft, call.body.delay, txn_text(call))
        return {"delay_id": delay_id}

    @endpoint("GET", f"{ROOT}/delayed_events", auth=USER, limit="read", socket=True)
    async def own_delayed_events(call: Call[None]) -> Answer:
        """Spec: MSC4140, delayed events."""
        return {"delayed_events": await delayed_events.waiting(call.requester)}

    @endpoint("POST", f"{ROOT}/delayed_events/<delay_id>", auth=USER_OR_GUEST, limit="light", body=Manage, socket=True)
    async def manage_delayed_event(call: Call[Manage], delay_id: str) -> Answer:
        """Spec: MSC4140, delayed events."""
        await delayed_events.manage(call.requester, delay_id, call.body.action)
        return {}

    @endpoint("POST", f"{ROOT}/delayed_events/<delay_id>/<action>", auth=OPTIONAL, limit="light", socket=True)
    async def act_on_delayed_event(call: Call[None], delay_id: str, action: str) -> Answer:
        """Spec: MSC4140, delayed events. Whoever knows the id may: it is a secret, handed to who watches a call."""
        await delayed_events.manage(call.requester_or_none, delay_id, action)
        return {}
