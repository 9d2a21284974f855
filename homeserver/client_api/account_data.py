"""Account data and tags. Spec: Client-Server API, Client config; Room tagging."""

from typing import Any

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.errors import Forbidden
from homeserver.protocol.identifiers import RoomId
from homeserver.services.account_data import AccountData
from homeserver.services.push_rules import SHOWN, PushRules, shown

Json = dict[str, Any]


def endpoints(endpoint: EndpointTable, account_data: AccountData, push_rules: PushRules) -> None:
    """Register the endpoints."""

    def own(call: Call[Any], user_id: str) -> str:
        if call.requester.user_id != user_id:
            raise Forbidden("That is not your account.")
        return user_id

    @endpoint("GET", "/v3/user/<user_id>/account_data/<kind>", auth=USER, limit="read", socket=True)
    async def global_account_data(call: Call[None], user_id: str, kind: str) -> Answer:
        """Spec: Client-Server API, GET /user/{userId}/account_data/{type}."""
        if kind == SHOWN:
            return Raw(shown(await push_rules.of(own(call, user_id)), user_id))
        return await account_data.read(own(call, user_id), kind)

    @endpoint("PUT", "/v3/user/<user_id>/account_data/<kind>", auth=USER, limit="write", body=dict, socket=True)
    async def set_global_account_data(call: Call[Json], user_id: str, kind: str) -> Answer:
        """Spec: Client-Server API, PUT /user/{userId}/account_data/{type}."""
        await account_data.set(own(call, user_id), kind, call.body)
        return {}

    @endpoint("GET", "/v3/user/<user_id>/rooms/<room_id>/account_data/<kind>", auth=USER, limit="read", socket=True)
    async def room_account_data(call: Call[None], user_id: str, room_id: RoomId, kind: str) -> Answer:
        """Spec: Client-Server API, GET /user/{userId}/rooms/{roomId}/account_data/{type}."""
        return await account_data.read(own(call, user_id), kind, room_id)

    @endpoint(
        "PUT",
        "/v3/user/<user_id>/rooms/<room_id>/account_data/<kind>",
        auth=USER,
        limit="write",
        body=dict,
        socket=True,
    )
    async def set_room_account_data(call: Call[Json], user_id: str, room_id: RoomId, kind: str) -> Answer:
        """Spec: Client-Server API, PUT /user/{userId}/rooms/{roomId}/account_data/{type}."""
        await account_data.set(own(call, user_id), kind, call.body, room_id)
        return {}

    @endpoint("GET", "/v3/user/<user_id>/rooms/<room_id>/tags", auth=USER, limit="read", socket=True)
    async def room_tags(call: Call[None], user_id: str, room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /user/{userId}/rooms/{roomId}/tags."""
        return {"tags": await account_data.tags(own(call, user_id), room_id)}

    @endpoint("PUT", "/v3/user/<user_id>/rooms/<room_id>/tags/<tag>", auth=USER, limit="write", body=dict, socket=True)
    async def set_room_tag(call: Call[Json], user_id: str, room_id: RoomId, tag: str) -> Answer:
        """Spec: Client-Server API, PUT /user/{userId}/rooms/{roomId}/tags/{tag}."""
        await account_data.set_tag(own(call, user_id), room_id, tag, call.body)
        return {}

    @endpoint("DELETE", "/v3/user/<user_id>/rooms/<room_id>/tags/<tag>", auth=USER, limit="write", socket=True)
    async def delete_room_tag(call: Call[None], user_id: str, room_id: RoomId, tag: str) -> Answer:
        """Spec: Client-Server API, DELETE /user/{userId}/rooms/{roomId}/tags/{tag}."""
        await account_data.remove_tag(own(call, user_id), room_id, tag)
        return {}
