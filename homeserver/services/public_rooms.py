"""Lists of public rooms, as clients ask for them: ours, those of application services, those of other servers.

Spec: Client-Server API, Published room directory.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from homeserver.errors import NotFound
from homeserver.services.appservices.asking import appservice_and_network
from homeserver.services.directory import Directory, Filters
from homeserver.services.spaces.summary import read_summary

MAX_PAGE = 500
MAX_TOKEN = 1_024


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. `types`: of rooms, None among them for rooms without one; `types` None: all.

    `network`: a `third_party_instance_id`; `all_networks`: rooms of every network beside our own.
    """

    limit: int | None = None
    since: str | None = None
    term: str | None = None
    types: Sequence[str | None] | None = None
    network: str | None = None
    all_networks: bool = False


class RemoteLists(Protocol):
    """Asks another server for its list."""

    async def public_rooms(self, server: str, body: dict[str, Any]) -> Mapping[str, Any]:
        """The answer as it came. Raises NotFound, Forbidden, Unavailable."""


class Published(Protocol):
    """What application services list."""

    async def published(self, appservice_ids: Collection[str], network_id: str | None = None) -> list[str]: ...


class PublicRooms:
    """Answers for the room directory."""

    def __init__(
        self,
        *,
        server: str,
        directory: Directory,
        published: Published,
        appservice_ids: Collection[str],
        remote: RemoteLists | None,
    ) -> None:
        """`remote` None: this server does not federate."""
        self._server = server
        self._directory = directory
        self._published = published
        self._appservice_ids = appservice_ids
        self._remote = remote

    async def page(self, asked: Asked, server: str | None = None) -> dict[str, Any]:
        """A page of the list of `server` (None: ours). Raises InvalidParam, NotFound, Forbidden, Unavailable."""
        if server is not None and server != self._server:
            return await self._of_other(asked, server)
        filters = Filters(asked.term, asked.types)
        if asked.network is not None:
            appservice_id, network_id = appservice_and_network(asked.network)
            filters = filters._replace(alone=await self._published.published([appservice_id], network_id))
        elif asked.all_networks and self._appservice_ids:
            filters = filters._replace(more=await self._published.published(list(self._appservice_ids)))
        return await self._directory.public_rooms(
            limit=asked.limit, since=asked.since, term=asked.term, filters=filters
        )

    async def _of_other(self, asked: Asked, server: str) -> dict[str, Any]:
        """The page as the other server has it, without what is no room."""
        if self._remote is None:
            raise NotFound("This server does not federate.")
        wanted: dict[str, Any] = {}
        if asked.term is not None:
            wanted["generic_search_term"] = asked.term
        if asked.types is not None:
            wanted["room_types"] = list(asked.types)
        body: dict[str, Any] = {"limit": min(asked.limit or MAX_PAGE, MAX_PAGE), "filter": wanted}
        if asked.since is not None:
            body["since"] = asked.since
        if asked.network is not None:
            body["third_party_instance_id"] = asked.network
        if asked.all_networks:
            body["include_all_networks"] = True
        answer = await self._remote.public_rooms(server, body)
        chunk = answer.get("chunk")
        rooms = [read_summary(one) for one in chunk[:MAX_PAGE]] if isinstance(chunk, list) else []
        page: dict[str, Any] = {"chunk": [room.fields for room in rooms if room is not None]}
        total = answer.get("total_room_count_estimate")
        if type(total) is int and 0 <= total < 2**53:
            page["total_room_count_estimate"] = total
        for name in ("next_batch", "prev_batch"):
            token = answer.get(name)
            if isinstance(token, str) and len(token) <= MAX_TOKEN:
                page[name] = token
        return page
