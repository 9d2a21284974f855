"""What application services are asked: pings, users and rooms that they make, third-party networks."""

from typing import Any

from tests.appservices.conftest import House
from tests.support.client import Json


async def test_a_ping_makes_a_round_trip_and_tells_what_goes_wrong(house: House) -> None:
    server, bridge = house.server, house.bridge
    path = f"/v1/appservice/{bridge.id}/ping"
    answer = await server.call("POST", path, {"transaction_id": "meow"}, token=bridge.as_token)
    assert answer["duration_ms"] >= 0
    assert bridge.pings[-1] == {"transaction_id": "meow"}
    bridge.ping_status = 418
    status, answer = await server.ask("POST", path, {}, token=bridge.as_token)
    assert (status, answer["errcode"], answer["status"], answer["body"]) == (
        502,
        "M_BAD_STATUS",
        418,
        '{"errcode": "M_SICK"}',
    )
    bridge.ping_status = 200
    status, answer = await server.ask("POST", "/v1/appservice/quiet/ping", {}, token=house.quiet.as_token)
    assert (status, answer["errcode"]) == (400, "M_URL_NOT_SET")
    status, answer = await server.ask("POST", path, {}, token=house.quiet.as_token)
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")


async def test_a_user_who_is_invited_is_made_by_the_bridge_when_it_is_asked(house: House) -> None:
    server, bridge = house.server, house.bridge
    alice = await server.register()
    room = await alice.creates_room()
    made: list[Any] = []

    async def make() -> None:
        made.append(await bridge.ghost(server, "demanded"))

    bridge.users[bridge.user_id("demanded")] = make
    await alice.call("POST", f"/v3/rooms/{room}/invite", {"user_id": bridge.user_id("demanded")})
    assert [one.user_id for one in made] == [bridge.user_id("demanded")]
    status, answer = await alice.ask("POST", f"/v3/rooms/{room}/invite", {"user_id": bridge.user_id("nobody")})
    assert (status, answer["errcode"]) == (404, "M_NOT_FOUND")
    assert bridge.user_id("nobody") in bridge.asked


async def test_a_room_is_made_by_the_bridge_when_somebody_asks_for_its_alias(house: House) -> None:
    server, bridge = house.server, house.bridge
    alice = await server.register()
    alias = f"#_bridge_channel:{server.name}"
    rooms: list[str] = []

    async def make() -> None:
        rooms.append(await bridge.acts(server).creates_room(preset="public_chat", room_alias_name="_bridge_channel"))

    bridge.aliases[alias] = make
    assert await alice.joins(alias) == rooms[0]
    assert await alice.joins(alias) == rooms[0]
    assert bridge.asked.count(alias) == 1, "the second time it is known"
    missing = await alice.ask("GET", f"/v3/directory/room/%23_bridge_none:{server.name}")
    assert missing[0] == 404


async def test_third_party_networks_are_those_of_the_bridges(house: House) -> None:
    alice = await house.server.register()
    protocols = await alice.call("GET", "/v3/thirdparty/protocols")
    protocol: Json = protocols["bridge"]
    assert protocol["instances"] == [
        {"network_id": "net", "desc": "A network", "fields": {}, "instance_id": "bridge|net"}
    ]
    assert await alice.call("GET", "/v3/thirdparty/protocol/bridge") == protocol
    assert (await alice.ask("GET", "/v3/thirdparty/protocol/none"))[0] == 404
    users: Any = (await alice.ask("GET", "/v3/thirdparty/user/bridge", None, nick="bob"))[1]
    assert [user["fields"] for user in users] == [{"nick": "bob"}]
    assert (await alice.ask("GET", "/v3/thirdparty/user/bridge", None, nick="nobody"))[0] == 404
    places: Any = (await alice.ask("GET", "/v3/thirdparty/location", None, alias="#a:b"))[1]
    assert places[0]["fields"] == {"alias": "#a:b"}
    assert (await alice.ask("GET", "/v3/thirdparty/user"))[1]["errcode"] == "M_MISSING_PARAM"


async def test_a_bridge_lists_rooms_for_its_network(house: House) -> None:
    server, bridge = house.server, house.bridge
    bot = bridge.acts(server)
    room = await bot.creates_room()
    path = f"/v3/directory/list/appservice/net/{room}"
    assert await bot.call("PUT", path, {"visibility": "public"}) == {}
    asked = {"third_party_instance_id": "bridge|net"}
    listed = await (await server.register()).call("POST", "/v3/publicRooms", asked)
    assert [one["room_id"] for one in listed["chunk"]] == [room]
    assert await bot.call("PUT", path, {"visibility": "private"}) == {}
    assert (await bot.ask("PUT", "/v3/directory/list/appservice/net/!none:x", {"visibility": "public"}))[0] == 404
