"""The socket as clients see it."""

import asyncio

import aiohttp
import pytest

from tests.support.client import Json, Server
from tests.support.socket_client import PATH, SUBPROTOCOL, greet, socket


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


def texts(body: Json, room: str) -> list[str]:
    events = body["rooms"].get(room, {}).get("timeline", [])
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


async def test_a_message_comes_in_a_delta_that_continues_the_chain(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    async with socket(bob) as stream:
        first = await stream.delta()
        assert first["rooms"][room]["initial"] is True
        await alice.says("hi", room)
        second = await stream.delta()
        assert texts(second, room) == ["hi"]
        assert stream.deltas[1]["prev"] == stream.deltas[0]["pos"]


async def test_a_send_over_the_socket_is_idempotent_with_http(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    async with socket(alice) as stream:
        content = {"msgtype": "m.text", "body": "once"}
        answer = await stream.asks("send", room_id=room, type="m.room.message", txn_id="t", content=content)
        assert answer["s"] == 200
        assert await alice.says("once", room, txn_id="t") == answer["r"]["event_id"]


async def test_the_own_echo_carries_the_transaction_id(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    async with socket(alice) as stream:
        await stream.delta()
        content = {"msgtype": "m.text", "body": "mine"}
        await stream.asks("send", room_id=room, type="m.room.message", txn_id="t7", content=content)
        while len(stream.deltas) < 2:
            await stream.frame()
        [event] = stream.deltas[1]["body"]["rooms"][room]["timeline"]
        assert event["unsigned"]["transaction_id"] == "t7"


async def test_sends_to_one_room_keep_their_order(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    async with socket(alice) as stream:
        for number in range(15):
            params = {
                "room_id": room,
                "type": "m.room.message",
                "txn_id": f"o{number}",
                "content": {"body": str(number)},
            }
            await stream.send(t="req", id=f"o{number}", m="send", p=params)
        while len(stream.answers) < 15:
            await stream.frame()
    assert await alice.sees(room) == [str(number) for number in range(15)]


async def test_a_resumed_socket_goes_on_where_the_client_stopped(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    async with socket(bob) as stream:
        await stream.delta()
        pos = stream.pos
    await alice.says("missed", room)
    async with socket(bob, hello=False) as stream:
        ready = await greet(stream, bob, resume=pos)
        assert (ready["resumed"], ready["pos"]) == (True, pos)
        assert texts(await stream.delta(), room) == ["missed"]


async def test_a_delta_that_was_not_applied_comes_again(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    async with socket(alice) as stream:
        await stream.delta()
        pos = stream.pos
        stream.acks = False
        await alice.says("again", room)
        assert texts(await stream.delta(), room) == ["again"]
    async with socket(alice, resume=pos) as stream:
        assert texts(await stream.delta(), room) == ["again"]


async def test_the_same_position_serves_the_socket_and_http(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    sub: Json = {"lists": {"all": {"timeline_limit": 5, "required_state": {}}}}
    async with socket(alice, sub=sub) as stream:
        await stream.delta()
        pos = stream.pos
    await alice.says("by poll", room)
    answer = await alice.call("POST", "/v4/sync", {**sub, "conn_id": "web", "pos": pos})
    assert texts(answer, room) == ["by poll"]
    await alice.says("by socket", room)
    async with socket(alice, resume=answer["pos"], sub=sub) as stream:
        assert texts(await stream.delta(), room) == ["by socket"]


async def test_an_unknown_position_begins_anew(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    async with socket(alice, hello=False) as stream:
        assert (await greet(stream, alice, resume="c9.9.9"))["resumed"] is False
        assert (await stream.delta())["rooms"][room]["initial"] is True


async def test_a_second_socket_of_the_same_name_takes_over(server: Server) -> None:
    [alice] = await server.users("alice")
    async with socket(alice) as first:
        await first.delta()
        async with socket(alice) as second:
            assert (await first.until("bye"))["code"] == 4009
            assert (await first.frame())["code"] == 4009
            await second.delta()


async def test_logging_out_closes_the_socket_at_once(server: Server) -> None:
    [alice] = await server.users("alice")
    async with socket(alice) as stream:
        await stream.delta()
        await alice.call("POST", "/v3/logout")
        bye = await stream.until("bye", 1.0)
        assert (bye["code"], bye["errcode"]) == (4001, "M_UNKNOWN_TOKEN")


async def test_a_bad_token_is_told_and_nothing_else(server: Server) -> None:
    [alice] = await server.users("alice")
    alice.token = "nonsense"
    async with socket(alice, hello=False) as stream:
        await stream.send(t="hello", v=[1], access_token="nonsense", conn_id="web")
        bye = await stream.frame()
        assert (bye["t"], bye["code"], bye["errcode"]) == ("bye", 4001, "M_UNKNOWN_TOKEN")
        assert await stream.frame() == {"t": "closed", "code": 4001}


async def test_a_token_in_the_address_is_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    url = f"{server.base_url.replace('http', 'ws')}{PATH}?access_token={alice.token}"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await server.session.ws_connect(url, protocols=(SUBPROTOCOL,))
    assert refused.value.status == 400


async def test_without_the_subprotocol_there_is_no_socket(server: Server) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await server.session.ws_connect(server.base_url.replace("http", "ws") + PATH)
    assert refused.value.status == 400


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"t":1}', '{"t":"sub"}'])
async def test_a_frame_that_is_none_ends_the_socket(server: Server, text: str) -> None:
    [alice] = await server.users("alice")
    async with socket(alice) as stream:
        await stream.wire.send_str(text)
        assert (await stream.until("bye"))["code"] == 4000


async def test_unknown_frames_and_fields_are_ignored(server: Server) -> None:
    [alice] = await server.users("alice")
    async with socket(alice) as stream:
        await stream.send(t="from the future")
        await stream.send(t="ping", n=3, more=True)
        assert (await stream.until("pong"))["n"] == 3


async def test_a_kicked_user_gets_nothing_that_comes_after(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    async with socket(bob) as stream:
        await stream.delta()
        await alice.kicks(bob, room)
        await alice.says("secret", room)
        assert (await stream.delta())["rooms"][room]["membership"] == "leave"
        await bob.creates_room()
        await stream.delta()
        assert "secret" not in str(stream.deltas)


async def test_a_slow_reader_gets_one_larger_delta_instead_of_many(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    async with socket(bob, sub={"lists": {"all": {"timeline_limit": 100, "required_state": {}}}}) as stream:
        await stream.delta()
        stream.acks = False
        for number in range(30):
            await alice.says(str(number), room)
            await asyncio.sleep(0.01)
        seen: list[str] = []
        while len(stream.deltas) < 9:
            seen += texts(await stream.delta(), room)
        with pytest.raises(TimeoutError):
            await stream.frame(0.3)
        await stream.send(t="ack", pos=stream.pos)
        stream.acks = True
        while len(seen) < 30:
            seen += texts(await stream.delta(), room)
        assert seen == [str(number) for number in range(30)]
        assert len(stream.deltas) <= 12


async def test_a_new_subscription_is_answered_at_once_with_its_tag(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    for number in range(5):
        await alice.says(str(number), room)
    async with socket(alice, sub={"lists": {"all": {"timeline_limit": 1, "required_state": {}}}}) as stream:
        await stream.delta()
        more: Json = {"room_subscriptions": {room: {"timeline_limit": 4, "required_state": {}}}}
        await stream.send(t="sub", tag="open", sub=more)
        frame = await stream.until("delta")
        assert frame["tag"] == "open"
        assert texts(frame["body"], room) == ["1", "2", "3", "4"]


async def test_what_is_not_for_the_socket_is_not_found_there(server: Server) -> None:
    [alice] = await server.users("alice")
    async with socket(alice) as stream:
        for path in ("v3/login", "v3/sync", "v3/nothing"):
            answer = await stream.asks("call", method="GET", path=path)
            assert (answer["s"], answer["e"]["errcode"]) in {(404, "M_UNRECOGNIZED"), (405, "M_UNRECOGNIZED")}
        assert (await stream.asks("call", method="GET", path="v3/capabilities"))["s"] == 200
        assert (await stream.asks("nothing"))["e"]["errcode"] == "M_UNRECOGNIZED"


async def test_too_many_frames_end_the_socket(server: Server) -> None:
    [alice] = await server.users("alice")
    async with socket(alice) as stream:
        for number in range(400):
            await stream.send(t="ping", n=number)
        assert (await stream.until("bye", 10.0))["code"] == 4029


async def test_who_acknowledges_what_comes_fast_is_not_ended(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    async with socket(alice) as stream:
        await stream.delta()
        for number in range(600):
            await alice.says(str(number), room)
            assert texts(await stream.delta(), room) == [str(number)]
        for _ in range(400):
            await stream.send(t="ack", pos=stream.pos)
        assert (await stream.until("bye", 10.0))["code"] == 4029, "nothing was left to acknowledge"
