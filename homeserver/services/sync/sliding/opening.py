"""A client comes back: its connection and what it missed are read at the same moment."""

from homeserver.protocol.positions import BadPosition, parse_connection_token
from homeserver.services.requester import Requester
from homeserver.services.sync.collect.viewer import Arrival
from homeserver.services.sync.sliding.connection import Connection
from homeserver.services.sync.sliding.connections import Connections
from homeserver.services.sync.sliding.engine import Engine
from homeserver.services.sync.sliding.wanted import Subscription
from homeserver.storage.sync_reads import SyncReads


class Opening:
    """Finds connections that clients go on with."""

    def __init__(self, engine: Engine, connections: Connections, reads: SyncReads) -> None:
        self._engine = engine
        self._connections = connections
        self._reads = reads

    async def found(
        self, requester: Requester, conn_id: str, pos: str, sub: Subscription, inbox_after: int
    ) -> tuple[Connection | None, Arrival | None]:
        """The connection, if anything is known of it, and what was read for the first answer [0 trips in memory, 1]."""
        if self._connections.known(requester, conn_id) is not None:
            return await self._connections.find(requester, conn_id), None
        try:
            position = parse_connection_token(pos).position
        except BadPosition:
            return None, None
        connection, arrival = await self._reads.together(
            self._connections.find(requester, conn_id),
            self._engine.arrive(requester, position, sub, inbox_after, is_known=False),
        )
        return connection, arrival
