"""Searching messages. Spec: Client-Server API, Server Side Search."""

from typing import Annotated, Any, Literal

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.protocol.filters import EventFilter
from homeserver.protocol.identifiers import PREFIX
from homeserver.services.search.messages import Criteria, Hit, Hits, MessageSearch
from homeserver.services.search.paging import Group, page_of, token_of
from homeserver.services.search.parts import Search
from homeserver.services.search.surroundings import Surroundings
from homeserver.services.search.texts import KIND_OF_KEY

MAX_TERM = 1_000
MAX_AROUND = 50

_Ms = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
_Around = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class EventContext(msgspec.Struct):
    """How much of what is around a hit is asked for."""

    before_limit: _Around = 5
    after_limit: _Around = 5
    include_profile: bool = False


class GroupBy(msgspec.Struct):
    """One grouping."""

    key: Literal["room_id", "sender"]


class Groupings(msgspec.Struct):
    """Groupings of the answer."""

    group_by: tuple[GroupBy, ...] = ()


class RoomEvents(msgspec.Struct):
    """The category `room_events`; the keys of our own choose by time in ms and by kind of message."""

    search_term: Annotated[str, msgspec.Meta(max_length=MAX_TERM)]
    keys: tuple[Literal["content.body", "content.name", "content.topic"], ...] | None = None
    filter: EventFilter = EventFilter()
    order_by: Literal["recent", "rank"] = "rank"
    event_context: EventContext | None = None
    include_state: bool = False
    groupings: Groupings = msgspec.field(default_factory=Groupings)
    since: _Ms = msgspec.field(name=f"{PREFIX}since", default=0)
    until: _Ms | None = msgspec.field(name=f"{PREFIX}until", default=None)
    media: Literal["image", "video", "audio", "file", "link"] | None = msgspec.field(
        name=f"{PREFIX}media", default=None
    )


class Categories(msgspec.Struct):
    """What can be searched."""

    room_events: RoomEvents | None = None


class SearchBody(msgspec.Struct):
    """Body of POST /search."""

    search_categories: Categories


def endpoints(endpoint: EndpointTable, search: Search) -> None:
    """Register the endpoint."""
    messages: MessageSearch = search.messages
    surroundings: Surroundings = search.surroundings

    @endpoint("POST", "/v3/search", auth=USER, limit="search", body=SearchBody, socket=True)
    async def search_messages(call: Call[SearchBody]) -> Answer:
        """Spec: Client-Server API, POST /search."""
        asked = call.body.search_categories.room_events
        if asked is None:
            return {"search_categories": {}}
        if "\0" in asked.search_term:
            raise InvalidParam("A search term holds no NUL.")
        found = await messages.search(call.requester, _criteria(asked), page_of(call.query.text("next_batch")))
        answer: dict[str, Any] = {
            "count": found.known,
            "highlights": list(found.words),
            "results": [await shown(call, asked.event_context, hit) for hit in found.hits],
        }
        if found.next_page is not None:
            answer["next_batch"] = token_of(found.next_page)
        if asked.groupings.group_by:
            answer["groups"] = {one.key: _groups(one.key, found) for one in asked.groupings.group_by}
        if asked.include_state:
            rooms = dict.fromkeys(hit.seen.event.room_id for hit in found.hits)
            speakers = [hit.seen for hit in found.hits] if asked.filter.lazy_load_members else None
            answer["state"] = await surroundings.states(call.requester, rooms, members_of=speakers)
        return {"search_categories": {"room_events": answer}}

    async def shown(call: Call[SearchBody], wanted: EventContext | None, hit: Hit) -> dict[str, Any]:
        result: dict[str, Any] = {"rank": hit.rank, "result": messages.shown(hit)}
        if wanted is not None:
            result["context"] = await surroundings.context(
                call.requester,
                hit.seen,
                before=min(wanted.before_limit, MAX_AROUND),
                after=min(wanted.after_limit, MAX_AROUND),
                profiles=wanted.include_profile,
            )
        return result


def _criteria(asked: RoomEvents) -> Criteria:
    keys = KIND_OF_KEY if asked.keys is None else asked.keys
    return Criteria(
        term=asked.search_term,
        kinds=sorted({KIND_OF_KEY[key] for key in keys}),
        filter=asked.filter,
        by_rank=asked.order_by == "rank",
        media=asked.media,
        since_ts=asked.since,
        until_ts=asked.until,
    )


def _groups(key: Literal["room_id", "sender"], found: Hits) -> dict[str, dict[str, Any]]:
    """The hits of the page by room or sender, in the order of their first one."""
    members: dict[str, list[Hit]] = {}
    for hit in found.hits:
        value = hit.seen.event.room_id if key == "room_id" else hit.seen.event.sender
        members.setdefault(value, []).append(hit)
    groups: dict[str, dict[str, Any]] = {}
    for order, (value, hits) in enumerate(members.items()):
        groups[value] = {"order": order, "results": [hit.seen.event.event_id for hit in hits]}
        following = found.next_of(Group(key, value), hits[-1])
        if following is not None:
            groups[value]["next_batch"] = token_of(following)
    return groups
