"""Tokens that let somebody sign up. Spec: Client-Server API, Token-authenticated registration."""

from typing import NamedTuple

from homeserver.storage.database import Database


class RegistrationToken(NamedTuple):
    """A registration token. `uses_allowed` and `expires_ts` None: without limit."""

    token: str
    uses_allowed: int | None
    pending: int
    completed: int
    expires_ts: int | None

    def is_valid(self, now_ms: int) -> bool:
        """Whether it can be used now."""
        is_used_up = self.uses_allowed is not None and self.pending + self.completed >= self.uses_allowed
        return not is_used_up and (self.expires_ts is None or self.expires_ts > now_ms)


class RegistrationTokens:
    """Spec: Client-Server API, Token-authenticated registration."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create(self, token: str, *, uses_allowed: int | None, expires_ts: int | None, now_ms: int) -> bool:
        """A new token; False when it exists [1 trip]."""
        touched = await self._db.execute(
            """
            INSERT INTO registration_tokens (token, uses_allowed, expires_ts, created_ts)
            VALUES ($1, $2, $3, $4)
                ON CONFLICT (token) DO NOTHING
            """,
            token,
            uses_allowed,
            expires_ts,
            now_ms,
        )
        return touched > 0

    async def is_valid(self, token: str, now_ms: int) -> bool:
        """Whether the token has a use left now [1 trip]."""
        found: bool = await self._db.fetchval(
            """
            SELECT EXISTS (
                   SELECT
                     FROM registration_tokens
                    WHERE token = $1
                      AND (expires_ts IS NULL OR expires_ts > $2)
                      AND (uses_allowed IS NULL OR pending + completed < uses_allowed))
            """,
            token,
            now_ms,
        )
        return found

    async def reserve(self, token: str, now_ms: int) -> bool:
        """Take a use of the token for a registration under way; False when none is left [1 trip]."""
        touched = await self._db.execute(
            """
            UPDATE registration_tokens
               SET pending = pending + 1
             WHERE token = $1
               AND (expires_ts IS NULL OR expires_ts > $2)
               AND (uses_allowed IS NULL OR pending + completed < uses_allowed)
            """,
            token,
            now_ms,
        )
        return touched > 0

    async def settle(self, token: str, *, used: bool) -> None:
        """End a reservation: used up, or given back [1 trip]."""
        await self._db.execute(
            """
            UPDATE registration_tokens
               SET pending = pending - 1,
                   completed = completed + $2::int
             WHERE token = $1
               AND pending > 0
            """,
            token,
            int(used),
        )

    async def read(self, token: str) -> RegistrationToken | None:
        """One token [1 trip]."""
        row = await self._db.fetchrow(
            "SELECT token, uses_allowed, pending, completed, expires_ts FROM registration_tokens WHERE token = $1",
            token,
        )
        return RegistrationToken(*row.values()) if row is not None else None

    async def change(self, token: str, *, uses_allowed: int | None, expires_ts: int | None) -> bool:
        """Give a token another number of uses and another end; False when there is none [1 trip]."""
        touched = await self._db.execute(
            "UPDATE registration_tokens SET uses_allowed = $2, expires_ts = $3 WHERE token = $1",
            token,
            uses_allowed,
            expires_ts,
        )
        return touched > 0

    async def all(self) -> list[RegistrationToken]:
        """Every token [1 trip]."""
        rows = await self._db.fetch(
            "SELECT token, uses_allowed, pending, completed, expires_ts FROM registration_tokens ORDER BY token"
        )
        return [RegistrationToken(*row.values()) for row in rows]

    async def delete(self, token: str) -> bool:
        """Remove a token; False when there was none [1 trip]."""
        return await self._db.execute("DELETE FROM registration_tokens WHERE token = $1", token) > 0
