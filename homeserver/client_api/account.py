"""One's own account: who am I, password, closing it, addresses. Spec: Client-Server API, Account management."""

from typing import Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import OPTIONAL, USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import GuestAccessForbidden
from homeserver.services.contacts import Contacts
from homeserver.services.credentials import Credentials
from homeserver.services.deactivation import Deactivation
from homeserver.services.threepids.addresses import Addresses


class ChangePassword(msgspec.Struct):
    """Body of POST /account/password."""

    new_password: str
    logout_devices: bool = True
    auth: dict[str, Any] | None = None


class Deactivate(msgspec.Struct):
    """Body of POST /account/deactivate."""

    auth: dict[str, Any] | None = None
    erase: bool = False
    id_server: str | None = None


def endpoints(
    endpoint: EndpointTable,
    credentials: Credentials,
    deactivation: Deactivation,
    addresses: Addresses,
    contacts: Contacts,
) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/account/whoami", auth=USER_OR_GUEST, limit="read", socket=True)
    async def whoami(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /account/whoami."""
        requester = call.requester
        answer: dict[str, Any] = {"user_id": requester.user_id, "is_guest": requester.is_guest}
        if requester.device_id is not None:
            answer["device_id"] = requester.device_id
        return answer

    @endpoint("POST", "/v3/account/password", auth=OPTIONAL, limit="account", body=ChangePassword)
    async def change_password(call: Call[ChangePassword]) -> Answer:
        """Spec: Client-Server API, POST /account/password."""
        body = call.body
        if call.requester_or_none is None:
            await contacts.reset_password(body.new_password, body.auth, end_others=body.logout_devices)
            return {}
        if call.requester.is_guest:
            raise GuestAccessForbidden
        await credentials.change_password(call.requester, body.new_password, body.auth, end_others=body.logout_devices)
        return {}

    @endpoint("POST", "/v3/account/deactivate", auth=USER, limit="account", body=Deactivate)
    async def deactivate(call: Call[Deactivate]) -> Answer:
        """Spec: Client-Server API, POST /account/deactivate."""
        await deactivation.close_own(call.requester, call.body.auth, erase=call.body.erase)
        return {"id_server_unbind_result": "no-support"}

    @endpoint("GET", "/v3/account/3pid", auth=USER, limit="read", socket=True)
    async def account_threepids(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /account/3pid."""
        return {
            "threepids": [
                {
                    "medium": one.medium,
                    "address": one.address,
                    "validated_at": one.validated_ts,
                    "added_at": one.added_ts,
                }
                for one in await addresses.of_user(call.requester.user_id)
            ]
        }
