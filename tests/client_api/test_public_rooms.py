"""The list of public rooms: by type, by words, by page; who may read it, and who may put rooms on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from homeserver.config.content import Directory, Rooms
from homeserver.services.directory import Filters
from homeserver.services.public_rooms import Asked, PublicRooms
from tests.support.client import Json, Refused, Server, User
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@pytest.fixture
def server(shared_server: Server) -> Server:
    return shared_server


async def found(user: User, term: str, **body: Any) -> list[str]:
    filters = {"generic_search_term": term, **body.pop("filter", {})}
    answer = await user.call("POST", "/v3/publicRooms", {"filter": filters, **body})
    return [room["room_id"] for room in answer["chunk"]]


async def test_rooms_are_found_by_type(server: Server) -> None:
    alice, bob = await server.people(2)
    plain = await alice.creates_public_room(visibility="public", name="typed plain")
    space = await alice.creates_public_room(
        visibility="public", name="typed space", creation_content={"type": "m.space"}
    )
    await bob.joins(space)
    assert await found(bob, "typed") == [space, plain]
    assert await found(bob, "typed", filter={"room_types": ["m.space"]}) == [space]
    assert await found(bob, "typed", filter={"room_types": [None]}) == [plain]
    assert await found(bob, "typed", filter={"room_types": [None, "m.space"]}) == [space, plain]
    assert await found(bob, "typed", filter={"room_types": []}) == []


async def test_the_list_is_for_users_unless_the_admin_opens_it(
    server: Server, cluster: "Cluster", tmp_path: Path
) -> None:
    assert (await server.ask("GET", "/v3/publicRooms"))[1]["errcode"] == "M_MISSING_TOKEN"
    opened = Directory(public_rooms_without_auth=True)
    async with running_app(cluster, tmp_path, directory=opened) as (_, other):
        assert (await other.ask("GET", "/v3/publicRooms"))[0] == 200


async def test_the_admin_says_who_lists_rooms(cluster: "Cluster", tmp_path: Path) -> None:
    policy = Rooms(publish_to_directory="admins", aliases_require_membership=False)
    async with running_app(cluster, tmp_path, rooms=policy) as (_, server):
        alice, bob = await server.people(2)
        with pytest.raises(Refused, match="M_FORBIDDEN"):
            await alice.creates_public_room(visibility="public")
        room = await alice.creates_public_room()
        path = f"/v3/directory/list/room/{quote(room)}"
        with pytest.raises(Refused, match="M_FORBIDDEN"):
            await alice.call("PUT", path, {"visibility": "public"})
        await alice.call("PUT", path, {"visibility": "private"})
        await bob.call("PUT", f"/v3/directory/room/{quote('#named:hearth.test')}", {"room_id": room})
        with pytest.raises(Refused, match="M_NOT_FOUND"):
            await bob.call("PUT", f"/v3/directory/room/{quote('#other:hearth.test')}", {"room_id": "!no:hearth.test"})


class Elsewhere:
    """Another server's list."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Json]] = []
        self.answer: Json = {}

    async def public_rooms(self, server: str, body: Json) -> Json:
        self.asked.append((server, body))
        return self.answer


class Own:
    """Our list, and those of application services."""

    async def public_rooms(self, **asked: Any) -> Json:
        return asked

    async def published(self, appservice_ids: list[str], network_id: str | None = None) -> list[str]:
        return [f"!{one}-{network_id}" for one in appservice_ids]


def lists(remote: Elsewhere | None) -> PublicRooms:
    own: Any = Own()
    return PublicRooms(server="here", directory=own, published=own, appservice_ids=["irc"], remote=remote)


async def test_another_servers_list_is_passed_on_as_far_as_it_is_one() -> None:
    remote = Elsewhere()
    room = {"room_id": "!a:x", "num_joined_members": 5, "world_readable": True, "guest_can_join": False, "name": "A"}
    remote.answer = {
        "chunk": [{**room, "topic": 5, "evil": "x"}, {"room_id": "no room"}, "x", {**room, "num_joined_members": -1}],
        "next_batch": "n",
        "prev_batch": 5,
        "total_room_count_estimate": "many",
    }
    asked = Asked(limit=9_999, since="s", term="t", types=[None], network="irc|net", all_networks=True)
    page = await lists(remote).page(asked, "there")
    assert page == {"chunk": [room, {**room, "num_joined_members": 0}], "next_batch": "n"}
    [(server, body)] = remote.asked
    assert server == "there"
    assert body == {
        "limit": 500,
        "since": "s",
        "filter": {"generic_search_term": "t", "room_types": [None]},
        "third_party_instance_id": "irc|net",
        "include_all_networks": True,
    }
    remote.answer = {"chunk": 5}
    assert await lists(remote).page(Asked(), "there") == {"chunk": []}
    with pytest.raises(Exception, match="federate"):
        await lists(None).page(Asked(), "there")


async def test_our_list_is_asked_by_network() -> None:
    pages = [
        await lists(None).page(asked, server)
        for asked, server in (
            (Asked(), "here"),
            (Asked(network="irc|net"), None),
            (Asked(all_networks=True), None),
        )
    ]
    assert [page["filters"] for page in pages] == [
        Filters(),
        Filters(alone=["!irc-net"]),
        Filters(more=["!irc-None"]),
    ]
