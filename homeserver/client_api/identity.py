"""This server as an identity server for the numbers of its own users. Spec: Identity Service API."""

from typing import Final

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import NONE, Call, EndpointTable
from homeserver.errors import NotFound
from homeserver.protocol.signing import SigningKey

ROOT: Final = "/_matrix/identity/v2"


def key_endpoints(endpoint: EndpointTable, key: SigningKey) -> None:
    """Register what other servers check invites by number with. `key`: the one that signs them."""

    @endpoint("GET", f"{ROOT}/pubkey/isvalid", auth=NONE, limit="public")
    async def is_identity_key_valid(call: Call[None]) -> Answer:
        """Spec: Identity Service API, GET /pubkey/isvalid."""
        return {"valid": call.query.required("public_key") == key.verify_key_base64}

    @endpoint("GET", f"{ROOT}/pubkey/ephemeral/isvalid", auth=NONE, limit="public")
    async def is_ephemeral_identity_key_valid(call: Call[None]) -> Answer:
        """Spec: Identity Service API, GET /pubkey/ephemeral/isvalid. There are none here."""
        call.query.required("public_key")
        return {"valid": False}

    @endpoint("GET", f"{ROOT}/pubkey/<key_id>", auth=NONE, limit="public")
    async def identity_key(_call: Call[None], key_id: str) -> Answer:
        """Spec: Identity Service API, GET /pubkey/{keyId}."""
        if key_id != key.key_id:
            raise NotFound("There is no such key.")
        return {"public_key": key.verify_key_base64}
