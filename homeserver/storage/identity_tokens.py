"""Sessions of the Identity Service API, by the SHA-256 of their tokens."""

from homeserver.storage.database import Database


class IdentityTokens:
    """Tokens that are good there and nowhere else."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, token_hash: bytes, user_id: str, now_ms: int) -> None:
        """Keep a token [1 trip]."""
        await self._db.execute(
            "INSERT INTO identity_tokens (token_hash, user_id, created_ts) VALUES ($1, $2, $3)",
            token_hash,
            user_id,
            now_ms,
        )

    async def user(self, token_hash: bytes) -> str | None:
        """Whose token it is, while the account is open [1 trip]."""
        user_id: str | None = await self._db.fetchval(
            """
            SELECT t.user_id
              FROM identity_tokens t
              JOIN users u ON u.user_id = t.user_id
             WHERE t.token_hash = $1
               AND NOT u.is_deactivated
               AND NOT u.is_locked
            """,
            token_hash,
        )
        return user_id

    async def remove(self, token_hash: bytes) -> None:
        """End a session [1 trip]."""
        await self._db.execute("DELETE FROM identity_tokens WHERE token_hash = $1", token_hash)

    async def prune(self, before_ms: int) -> int:
        """Forget sessions begun before that; how many [1 trip]."""
        return await self._db.execute("DELETE FROM identity_tokens WHERE created_ts < $1", before_ms)
