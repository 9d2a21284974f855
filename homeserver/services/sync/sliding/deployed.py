"""Sliding sync as clients in the field speak it, in terms of the accepted form: what they ask for, and rooms for them.

Spec: MSC4186 before it was accepted, under `/unstable/org.matrix.simplified_msc3575/sync`. Not for: anything that the
forms have in common, which is the engine's.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from homeserver.services.sync.sliding.forms import Form
from homeserver.services.sync.sliding.results import Result
from homeserver.services.sync.sliding.scope import Scope
from homeserver.services.sync.sliding.wanted import (
    MAX_LISTS,
    MAX_ROOMS,
    Element,
    Extension,
    Extensions,
    Filters,
    ListWanted,
    RequiredState,
    RoomWanted,
    Subscription,
)
from homeserver.services.unread import Counts

Json = dict[str, Any]
MEMBER = "m.room.member"
LAZY, ME, ANY = "$LAZY", "$ME", "*"
RENAMED = {"stripped_state": "invite_state", "expanded_timeline": "unstable_expanded_timeline"}
UNKNOWN = frozenset({"membership", "lists"})
"""What rooms have in the accepted form alone."""

_Text = Annotated[str, msgspec.Meta(max_length=255)]
_Key = Annotated[str, msgspec.Meta(max_length=64)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
_Range = tuple[_Count, _Count]


class RoomParameters(msgspec.Struct, frozen=True):
    """What is wanted of a room; `required_state`: pairs of type and state key."""

    timeline_limit: _Count = 0
    required_state: Annotated[tuple[tuple[_Text, _Text], ...], msgspec.Meta(max_length=500)] = ()


class ListFilters(Filters, frozen=True):
    """Filters; `is_invite` is `is_invited`."""

    is_invite: bool | None = None


class ListParameters(RoomParameters, frozen=True):
    """A list and the parts of it that are wanted; none: all of it."""

    ranges: Annotated[tuple[_Range, ...], msgspec.Meta(max_length=20)] | None = None
    filters: ListFilters | None = None


class DeployedBody(msgspec.Struct, frozen=True):
    """The body of a request; where the client is stands in the query."""

    conn_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    txn_id: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    lists: Annotated[dict[_Key, ListParameters], msgspec.Meta(max_length=MAX_LISTS)] = {}
    room_subscriptions: Annotated[dict[_Text, RoomParameters], msgspec.Meta(max_length=MAX_ROOMS)] = {}
    extensions: Extensions = Extensions()


def subscription_of(
    body: DeployedBody, user_id: str, presence: Literal["online", "unavailable", "offline"]
) -> Subscription:
    """What the body asks for, in the accepted form."""
    lists = {}
    for name, one in body.lists.items():
        filters = one.filters or ListFilters()
        lists[name] = ListWanted(
            timeline_limit=one.timeline_limit,
            required_state=_state(one.required_state, user_id),
            ranges=one.ranges or (),
            filters=msgspec.structs.replace(
                filters, is_invited=filters.is_invited if filters.is_invite is None else filters.is_invite
            ),
        )
    rooms = {
        room_id: RoomWanted(one.timeline_limit, _state(one.required_state, user_id))
        for room_id, one in body.room_subscriptions.items()
    }
    named = {name: getattr(body.extensions, name) for name in body.extensions.__struct_fields__}
    extensions = Extensions(**{name: _extension(one) for name, one in named.items()})
    return Subscription(lists, rooms, extensions, presence)


def _extension(extension: Extension) -> Extension:
    """An asterisk among lists or rooms is all of them."""
    return msgspec.structs.replace(
        extension,
        lists=None if ANY in (extension.lists or ()) else extension.lists,
        rooms=None if ANY in (extension.rooms or ()) else extension.rooms,
    )


def _state(pairs: tuple[tuple[str, str], ...], user_id: str) -> RequiredState:
    """Pairs as elements. Beside a pair of two asterisks, the other ones narrow their types down."""
    is_lazy = (MEMBER, LAZY) in pairs and (MEMBER, ANY) not in pairs
    elements = tuple(
        Element(None if kind == ANY else kind, None if key == ANY else user_id if key == ME else key)
        for kind, key in pairs
        if key != LAZY
    )
    if (ANY, ANY) not in pairs:
        return RequiredState(include=elements, lazy_members=is_lazy)
    narrowed = tuple(one for one in elements if one.type is not None)
    if is_lazy:
        # Nobody's key is empty: of the members only those needed.
        narrowed = (*narrowed, Element(MEMBER, ""))
    return RequiredState(include=(Element(),), lazy_members=is_lazy, narrowed=narrowed)


class Deployed(Form):
    """Makes the answers."""

    has_counts = True

    def room(self, result: Result, counts: Counts | None) -> Json:
        """Names as they were, counts always, emptied state not told."""
        body: Json = {RENAMED.get(key, key): value for key, value in result.json.items() if key not in UNKNOWN}
        if "required_state" in body:
            body["required_state"] = [event for event in body["required_state"] if not isinstance(event, dict)]
        total = counts.total if counts is not None else None
        body["notification_count"] = total.notifications if total is not None else 0
        body["highlight_count"] = total.highlights if total is not None else 0
        return body

    def lists(self, scope: Scope, room_ids: Mapping[int, str]) -> Json:
        """Counts, and which rooms the windows hold."""
        found: Json = {}
        for name, count in scope.counts.items():
            found[name] = {"count": count}
            windows = scope.windows.get(name)
            if windows:
                found[name]["ops"] = [
                    {"op": "SYNC", "range": list(place), "room_ids": [room_ids[nid] for nid in nids]}
                    for place, nids in windows
                ]
        return found


DEPLOYED = Deployed()
