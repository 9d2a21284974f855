"""Signing in by phone number: docs/extensions.md. The login itself is in `login`."""

from typing import Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import NONE, USER, Call, EndpointTable
from homeserver.services.phone.signing_in import Asked, SigningIn

BASE = "/_matrix/client/unstable/app.hearth"
MAX_DEVICE = 200


class RequestCode(msgspec.Struct):
    """Body of POST login/sms/request_code."""

    number: str
    client_secret: str
    send_attempt: int
    country: str | None = None
    proof: str | None = None


class SecondFactor(msgspec.Struct):
    """Body of PUT account/second_factor."""

    enabled: bool
    auth: dict[str, Any] | None = None


def endpoints(endpoint: EndpointTable, signing_in: SigningIn) -> None:
    """Register the endpoints."""

    @endpoint("POST", f"{BASE}/login/sms/request_code", auth=NONE, limit="login", body=RequestCode)
    async def request_code(call: Call[RequestCode]) -> Answer:
        """Spec: none; docs/extensions.md, Phone numbers: send a code to a number, known or not."""
        body = call.body
        asked = Asked(
            number=body.number,
            country=body.country,
            client_secret=body.client_secret,
            send_attempt=body.send_attempt,
            ip=call.ip,
            device=call.user_agent[:MAX_DEVICE],
            proof=body.proof,
        )
        sid, number = await signing_in.request_code(asked)
        return {"sid": sid, "number": number.international, "digits": 6}

    @endpoint("GET", f"{BASE}/account/second_factor", auth=USER, limit="read", socket=True)
    async def second_factor(call: Call[None]) -> Answer:
        """Spec: none; docs/extensions.md, Phone numbers: whether the password is asked for after the code."""
        return {"enabled": await signing_in.second_factor(call.requester)}

    @endpoint("PUT", f"{BASE}/account/second_factor", auth=USER, limit="account", body=SecondFactor)
    async def set_second_factor(call: Call[SecondFactor]) -> Answer:
        """Spec: none; docs/extensions.md, Phone numbers: whether to ask for it; both ways want the password now."""
        await signing_in.set_second_factor(call.requester, call.body.auth, wanted=call.body.enabled)
        return {}
