"""Questions of peers about the devices and keys of users here. Spec: Server-Server API, End-to-End Encryption."""

from homeserver.asgi.responses import Answer
from homeserver.errors import InvalidParam, NotFound
from homeserver.federation.server.http import PeerCall, PeerTable
from homeserver.protocol.identifiers import ServerName, server_of
from homeserver.services.e2e_keys import MAX_USERS, E2eKeys


def endpoints(endpoint: PeerTable, us: ServerName, keys: E2eKeys) -> None:
    """Register them."""

    @endpoint.signed("GET", "/v1/user/devices/<user_id>")
    async def user_devices(call: PeerCall, user_id: str) -> Answer:
        """Spec: Server-Server API, GET user/devices."""
        if server_of(user_id) != us or "\0" in user_id:
            raise NotFound("The user is not of this server.")
        return await keys.list_for_peer(user_id)

    @endpoint.signed("POST", "/v1/user/keys/query")
    async def query_keys(call: PeerCall) -> Answer:
        """Spec: Server-Server API, POST user/keys/query."""
        wanted = call.object.get("device_keys")
        if not isinstance(wanted, dict) or len(wanted) > MAX_USERS:
            raise InvalidParam(f"`device_keys` is an object of at most {MAX_USERS} users.")
        return await keys.for_peer(wanted.keys())

    @endpoint.signed("POST", "/v1/user/keys/claim")
    async def claim_keys(call: PeerCall) -> Answer:
        """Spec: Server-Server API, POST user/keys/claim."""
        wanted = call.object.get("one_time_keys")
        if not isinstance(wanted, dict) or len(wanted) > MAX_USERS:
            raise InvalidParam(f"`one_time_keys` is an object of at most {MAX_USERS} users.")
        return {"one_time_keys": await keys.claim_for_peer(wanted)}
