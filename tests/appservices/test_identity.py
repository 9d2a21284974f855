"""Who application services are, whom they act as, and which names are theirs. Spec: Application Service API."""

import time

import pytest

from tests.appservices.conftest import House
from tests.support.client import Refused


async def test_a_bridge_is_its_sender_unless_it_names_a_user(house: House) -> None:
    server, bridge = house.server, house.bridge
    ghost = await bridge.ghost(server, "who")
    alone = await server.call("GET", "/v3/account/whoami", token=bridge.as_token)
    assert alone == {"user_id": bridge.sender, "is_guest": False}
    assert (await ghost.call("GET", "/v3/account/whoami"))["user_id"] == ghost.user_id


async def test_a_bridge_acts_as_none_but_its_own_users_and_only_those_that_are_registered(house: House) -> None:
    server, bridge = house.server, house.bridge
    alice = await server.register()
    for user_id in (alice.user_id, bridge.user_id("unmade"), "@_bridge_x:elsewhere.test", "nonsense"):
        status, answer = await bridge.acts(server, user_id).ask("GET", "/v3/account/whoami")
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN"), user_id


@pytest.mark.parametrize("param", ["device_id", "org.matrix.msc4326.device_id", "org.matrix.msc3202.device_id"])
async def test_a_bridge_acts_as_a_device_that_it_made_without_logging_in(house: House, param: str) -> None:
    ghost = await house.bridge.ghost(house.server, f"device-{param.lower()}")
    unknown = await ghost.ask("GET", "/v3/account/whoami", None, **{param: "BRIDGE"})
    assert (unknown[0], unknown[1]["errcode"]) == (400, "M_UNKNOWN_DEVICE")
    assert (await ghost.ask("PUT", "/v3/devices/BRIDGE", {"display_name": "Bridge"}))[0] == 201
    assert (await ghost.ask("PUT", "/v3/devices/BRIDGE", {"display_name": "Renamed"}))[0] == 200
    assert (await ghost.call("GET", "/v3/account/whoami", None, **{param: "BRIDGE"}))["device_id"] == "BRIDGE"
    assert (await ghost.call("GET", "/v3/devices/BRIDGE"))["display_name"] == "Renamed"
    await ghost.call("DELETE", "/v3/devices/BRIDGE", {})
    gone = await ghost.ask("GET", "/v3/account/whoami", None, **{param: "BRIDGE"})
    assert gone[1]["errcode"] == "M_UNKNOWN_DEVICE"


@pytest.mark.parametrize("kind", ["m.login.application_service", "uk.half-shot.msc2778.login.application_service"])
async def test_a_bridge_logs_in_as_its_users_without_a_password(house: House, kind: str) -> None:
    server, bridge = house.server, house.bridge
    assert kind in {flow["type"] for flow in (await server.call("GET", "/v3/login"))["flows"]}
    name = f"login{len(kind)}"
    await bridge.ghost(server, name)
    body = {"type": kind, "identifier": {"type": "m.id.user", "user": bridge.user_id(name)}, "device_id": "D"}
    tokens = await server.call("POST", "/v3/login", body, token=bridge.as_token)
    assert (tokens["user_id"], tokens["device_id"]) == (bridge.user_id(name), "D")
    assert (await server.call("GET", "/v3/account/whoami", token=tokens["access_token"]))["device_id"] == "D"
    assert (await server.ask("POST", "/v3/login", body))[1]["errcode"] == "M_UNKNOWN_TOKEN"
    alice = await server.register()
    stranger = {**body, "identifier": {"type": "m.id.user", "user": alice.user_id}}
    assert (await server.ask("POST", "/v3/login", stranger, token=bridge.as_token))[1]["errcode"] == "M_EXCLUSIVE"


async def test_a_namespace_that_is_not_exclusive_lets_a_bridge_speak_for_people(house: House) -> None:
    """Double puppeting: what people write on the other network is theirs here, too."""
    server, quiet = house.server, house.quiet
    alice = await server.register()
    room = await alice.creates_room()
    event_id = await quiet.acts(server, alice.user_id).says("from my phone", room)
    assert (await alice.event(room, event_id))["sender"] == alice.user_id


async def test_names_of_an_exclusive_namespace_are_kept_for_their_bridge(house: House) -> None:
    server, bridge, quiet = house.server, house.bridge, house.quiet
    for name in ("_bridge_taken", "_bridge_bot"):
        with pytest.raises(Refused) as refused:
            await server.register(name)
        assert refused.value.errcode == "M_EXCLUSIVE"
        available = await server.ask("GET", "/v3/register/available", None, query={"username": name})
        assert available[1]["errcode"] == "M_EXCLUSIVE"
    body = {"type": "m.login.application_service", "username": "outside", "inhibit_login": True}
    assert (await server.ask("POST", "/v3/register", body, token=bridge.as_token))[1]["errcode"] == "M_EXCLUSIVE"
    assert (await server.ask("POST", "/v3/register", body))[1]["errcode"] == "M_UNKNOWN_TOKEN"
    await bridge.ghost(server, "twice")
    with pytest.raises(Refused) as refused:
        await bridge.ghost(server, "twice")
    assert refused.value.errcode == "M_USER_IN_USE"
    alice = await server.register()
    room = await alice.creates_room()
    alias = f"%23_bridge_room:{server.name}"
    status, answer = await alice.ask("PUT", f"/v3/directory/room/{alias}", {"room_id": room})
    assert (status, answer["errcode"]) == (400, "M_EXCLUSIVE")
    assert quiet.sender != bridge.sender


async def test_a_bridge_dates_messages_and_state_but_people_do_not(house: House) -> None:
    server = house.server
    ghost = await house.bridge.ghost(server, "dated")
    room = await ghost.creates_room(preset="public_chat")
    alice = await server.register()
    await alice.joins(room)
    content = {"msgtype": "m.text", "body": "old"}
    sent = await ghost.call("PUT", f"/v3/rooms/{room}/send/m.room.message/1", content, ts=1_234_567_890_123)
    set_ = await ghost.call("PUT", f"/v3/rooms/{room}/state/m.room.topic", {"topic": "t"}, ts=1_234)
    member = f"/v3/rooms/{room}/state/m.room.member/{ghost.user_id}"
    named = await ghost.call("PUT", member, {"membership": "join", "displayname": "N"}, ts=99)
    for answer, ts in ((sent, 1_234_567_890_123), (set_, 1_234), (named, 99)):
        assert (await alice.event(room, answer["event_id"]))["origin_server_ts"] == ts
    own = await alice.call("PUT", f"/v3/rooms/{room}/send/m.room.message/1", content, ts=1)
    assert (await alice.event(room, own["event_id"]))["origin_server_ts"] > (time.time() - 600) * 1000
    status, answer = await ghost.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/2", content, ts="soon")
    assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM")


async def test_what_is_for_bridges_alone_is_refused_to_people(house: House) -> None:
    alice = await house.server.register()
    for method, path in (
        ("POST", "/v1/appservice/bridge/ping"),
        ("PUT", "/v3/directory/list/appservice/net/!r:x"),
    ):
        status, answer = await alice.ask(method, path, {"visibility": "public"})
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
