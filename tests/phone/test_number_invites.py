"""Inviting by number: who has one now, who gets an account with it later, and who wants no invites."""

import asyncio
from typing import Any

from homeserver.app import App
from homeserver.protocol.hashes import decode_base64
from homeserver.protocol.signing import verify_json
from homeserver.services.discovery.number_invites import ASKS_A_DAY
from homeserver.storage.database import Database
from homeserver.storage.number_invites import KEPT_MS
from tests.phone.house import Phones, has_number, log_in, request, sign_up
from tests.support.client import Server, User

House = tuple[App, Server, Database]
DISCOVERY = "/unstable/app.hearth/account/discovery"


def by_number(server: Server, address: str, **more: object) -> dict[str, object]:
    return {"id_server": server.name, "id_access_token": "", "medium": "msisdn", "address": address, **more}


async def invites(user: User, room: str, address: str, **more: object) -> tuple[int, dict[str, Any]]:
    return await user.ask("POST", f"/v3/rooms/{room}/invite", by_number(user.server, address, **more))


async def waiting_in(user: User, room: str) -> list[dict[str, Any]]:
    state = await user.call("GET", f"/v3/rooms/{room}/state")
    return [event for event in state if event["type"] == "m.room.third_party_invite"]  # type: ignore[index]


async def membership(user: User, room: str, of: str) -> str | None:
    status, answer = await user.ask("GET", f"/v3/rooms/{room}/state/m.room.member/{of}")
    return answer["membership"] if status == 200 else None


async def signed_up(server: Server, phones: Phones, number: str) -> User:
    new = await sign_up(server, phones, number, "invited")
    return User(server, new["user_id"], new["access_token"], new["device_id"])


async def test_whoever_has_the_number_is_invited_at_once(server: Server, phones: Phones) -> None:
    ann, ben = await server.people(2)
    await has_number(ben, server, phones, "07400 127001")
    room = await ann.creates_room()
    sent = len(phones.texts)
    assert await invites(ann, room, "07400 127001", **{"app.hearth.country": "GB"}) == (200, {})
    assert await membership(ann, room, ben.user_id) == "invite"
    assert await waiting_in(ann, room) == []
    assert len(phones.texts) == sent, "nothing is paid for"


async def test_a_number_of_nobody_is_invited_when_it_signs_up(server: Server, phones: Phones) -> None:
    ann = await server.register()
    room = await ann.creates_room(name="Cats")
    phones.rang.clear()
    assert await invites(ann, room, "447400127002") == (200, {})
    async with asyncio.timeout(10):
        await phones.rang.wait()
    assert phones.texts[-1].startswith("Somebody who knows your number")
    (waiting,) = await waiting_in(ann, room)
    assert waiting["content"]["display_name"] == "+44 •••• ••••02"
    ben = await signed_up(server, phones, "+447400127002")
    assert room in (await ben.call("GET", "/v3/sync"))["rooms"]["invite"]
    member = await ann.state(room, "m.room.member", ben.user_id)
    signed = member["third_party_invite"]["signed"]
    assert signed["token"] == waiting["state_key"]
    key = waiting["content"]["public_key"]
    verify_json(signed, server.name, next(iter(signed["signatures"][server.name])), decode_base64(key))
    await ben.joins(room)
    assert await membership(ann, room, ben.user_id) == "join"


async def test_the_key_of_an_invite_is_valid_for_all_who_ask(server: Server, phones: Phones) -> None:
    ann = await server.register()
    room = await ann.creates_room()
    await invites(ann, room, "447400127003")
    key = (await waiting_in(ann, room))[0]["content"]["public_keys"][0]
    path = key["key_validity_url"].replace("http://localhost:8008", "")
    assert await server.call("GET", path, query={"public_key": key["public_key"]}) == {"valid": True}
    assert await server.call("GET", path, query={"public_key": "other"}) == {"valid": False}
    assert (await server.call("GET", "/_matrix/identity/v2/pubkey/ed25519:numbers"))["public_key"] == key["public_key"]


async def test_an_account_that_adds_the_number_later_is_invited(server: Server, phones: Phones) -> None:
    ann, ben = await server.people(2)
    room = await ann.creates_room()
    await invites(ann, room, "447400127004")
    await has_number(ben, server, phones, "07400 127004")
    assert await membership(ann, room, ben.user_id) == "invite"


async def test_a_room_is_made_with_people_invited_by_number(server: Server, phones: Phones) -> None:
    ann, ben = await server.people(2)
    await has_number(ben, server, phones, "07400 127005")
    invitees = [by_number(server, "447400127005"), by_number(server, "447400127006"), by_number(server, "12")]
    room = await ann.creates_room(invite_3pid=invitees)
    assert await membership(ann, room, ben.user_id) == "invite"
    assert len(await waiting_in(ann, room)) == 1


