"""Tokens by which others learn who a user is. Spec: Client-Server API, OpenID."""

from homeserver.storage.database import Database


class OpenIdTokens:
    """Tokens by their SHA-256."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, token_hash: bytes, user_id: str, expires_ts: int) -> None:
        """Keep a token [1 trip]."""
        await self._db.execute(
            "INSERT INTO openid_tokens (token_hash, user_id, expires_ts) VALUES ($1, $2, $3)",
            token_hash,
            user_id,
            expires_ts,
        )

    async def user(self, token_hash: bytes, now_ms: int) -> str | None:
        """Whose token it is, while it is good and its account is open [1 trip]."""
        user_id: str | None = await self._db.fetchval(
            """
            SELECT t.user_id
              FROM openid_tokens t
              JOIN users u ON u.user_id = t.user_id
             WHERE t.token_hash = $1
               AND t.expires_ts > $2
               AND NOT u.is_deactivated
               AND NOT u.is_locked
            """,
            token_hash,
            now_ms,
        )
        return user_id

    async def prune(self, now_ms: int) -> int:
        """Delete tokens that are no longer good; how many [1 trip]."""
        return await self._db.execute("DELETE FROM openid_tokens WHERE expires_ts <= $1", now_ms)
