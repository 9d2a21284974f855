"""What application services are owed, and the rooms they publish. Spec: Application Service API, Pushing events."""

from collections.abc import Collection
from typing import NamedTuple

from homeserver.storage.database import Database


class Owed(NamedTuple):
    """Where an application service stands.

    `position`: of the stream, what came up to there is settled or in `body`. `body`: the transaction `txn_id`, which
    is on its way; None: all has arrived.
    """

    position: int
    txn_id: int
    body: bytes | None


class Point(NamedTuple):
    """A state event and the point of the state before it."""

    event_nid: int
    chain_id: int
    sequence: int
    state_key_nid: int


class Appservices:
    """Queues of one transaction each, and lists of rooms."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def owed(self, appservice_id: str, head: int) -> Owed:
        """Where it stands; a new one begins at `head` [1 trip]."""
        row = await self._db.write_row(
            """
            INSERT INTO appservice_queues (appservice_id, position)
            VALUES ($1, $2)
                ON CONFLICT (appservice_id) DO UPDATE
               SET position = appservice_queues.position
            RETURNING position, txn_id, body
            """,
            appservice_id,
            head,
        )
        assert row is not None
        return Owed(*row.values())

    async def begin(self, appservice_id: str, txn_id: int, position: int, body: bytes) -> bool:
        """Keep a transaction before it is sent; False when another process has gone on meanwhile [1 trip]."""
        touched = await self._db.execute(
            """
            UPDATE appservice_queues
               SET txn_id = $2,
                   position = $3,
                   body = $4
             WHERE appservice_id = $1
               AND txn_id = $2 - 1
               AND body IS NULL
            """,
            appservice_id,
            txn_id,
            position,
            body,
        )
        return touched > 0

    async def arrived(self, appservice_id: str, txn_id: int) -> None:
        """The transaction has arrived [1 trip]."""
        await self._db.execute(
            "UPDATE appservice_queues SET body = NULL WHERE appservice_id = $1 AND txn_id = $2", appservice_id, txn_id
        )

    async def passed(self, appservice_id: str, txn_id: int, position: int) -> None:
        """Nothing up to `position` was of interest [1 trip]."""
        await self._db.execute(
            """
            UPDATE appservice_queues
               SET position = $3
             WHERE appservice_id = $1
               AND txn_id = $2
               AND position < $3
            """,
            appservice_id,
            txn_id,
            position,
        )

    async def previous(self, points: Collection[Point]) -> dict[int, bytes]:
        """The bodies of what state events replaced, by the number of the event; nothing for what was new [1 trip]."""
        nids, chains, sequences, keys = (list(column) for column in zip(*points, strict=True))
        rows = await self._db.fetch(
            """
            SELECT u.event_nid, e.body
              FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[])
                   AS u(event_nid, chain_id, sequence, state_key_nid)
             CROSS JOIN LATERAL (
                   SELECT d.event_nid
                     FROM state_deltas d
                    WHERE d.chain_id = u.chain_id
                      AND d.state_key_nid = u.state_key_nid
                      AND d.sequence <= u.sequence
                    ORDER BY d.sequence DESC
                    LIMIT 1) p
              JOIN events e ON e.event_nid = p.event_nid
            """,
            nids,
            chains,
            sequences,
            keys,
        )
        return {row["event_nid"]: row["body"] for row in rows}

    # -- the room directory ----------------------------------------------------------------------------------------

    async def publish(self, appservice_id: str, network_id: str, room_id: str, *, is_public: bool) -> None:
        """List a room for a network, or no longer [1 trip]."""
        if is_public:
            await self._db.execute(
                """
                INSERT INTO appservice_rooms (appservice_id, network_id, room_id)
                VALUES ($1, $2, $3)
                    ON CONFLICT DO NOTHING
                """,
                appservice_id,
                network_id,
                room_id,
            )
        else:
            await self._db.execute(
                "DELETE FROM appservice_rooms WHERE appservice_id = $1 AND network_id = $2 AND room_id = $3",
                appservice_id,
                network_id,
                room_id,
            )

    async def published(self, appservice_ids: Collection[str], network_id: str | None = None) -> list[str]:
        """Ids of the rooms that these list, for one network or for all [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT DISTINCT room_id
              FROM appservice_rooms
             WHERE appservice_id = ANY($1::text[])
               AND ($2::text IS NULL OR network_id = $2)
             ORDER BY room_id
            """,
            list(appservice_ids),
            network_id,
        )
        return [row["room_id"] for row in rows]