async def test_a_chat_of_two_is_one_for_whoever_was_invited_by_number(server: Server, phones: Phones) -> None:
    ann, ben = await server.people(2)
    await has_number(ben, server, phones, "07400 127015")
    for user, number in ((ben, "447400127015"), (None, "447400127016")):
        room = await ann.creates_room(invite_3pid=[by_number(server, number)], is_direct=True)
        invited = user or await signed_up(server, phones, f"+{number}")
        assert (await ann.state(room, "m.room.member", invited.user_id))["is_direct"] is True


async def test_who_wants_no_invites_by_number_looks_like_nobody(server: Server, phones: Phones) -> None:
    ann, ben = await server.people(2)
    await has_number(ben, server, phones, "07400 127007")
    await ben.call("PUT", DISCOVERY, {"invites": False})
    room = await ann.creates_room()
    assert await invites(ann, room, "447400127007") == (200, {})
    assert await membership(ann, room, ben.user_id) is None
    assert len(await waiting_in(ann, room)) == 1
    assert not phones.texts[-1].startswith("Somebody")


async def test_the_same_number_waits_once_and_gets_one_message(server: Server, phones: Phones) -> None:
    ann, ben = await server.people(2)
    room = await ann.creates_room(inviting=ben)
    await ben.joins(room)
    phones.rang.clear()
    for user in (ann, ann, ben):
        assert (await invites(user, room, "447400127008"))[0] == 200
    async with asyncio.timeout(10):
        await phones.rang.wait()
    assert len(await waiting_in(ann, room)) == 2, "one of each who invites"
    assert len([text for text in phones.texts if text.startswith("Somebody")]) == 1


async def test_so_many_numbers_a_day_can_be_invited_and_no_more(house: House, phones: Phones) -> None:
    _, server, database = house
    ann = await server.register()
    room = await ann.creates_room()
    for index in range(ASKS_A_DAY):
        assert (await invites(ann, room, f"44740012{7100 + index}"))[0] == 200
    status, answer = await invites(ann, room, "447400127199")
    assert (status, answer["errcode"]) == (429, "M_LIMIT_EXCEEDED")
    assert (await invites(ann, room, "447400127100"))[0] == 200, "one asked for before"
    await database.execute("UPDATE number_asks SET asked_ts = asked_ts - 86400001")
    assert (await invites(ann, room, "447400127199"))[0] == 200


async def test_what_is_no_number_or_not_allowed_is_refused(server: Server) -> None:
    ann, ben = await server.people(2)
    room = await ann.creates_room(inviting=ben, power_level_content_override={"invite": 50})
    await ben.joins(room)
    assert [(await invites(ann, room, address))[1]["errcode"] for address in ("12", "+44 7400", "x")] == [
        "M_INVALID_PARAM"
    ] * 3
    assert (await invites(ann, room, "442079460123"))[1]["errcode"] == "M_THREEPID_DENIED", "a landline"
    assert (await invites(ben, room, "447400127009"))[1]["errcode"] == "M_FORBIDDEN"


async def test_an_invite_waits_thirty_days_and_only_while_its_sender_is_there(house: House, phones: Phones) -> None:
    _, server, database = house
    ann, ben = await server.people(2)
    room = await ann.creates_room(inviting=ben)
    await ben.joins(room)
    await invites(ann, room, "447400127010")
    await database.execute("UPDATE number_invites SET created_ts = created_ts - $1", KEPT_MS)
    old = await signed_up(server, phones, "+447400127010")
    await invites(ann, room, "447400127011")
    await ann.leaves(room)
    gone = await signed_up(server, phones, "+447400127011")
    assert await membership(ben, room, old.user_id) is None
    assert await membership(ben, room, gone.user_id) is None


async def test_no_number_is_in_the_room_or_the_log(house: House, phones: Phones) -> None:
    _, server, database = house
    ann = await server.register()
    room = await ann.creates_room()
    await invites(ann, room, "447400127012")
    await signed_up(server, phones, "+447400127012")
    rows = await database.fetch("SELECT body FROM events")
    assert not [row for row in rows if b"7400127012" in bytes(row["body"]) or b"7400 127012" in bytes(row["body"])]
    entries = [str({**entry, "text": ""}) for entry in phones.log]
    assert not [entry for entry in entries if "7400127012" in entry]


async def test_who_signs_up_under_a_name_of_their_choice_is_invited(server: Server, phones: Phones) -> None:
    ann = await server.register()
    room = await ann.creates_room()
    await invites(ann, room, "447400127013")
    _, asked = await request(server, "+447400127013", "named")
    status, new = await log_in(server, asked["sid"], "named", code=phones.code, sign_up=True, username="invited.by")
    assert status == 200
    assert await membership(ann, room, new["user_id"]) == "invite"
