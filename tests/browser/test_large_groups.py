"""Large groups of other servers: used at once, while their members are still being fetched."""

from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS
from tests.support.big_room import BigRoom
from tests.support.big_room_server import serve
from tests.support.client import Server
from tests.support.ports import free_ports
from tools.certificates import LocalCertificate

MEMBERS = 150


@pytest.mark.full("browser")
async def test_one_sees_how_many_members_of_a_large_group_are_here(
    new_house: NewHouse, new_person: NewPerson, certificate: LocalCertificate
) -> None:
    ports = free_ports(4)
    room = BigRoom(MEMBERS, names=[f"localhost:{port}" for port in ports])
    room.is_open.clear()
    runner = await serve(ports, certificate, [room])
    try:
        house = await new_house()
        zed = await new_person("zed", house)
        await zed.signs_up()
        async with Server(house.url, house.name) as server:
            own = await server.login("zed")
            await own.call("POST", f"/v3/join/{quote(room.room_id, safe='')}", {}, via=room.name)
        await zed.opens("Agora")
        await expect(zed.at("join-progress")).to_contain_text("Fetching the members", timeout=LIVE_LIMIT_MS)
        await zed.page.reload()
        await zed.is_live()
        await expect(zed.at("join-progress")).to_be_visible(timeout=LIVE_LIMIT_MS)
        room.is_open.set()
        await expect(zed.at("join-progress")).to_have_count(0, timeout=START_LIMIT_MS)
        await expect(zed.at("chat-status")).to_contain_text(f"{room.joined_after}", timeout=LIVE_LIMIT_MS)
    finally:
        room.is_open.set()
        await runner.cleanup()
