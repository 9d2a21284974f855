"""This server as an identity server for the numbers of its own users. Spec: Identity Service API."""

from typing import Any, Final

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.contacts import SubmitToken
from homeserver.client_api.http import NONE, Call, EndpointTable
from homeserver.client_api.request_tokens import MAX_DEVICE, RequestText
from homeserver.errors import Forbidden, NotFound
from homeserver.protocol.signing import SigningKey
from homeserver.services.discovery.binding import Binding
from homeserver.services.discovery.contacts import ALGORITHM
from homeserver.services.discovery.identity import IdentityService
from homeserver.services.phone.numbers import parse
from homeserver.services.threepids.verifications import Wanted

ROOT: Final = "/_matrix/identity/v2"
VERSIONS: Final = tuple(f"v1.{minor}" for minor in range(1, 20))


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


class Register(msgspec.Struct):
    """Body of POST account/register: an OpenID token."""

    access_token: str
    matrix_server_name: str


class Lookup(msgspec.Struct):
    """Body of POST lookup."""

    addresses: list[str]
    algorithm: str
    pepper: str


class BindNumber(msgspec.Struct):
    """Body of POST 3pid/bind."""

    sid: str
    client_secret: str
    mxid: str


def endpoints(endpoint: EndpointTable, identity: IdentityService) -> None:
    """Register what clients ask an identity server for. Its tokens are its own: the gate's are of no use here."""

    @endpoint("GET", "/_matrix/identity/versions", auth=NONE, limit="public")
    async def identity_versions(_call: Call[None]) -> Answer:
        """Spec: Identity Service API, GET /versions."""
        return {"versions": list(VERSIONS)}

    @endpoint("GET", ROOT, auth=NONE, limit="public")
    async def identity_ping(_call: Call[None]) -> Answer:
        """Spec: Identity Service API, Status check."""
        return {}

    @endpoint("POST", f"{ROOT}/account/register", auth=NONE, limit="login", body=Register)
    async def identity_register(call: Call[Register]) -> Answer:
        """Spec: Identity Service API, POST /account/register."""
        return {"token": await identity.register(call.body.access_token, call.body.matrix_server_name)}

    @endpoint("GET", f"{ROOT}/account", auth=NONE, limit="public")
    async def identity_account(call: Call[None]) -> Answer:
        """Spec: Identity Service API, GET /account."""
        return {"user_id": await identity.user_of(call.access_token)}

    @endpoint("POST", f"{ROOT}/account/logout", auth=NONE, limit="public")
    async def identity_log_out(call: Call[None]) -> Answer:
        """Spec: Identity Service API, POST /account/logout."""
        await identity.end(call.access_token)
        return {}

    @endpoint("GET", f"{ROOT}/terms", auth=NONE, limit="public")
    async def identity_terms(_call: Call[None]) -> Answer:
        """Spec: Identity Service API, GET /terms. Who has an account here has agreed to the server's."""
        return {"policies": {}}

    @endpoint("POST", f"{ROOT}/terms", auth=NONE, limit="public", body=dict)
    async def agree_to_identity_terms(call: Call[dict[str, Any]]) -> Answer:
        """Spec: Identity Service API, POST /terms."""
        await identity.user_of(call.access_token)
        return {}

    @endpoint("GET", f"{ROOT}/hash_details", auth=NONE, limit="public")
    async def identity_hash_details(call: Call[None]) -> Answer:
        """Spec: Identity Service API, GET /hash_details."""
        return {"algorithms": [ALGORITHM], "lookup_pepper": await identity.pepper(call.access_token)}

    @endpoint("POST", f"{ROOT}/lookup", auth=NONE, limit="public", body=Lookup)
    async def identity_lookup(call: Call[Lookup]) -> Answer:
        """Spec: Identity Service API, POST /lookup."""
        body = call.body
        return {"mappings": await identity.lookup(call.access_token, body.addresses, body.algorithm, body.pepper)}


def binding_endpoints(endpoint: EndpointTable, identity: IdentityService, binding: Binding) -> None:
    """Register how numbers are proven and published."""

    @endpoint("POST", f"{ROOT}/validate/msisdn/requestToken", auth=NONE, limit="public", body=RequestText)
    async def identity_request_token(call: Call[RequestText]) -> Answer:
        """Spec: Identity Service API, POST /validate/msisdn/requestToken."""
        body = call.body
        wanted = Wanted(
            medium="msisdn",
            address=parse(body.phone_number, body.country).msisdn,
            purpose="bind",
            client_secret=body.client_secret,
            send_attempt=body.send_attempt,
            ip=call.ip,
            user_id=await identity.user_of(call.access_token),
            device=call.user_agent[:MAX_DEVICE],
            proof=body.proof,
        )
        return {"sid": await binding.request(wanted)}

    @endpoint("POST", f"{ROOT}/validate/msisdn/submitToken", auth=NONE, limit="login", body=SubmitToken)
    async def identity_submit_token(call: Call[SubmitToken]) -> Answer:
        """Spec: Identity Service API, POST /validate/msisdn/submitToken."""
        body = call.body
        await identity.user_of(call.access_token)
        return {"success": await binding.submit(body.sid, body.client_secret, body.token)}

    @endpoint("GET", f"{ROOT}/3pid/getValidated3pid", auth=NONE, limit="public")
    async def identity_validated(call: Call[None]) -> Answer:
        """Spec: Identity Service API, GET /3pid/getValidated3pid."""
        user_id = await identity.user_of(call.access_token)
        proof = await binding.proof(user_id, call.query.required("sid"), call.query.required("client_secret"))
        return {"medium": proof.medium, "address": proof.address, "validated_at": proof.validated_ts}

    @endpoint("POST", f"{ROOT}/3pid/bind", auth=NONE, limit="login", body=BindNumber)
    async def identity_bind(call: Call[BindNumber]) -> Answer:
        """Spec: Identity Service API, POST /3pid/bind. `mxid` can be nobody else's."""
        body, user_id = call.body, await identity.user_of(call.access_token)
        if body.mxid != user_id:
            raise Forbidden("You can bind your own numbers only.")
        return dict(await binding.bind(user_id, body.sid, body.client_secret))
