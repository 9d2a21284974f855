"""Sessions: hashed access and refresh tokens, login tokens, user-interactive authentication.

Tokens come in as SHA-256 digests; the tokens themselves are never stored.
Spec: Client-Server API, Client Authentication.
"""

from typing import NamedTuple

from homeserver.storage.database import Database, Record
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import RevocationRow

REVOCATION = Fragment(
    name="revocation",
    gated=False,
    columns=(
        ("place", "int8"),
        ("user_id", "text"),
        ("kind", "text"),
        ("device_id", "text"),
        ("session_nid", "int8"),
    ),
    sql="""
INSERT INTO revocations (position, user_id, kind, device_id, session_nid)
SELECT c.base + u.place, u.user_id, u.kind, u.device_id, u.session_nid
  FROM counter c
 CROSS JOIN {rows} u""",
)
END_SESSION = Fragment(
    name="ended_session",
    gated=False,
    columns=(("session_nid", "int8"),),
    sql="""
DELETE FROM sessions s
 USING counter c
 CROSS JOIN {rows} u
 WHERE s.session_nid = u.session_nid""",
)
END_OF_DEVICE = Fragment(
    name="ended_device",
    gated=False,
    columns=(("user_id", "text"), ("device_id", "text")),
    sql="""
DELETE FROM sessions s
 USING counter c
 CROSS JOIN {rows} u
 WHERE s.user_id = u.user_id
   AND s.device_id = u.device_id""",
)
END_OF_USER = Fragment(
    name="ended_user",
    gated=False,
    columns=(("user_id", "text"),),
    sql="""
DELETE FROM sessions s
 USING counter c
 CROSS JOIN {rows} u
 WHERE s.user_id = u.user_id""",
)


def place_revocation(row: RevocationRow, sheet: Sheet) -> None:
    """Tell all processes, and delete the sessions that end."""
    sheet.put(REVOCATION, (row.position, row.user_id, row.kind, row.device_id, row.session_nid))
    if row.kind == "session":
        sheet.put(END_SESSION, (row.session_nid,))
    elif row.kind == "device":
        sheet.put(END_OF_DEVICE, (row.user_id, row.device_id))
    elif row.kind == "user":
        sheet.put(END_OF_USER, (row.user_id,))


class Session(NamedTuple):
    """Whose token it is, and whether its account may act. Times in ms."""

    session_nid: int
    user_nid: int
    user_id: str
    device_nid: int | None
    device_id: str | None
    access_expires_ts: int | None
    is_guest: bool
    is_admin: bool
    is_locked: bool
    is_deactivated: bool
    is_suspended: bool
    is_shadow_banned: bool
    messages_per_second: float | None
    message_burst: int | None


class RefreshOutcome(NamedTuple):
    """`session` is the one refreshed, or None. `reused`: an old refresh token came back after it was replaced."""

    session: Session | None
    reused: bool


_SESSION = """
SELECT s.session_nid, s.user_nid, s.user_id, s.device_nid, s.device_id, s.access_expires_ts, u.is_guest, u.is_admin,
       u.is_locked, u.is_deactivated, u.is_suspended, u.is_shadow_banned, u.messages_per_second, u.message_burst
  FROM sessions s
  JOIN users u ON u.user_nid = s.user_nid"""


def _session(row: Record) -> Session:
    return Session(*(row[name] for name in Session._fields))


