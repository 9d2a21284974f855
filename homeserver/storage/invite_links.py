"""Links by which people come into a room."""

from typing import NamedTuple

from homeserver.storage.database import Database


class InviteLink(NamedTuple):
    """A link. `expires_ts`, `max_uses` None: no end."""

    token: str
    room_id: str
    creator: str
    name: str
    created_ts: int
    expires_ts: int | None
    max_uses: int | None
    uses: int
    approval: bool


class InviteLinks:
    """Reads and writes of links."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, link: InviteLink) -> None:
        """Store a new link [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO invite_links
                   (token, room_id, creator, name, created_ts, expires_ts, max_uses, uses, approval)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            *link,
        )

    async def read(self, token: str) -> InviteLink | None:
        """One link [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT token, room_id, creator, name, created_ts, expires_ts, max_uses, uses, approval
              FROM invite_links
             WHERE token = $1
            """,
            token,
        )
        return InviteLink(*row.values()) if row is not None else None

    async def of_room(self, room_id: str) -> list[tuple[InviteLink, list[str]]]:
        """The links of a room, the newest first, each with who came by it [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT l.token, l.room_id, l.creator, l.name, l.created_ts, l.expires_ts, l.max_uses, l.uses, l.approval,
                   array(SELECT u.user_id FROM invite_link_uses u WHERE u.token = l.token ORDER BY u.ts) AS users
              FROM invite_links l
             WHERE l.room_id = $1
             ORDER BY l.created_ts DESC
            """,
            room_id,
        )
        return [(InviteLink(*list(row.values())[:-1]), list(row["users"])) for row in rows]

    async def delete(self, token: str) -> bool:
        """Revoke a link; False if there was none [1 trip]."""
        return await self._db.execute("DELETE FROM invite_links WHERE token = $1", token) > 0

    async def take(self, token: str, user_id: str, now: int) -> bool:
        """Use a link once; False when it is spent, out of date or gone. The same user's second use is free [1 trip]."""
        row = await self._db.write_row(
            """
            WITH known AS (
              SELECT 1
                FROM invite_link_uses
               WHERE token = $1
                 AND user_id = $2),
            counted AS (
              UPDATE invite_links
                 SET uses = uses + 1
               WHERE token = $1
                 AND NOT EXISTS (SELECT 1 FROM known)
                 AND coalesce(expires_ts > $3, true)
                 AND coalesce(uses < max_uses, true)
              RETURNING token),
            noted AS (
              INSERT INTO invite_link_uses (token, user_id, ts)
              SELECT token, $2, $3
                FROM counted
                  ON CONFLICT (token, user_id) DO NOTHING)
            SELECT EXISTS (SELECT 1 FROM counted)
                OR EXISTS (SELECT 1 FROM known k, invite_links l
                            WHERE l.token = $1
                              AND coalesce(l.expires_ts > $3, true)) AS taken
            """,
            token,
            user_id,
            now,
        )
        return row is not None and bool(row["taken"])

    async def give_back(self, token: str, user_id: str) -> None:
        """Undo a use that led to nothing [1 trip]."""
        await self._db.execute(
            """
            WITH gone AS (
              DELETE FROM invite_link_uses
               WHERE token = $1
                 AND user_id = $2
              RETURNING token)
            UPDATE invite_links
               SET uses = uses - 1
             WHERE token IN (SELECT token FROM gone)
            """,
            token,
            user_id,
        )
