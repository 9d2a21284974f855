"""Lost answers, dead connections, servers that go away: nothing is lost and nothing happens twice."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.gate import Gate
from tests.support.client import Server
from tests.support.server import ServerProcess

# Pages wait longer each time, up to a minute, for a server that is away, and starting one takes a busy machine long.
COMING_BACK_MS = 60_000


@pytest.fixture
async def gate(house: ServerProcess) -> AsyncIterator[Gate]:
    """A way to the shared server that can be shut."""
    async with Gate.to(urlsplit(house.url).port or 0) as gate:
        yield gate


async def test_a_message_whose_answer_was_lost_happens_once(
    house: ServerProcess, new_person: NewPerson, gate: Gate
) -> None:
    lena = await new_person("lena", house, url=gate.url)
    await lena.moves_in()
    room_id = await lena.makes_group("Lost answers")
    await lena.says("before")
    await lena.sees_ticks("before", "sent")
    async with Server(house.url, house.name) as server:
        user = await server.login("lena")
        gate.hold_answers()
        await lena.says("only once")
        while "only once" not in await user.sees(room_id):
            pass
        gate.shut()
        gate.open()
        await lena.page.reload()
        await lena.sees_ticks("only once", "sent", COMING_BACK_MS)
        assert await lena.messages() == ["before", "only once"]
        assert await user.sees(room_id) == ["before", "only once"]


async def test_what_is_written_without_a_network_goes_out_in_order_even_after_a_reload(
    house: ServerProcess, new_person: NewPerson, gate: Gate
) -> None:
    mona = await new_person("mona", house, url=gate.url)
    await mona.moves_in()
    room_id = await mona.makes_group("Tunnel")
    await mona.says("before the tunnel")
    await mona.sees_ticks("before the tunnel", "sent")
    await mona.has_kept_the_page()
    written = [f"in the tunnel {number}" for number in range(5)]
    gate.shut()
    for text in written:
        await mona.says(text)
    await mona.sees_ticks(written[-1], "sending")
    await mona.page.reload()
    await mona.sees_ticks(written[-1], "sending")
    gate.open()
    await mona.sees_ticks(written[-1], "sent", COMING_BACK_MS)
    assert await mona.messages() == ["before the tunnel", *written]
    async with Server(house.url, house.name) as server:
        user = await server.login("mona")
        assert await user.sees(room_id) == ["before the tunnel", *written]


@pytest.mark.full("browser")
async def test_two_tabs_are_one_client(house: ServerProcess, new_person: NewPerson) -> None:
    nora = await new_person("nora", house)
    await nora.moves_in()
    await nora.makes_group("Tabs")
    other = nora.in_tab(await nora.context.new_page())
    await other.opens_the_page()
    await other.is_live()
    await other.opens("Tabs")
    await nora.says("from the first")
    await other.sees_ticks("from the first", "sent")
    await other.says("from the second")
    await nora.sees_ticks("from the second", "sent")
    assert await nora.messages() == await other.messages() == ["from the first", "from the second"]
    async with Server(house.url, house.name) as server:
        user = await server.login("nora")
        devices = (await user.call("GET", "/v3/devices"))["devices"]
        assert len(devices) == 2, "the browser, and the one that asks"
        await nora.page.close()
        room_id = await other.open_room()
        await user.says("after the first was closed", room_id)
        await other.sees("after the first was closed")


@pytest.mark.timeout(180)
@pytest.mark.full("browser")
async def test_the_page_goes_on_when_the_server_was_started_again(new_house: NewHouse, new_person: NewPerson) -> None:
    own = await new_house()
    olga = await new_person("olga", own)
    await olga.moves_in()
    room_id = await olga.makes_group("Restart")
    await olga.says("before")
    await olga.sees_ticks("before", "sent")
    await own.restart()
    async with Server(own.url, own.name) as server:
        user = await server.login("olga")
        await user.says("after", room_id)
    await olga.sees("after", COMING_BACK_MS)
    await olga.says("and on")
    await olga.sees_ticks("and on", "sent")
    assert await olga.messages() == ["before", "after", "and on"]


async def test_without_sockets_the_same_goes_over_http(new_house: NewHouse, new_person: NewPerson) -> None:
    own = await new_house()
    async with Gate.to(urlsplit(own.url).port or 0) as gate:
        gate.refuse_sockets()
        paul = await new_person("paul", own, url=gate.url)
        await paul.moves_in()
        room_id = await paul.makes_group("Long-polling")
        await paul.says("out")
        await paul.sees_ticks("out", "sent")
        async with Server(own.url, own.name) as server:
            user = await server.login("paul")
            await user.says("in", room_id)
            await paul.sees("in")
            assert await user.sees(room_id) == ["out", "in"]
        assert "/v4/sync" in own.log