class Sessions:
    """Sessions of local users. They end by a RevocationRow on the stream."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def authenticate(self, access_hash: bytes) -> Session | None:
        """The session of an access token, expired or not [1 trip]."""
        row = await self._db.fetchrow(_SESSION + " WHERE s.access_hash = $1", access_hash)
        return _session(row) if row is not None else None

    async def create(
        self,
        *,
        user_id: str,
        device_id: str,
        access_hash: bytes,
        access_expires_ts: int | None,
        refresh_hash: bytes | None,
        display_name: str | None,
        now_ms: int,
    ) -> Session:
        """Begin a session on a new or known device; older sessions of that device end with it [1 trip].

        Their access tokens may live on in caches: a "session" RevocationRow for each of `sessions_of_device` goes first.
        """  # noqa: E501
        await self._db.nids.ensure(2)
        row = await self._db.write_row(
            """
            WITH account AS (
              SELECT user_nid, user_id, is_guest, is_admin, is_locked, is_deactivated, is_suspended, is_shadow_banned,
                     messages_per_second, message_burst
                FROM users
               WHERE user_id = $1),
            device AS (
              INSERT INTO devices (device_nid, user_nid, user_id, device_id, display_name, created_ts)
              SELECT $2, user_nid, user_id, $3, $4, $5
                FROM account
                  ON CONFLICT (user_id, device_id) DO UPDATE
                 SET display_name = coalesce(devices.display_name, excluded.display_name)
              RETURNING device_nid),
            ended AS (
              DELETE FROM sessions
               WHERE user_id = $1
                 AND device_id = $3)
            INSERT INTO sessions (session_nid, user_nid, user_id, device_nid, device_id, access_hash, access_expires_ts,
                                  refresh_hash, created_ts)
            SELECT $6, a.user_nid, a.user_id, d.device_nid, $3, $7, $8, $9, $5
              FROM account a
             CROSS JOIN device d
            RETURNING session_nid, user_nid, user_id, device_nid, device_id, access_expires_ts,
                      (SELECT is_guest FROM account) AS is_guest, (SELECT is_admin FROM account) AS is_admin,
                      (SELECT is_locked FROM account) AS is_locked,
                      (SELECT is_deactivated FROM account) AS is_deactivated,
                      (SELECT is_suspended FROM account) AS is_suspended,
                      (SELECT is_shadow_banned FROM account) AS is_shadow_banned,
                      (SELECT messages_per_second FROM account) AS messages_per_second,
                      (SELECT message_burst FROM account) AS message_burst
            """,
            user_id,
            self._db.nids.next(),
            device_id,
            display_name,
            now_ms,
            self._db.nids.next(),
            access_hash,
            access_expires_ts,
            refresh_hash,
        )
        if row is None:
            raise LookupError(f"no account {user_id}")
        return _session(row)

    async def of_user(self, user_id: str) -> list[tuple[int, str | None]]:
        """(session_nid, device_id) of each session of the user [1 trip]."""
        rows = await self._db.fetch("SELECT session_nid, device_id FROM sessions WHERE user_id = $1", user_id)
        return [(row["session_nid"], row["device_id"]) for row in rows]

    async def sessions_of_device(self, user_id: str, device_id: str) -> list[int]:
        """Numbers of the device's sessions [1 trip]."""
        rows = await self._db.fetch(
            "SELECT session_nid FROM sessions WHERE user_id = $1 AND device_id = $2", user_id, device_id
        )
        return [row["session_nid"] for row in rows]

    async def refresh(
        self, refresh_hash: bytes, *, access_hash: bytes, new_refresh_hash: bytes, access_expires_ts: int | None
    ) -> RefreshOutcome:
        """Exchange a refresh token [1 or 2 trips].

        The token before stays good until the new access token is used (the answer may have been lost). After that it is
        a sign of theft: `reused`, and the session should be ended. Spec: Client-Server API, Refreshing access tokens.
        """
        row = await self._db.write_row(
            """
            WITH found AS (
              SELECT session_nid
                FROM sessions
               WHERE refresh_hash = $1
               UNION ALL
              SELECT session_nid
                FROM sessions
               WHERE used_refresh_hash = $1
                 AND NOT refresh_used)
            UPDATE sessions s
               SET used_refresh_hash = $1,
                   used_access_hash = s.access_hash,
                   refresh_used = false,
                   refresh_hash = $3,
                   access_hash = $2,
                   access_expires_ts = $4
              FROM found f
              JOIN sessions o ON o.session_nid = f.session_nid
              JOIN users u ON u.user_nid = o.user_nid
             WHERE s.session_nid = f.session_nid
            RETURNING s.session_nid, s.user_nid, s.user_id, s.device_nid, s.device_id, s.access_expires_ts, u.is_guest,
                      u.is_admin, u.is_locked, u.is_deactivated, u.is_suspended, u.is_shadow_banned,
                      u.messages_per_second, u.message_burst
            """,
            refresh_hash,
            access_hash,
            new_refresh_hash,
            access_expires_ts,
        )
        if row is not None:
            return RefreshOutcome(_session(row), reused=False)
        row = await self._db.fetchrow(_SESSION + " WHERE s.used_refresh_hash = $1", refresh_hash)
        return RefreshOutcome(_session(row) if row is not None else None, reused=row is not None)

    async def confirm_refresh(self, session_nid: int) -> None:
        """The new access token was used: the refresh token before is dead now [1 trip]."""
        await self._db.execute("UPDATE sessions SET refresh_used = true WHERE session_nid = $1", session_nid)

    async def replaced_access_hash(self, session_nid: int) -> bytes | None:
        """Digest of the access token before the last refresh, to be dropped from caches [1 trip]."""
        digest: bytes | None = await self._db.fetchval(
            "SELECT used_access_hash FROM sessions WHERE session_nid = $1", session_nid
        )
        return digest

    async def create_login_token(self, token_hash: bytes, user_id: str, expires_ts: int) -> None:
        """Store a login token [1 trip]."""
        await self._db.execute(
            "INSERT INTO login_tokens (token_hash, user_id, expires_ts) VALUES ($1, $2, $3)",
            token_hash,
            user_id,
            expires_ts,
        )

    async def take_login_token(self, token_hash: bytes, now_ms: int) -> str | None:
        """The user of a login token, once [1 trip]."""
        row = await self._db.write_row(
            "DELETE FROM login_tokens WHERE token_hash = $1 RETURNING user_id, expires_ts", token_hash
        )
        if row is None or row["expires_ts"] < now_ms:
            return None
        user_id: str = row["user_id"]
        return user_id


class UiAuthSession(NamedTuple):
    """A user-interactive authentication under way. `state`: JSON of its own."""

    session_id: str
    user_id: str | None
    operation: str
    completed: tuple[str, ...]
    state: bytes
    created_ts: int


class UiAuthSessions:
    """Spec: Client-Server API, User-Interactive Authentication API."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def save(self, session: UiAuthSession) -> None:
        """Create or replace [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO ui_auth (session_id, user_id, operation, completed, state, created_ts)
            VALUES ($1, $2, $3, $4::text[], $5, $6)
                ON CONFLICT (session_id) DO UPDATE
               SET completed = excluded.completed,
                   state = excluded.state
            """,
            session.session_id,
            session.user_id,
            session.operation,
            list(session.completed),
            session.state,
            session.created_ts,
        )

    async def read(self, session_id: str) -> UiAuthSession | None:
        """One session [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT session_id, user_id, operation, completed, state, created_ts
              FROM ui_auth
             WHERE session_id = $1
            """,
            session_id,
        )
        if row is None:
            return None
        values = dict(row)
        return UiAuthSession(**{**values, "completed": tuple(values["completed"])})

    async def delete(self, session_id: str) -> None:
        """End a session [1 trip]."""
        await self._db.execute("DELETE FROM ui_auth WHERE session_id = $1", session_id)

    async def prune(self, before_ts: int) -> int:
        """Delete sessions begun before; how many [1 trip]."""
        return await self._db.execute("DELETE FROM ui_auth WHERE created_ts < $1", before_ts)
