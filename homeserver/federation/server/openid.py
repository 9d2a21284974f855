"""Who is behind an OpenID token that a client of ours got here. Spec: Server-Server API, OpenID."""

from collections.abc import Awaitable, Callable

from homeserver.asgi.request import Request
from homeserver.asgi.responses import Answer
from homeserver.errors import UnknownToken
from homeserver.federation.server.http import PeerTable
from homeserver.services.ratelimit import Limits, address_key

UserOf = Callable[[str], Awaitable[str | None]]
"""The user of a token that is still good, or None."""


def endpoints(endpoint: PeerTable, user_of: UserOf, limits: Limits) -> None:
    """Register it."""

    @endpoint.open("GET", "/v1/openid/userinfo")
    async def userinfo(request: Request) -> Answer:
        """Spec: Server-Server API, GET openid/userinfo."""
        await limits.take("federation", address_key(request.ip))
        user_id = await user_of(request.query.required("access_token"))
        if user_id is None:
            raise UnknownToken("The token is not known, or no longer good.")
        return {"sub": user_id}
