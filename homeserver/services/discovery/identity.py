"""Sessions of other clients with this server as their identity server, and what they may ask in them.

A session is begun by an OpenID token of this server's and is good for nothing else. Spec: Identity Service API.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from homeserver.clock import Clock, Rng
from homeserver.errors import Forbidden, MatrixError
from homeserver.services.discovery.contacts import ContactDiscovery
from homeserver.services.openid import OpenId
from homeserver.services.ratelimit import Limits
from homeserver.storage.identity_tokens import IdentityTokens

TOKEN_BYTES: Final = 32
LIFE_MS: Final = 90 * 24 * 3600 * 1000


class Unauthorized(MatrixError):
    """There is no such session. Spec: Identity Service API, Authentication."""

    default_status = 401
    default_errcode = "M_UNAUTHORIZED"
    default_message = "Sign in to this identity server first"


class IdentityService:
    """Knows whose session it is, and looks numbers up for them."""

    def __init__(
        self,
        *,
        server: str,
        table: IdentityTokens,
        openid: OpenId,
        discovery: ContactDiscovery,
        limits: Limits,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._server = server
        self._table = table
        self._openid = openid
        self._discovery = discovery
        self._limits = limits
        self._clock = clock
        self._rng = rng

    async def register(self, token: str, server: str) -> str:
        """Begin a session of whoever has the OpenID token; its token. Raises Unauthorized."""
        user_id = await self._openid.user_of(token) if server == self._server else None
        if user_id is None:
            raise Unauthorized("Only users of this server sign in here, by an OpenID token.")
        given, now = self._rng.token(TOKEN_BYTES), self._clock.now_ms()
        await self._table.prune(now - LIFE_MS)
        await self._table.add(_digest(given), user_id, now)
        return given

    async def user_of(self, token: str | None) -> str:
        """Whose session it is. Raises Unauthorized."""
        user_id = await self._table.user(_digest(token)) if token else None
        if user_id is None:
            raise Unauthorized
        return user_id

    async def end(self, token: str | None) -> None:
        """End the session. Raises Unauthorized."""
        await self.user_of(token)
        await self._table.remove(_digest(token or ""))

    async def pepper(self, token: str | None) -> str:
        """What goes into hashes. Raises Unauthorized."""
        await self.user_of(token)
        return self._discovery.pepper

    async def lookup(self, token: str | None, hashes: Sequence[str], algorithm: str, pepper: str) -> dict[str, str]:
        """User ids by hash; none for who does not want to be found either. Raises as `ContactDiscovery.lookup`."""
        user_id = await self.user_of(token)
        await self._limits.take("directory", user_id)
        try:
            return await self._discovery.lookup(user_id, hashes, algorithm, pepper)
        except Forbidden:
            return {}


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
