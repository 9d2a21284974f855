"""Accounts of other services that log in here, and logins through them that are under way."""

from dataclasses import dataclass

import asyncpg

from homeserver.storage.database import Database


class ExternalIds:
    """Whose account an account of a provider is: (provider, subject) to user id."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def owner(self, provider: str, subject: str) -> str | None:
        """The user id [1 trip]."""
        user_id: str | None = await self._db.fetchval(
            "SELECT user_id FROM external_ids WHERE provider = $1 AND subject = $2", provider, subject
        )
        return user_id

    async def providers_of(self, user_id: str) -> list[str]:
        """The providers by which the user logs in [1 trip]."""
        rows = await self._db.fetch(
            "SELECT DISTINCT provider FROM external_ids WHERE user_id = $1 ORDER BY provider", user_id
        )
        return [row["provider"] for row in rows]

    async def create_account(
        self, provider: str, subject: str, user_id: str, *, is_approved: bool, now_ms: int
    ) -> bool:
        """Make an account without a password, and give it to the subject; both or nothing [1 trip].

        False when the name was ever taken, or the subject has an account by now.
        """
        nid = await self._db.nids.take()
        try:
            row = await self._db.write_row(
                """
                WITH account AS (
                  INSERT INTO users (user_nid, user_id, created_ts, is_approved)
                  VALUES ($1, $2, $3, $4)
                      ON CONFLICT (user_id) DO NOTHING
                  RETURNING user_id)
                INSERT INTO external_ids (provider, subject, user_id, created_ts)
                SELECT $5, $6, user_id, $3
                  FROM account
                RETURNING user_id
                """,
                nid,
                user_id,
                now_ms,
                is_approved,
                provider,
                subject,
            )
        except asyncpg.UniqueViolationError:
            return False
        return row is not None


@dataclass(frozen=True, slots=True)
class Flow:
    """A login or a confirmation through a provider. `step`: what comes next; the rest as far as it is known."""

    flow_id: str
    secret_hash: bytes
    provider: str
    step: str
    created_ts: int
    redirect_url: str | None = None
    ui_auth_session: str | None = None
    subject: str | None = None
    localpart: str | None = None
    display_name: str | None = None
    user_id: str | None = None


class Flows:
    """What is under way. Every read asks for the browser's secret too."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def begin(self, flow: Flow) -> None:
        """Store a new one [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO sso_flows (flow_id, secret_hash, provider, step, redirect_url, ui_auth_session, created_ts)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            flow.flow_id,
            flow.secret_hash,
            flow.provider,
            flow.step,
            flow.redirect_url,
            flow.ui_auth_session,
            flow.created_ts,
        )

    async def read(self, flow_id: str, secret_hash: bytes, since_ts: int) -> Flow | None:
        """One that began since, if the secret is its own [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT flow_id, secret_hash, provider, step, created_ts, redirect_url, ui_auth_session, subject, localpart,
                   display_name, user_id
              FROM sso_flows
             WHERE flow_id = $1
               AND secret_hash = $2
               AND created_ts >= $3
            """,
            flow_id,
            secret_hash,
            since_ts,
        )
        return Flow(**dict(row)) if row is not None else None

    async def step(self, flow_id: str, before: str, after: str) -> bool:
        """Go from one step to the next; False when it is elsewhere (a replay) [1 trip]."""
        return bool(
            await self._db.execute(
                "UPDATE sso_flows SET step = $3 WHERE flow_id = $1 AND step = $2", flow_id, before, after
            )
        )

    async def save(self, flow: Flow) -> None:
        """Write down what is known by now [1 trip]."""
        await self._db.execute(
            """
            UPDATE sso_flows
               SET step = $2,
                   subject = $3,
                   localpart = $4,
                   display_name = $5,
                   user_id = $6
             WHERE flow_id = $1
            """,
            flow.flow_id,
            flow.step,
            flow.subject,
            flow.localpart,
            flow.display_name,
            flow.user_id,
        )

    async def end(self, flow_id: str, step: str) -> bool:
        """Delete one that is at this step; False when it is not, or no more [1 trip]."""
        return bool(await self._db.execute("DELETE FROM sso_flows WHERE flow_id = $1 AND step = $2", flow_id, step))

    async def prune(self, before_ts: int) -> int:
        """Delete those begun before; how many [1 trip]."""
        return await self._db.execute("DELETE FROM sso_flows WHERE created_ts < $1", before_ts)
