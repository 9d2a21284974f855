"""Proving to others who one is, by a token that this server explains. Spec: Client-Server API, OpenID."""

from hashlib import sha256

from homeserver.clock import Clock, Rng
from homeserver.errors import Forbidden
from homeserver.services.requester import Requester
from homeserver.storage.openid import OpenIdTokens

LIFE_S = 3_600
TOKEN_BYTES = 32


class OpenId:
    """Makes tokens, and says whose they are."""

    def __init__(self, table: OpenIdTokens, clock: Clock, rng: Rng) -> None:
        self._table = table
        self._clock = clock
        self._rng = rng

    async def token(self, requester: Requester, user_id: str) -> str:
        """A token of one's own, good for `LIFE_S`. Raises Forbidden."""
        if requester.user_id != user_id:
            raise Forbidden("You can only prove who you are yourself.")
        token = self._rng.token(TOKEN_BYTES)
        await self._table.prune(self._clock.now_ms())
        await self._table.add(_digest(token), user_id, self._clock.now_ms() + LIFE_S * 1000)
        return token

    async def user_of(self, token: str) -> str | None:
        """Whose token it is, None for one that is not, or no longer, good [1 trip]."""
        return await self._table.user(_digest(token), self._clock.now_ms())


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
