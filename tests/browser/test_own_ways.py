"""What each has their own way: colours, wallpapers, what is loaded unasked, a past that is cleared, notices."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.browser import files
from tests.browser.conftest import NewPerson
from tests.browser.gate import Gate
from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.support.client import Json, Server, User
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

ON_THE_WAY = """
Object.defineProperty(navigator, 'connection', { value: Object.assign(new EventTarget(), { type: 'cellular' }) });
"""
# The page as another build has it: it begins with another file.
OTHER_BUILD = "document.querySelector('script[type=module][src]').setAttribute('src', '/assets/main-older.js')"
LOOP_PLAYS = "() => document.querySelector('[data-testid=loop]')?.currentTime > 0"


@pytest.mark.full("browser")
@pytest.mark.timeout(300)
async def test_colours_and_a_wallpaper_for_one_chat_are_the_same_on_all_devices(
    house: ServerProcess, new_person: NewPerson
) -> None:
    inga, other = await new_person("inga", house), await new_person("inga", house)
    await inga.signs_up()
    await other.signs_in()
    for name in ("Oak", "Elm"):
        await inga.makes_group(name)
    await _opens_settings(inga, "appearance")
    await inga.at("accent-green").click()
    for person in (inga, other):
        await expect(person.page.locator("html")).to_have_attribute("data-accent", "green", timeout=LIVE_LIMIT_MS)
    await other.page.reload()
    await expect(other.page.locator("html")).to_have_attribute("data-accent", "green", timeout=LIVE_LIMIT_MS)
    await inga.at("accent-theme").click()
    await expect(other.page.locator("html")).not_to_have_attribute("data-accent", "green", timeout=LIVE_LIMIT_MS)

    await inga.at("open-info").click()
    await inga.at("info-wallpaper").click()
    await inga.at("wallpaper-page").get_by_test_id("wallpaper-peach").click()
    await expect(inga.at("wallpaper")).to_have_attribute("data-colours", "peach")
    await other.opens("Elm")
    await expect(other.at("wallpaper")).to_have_attribute("data-colours", "peach", timeout=LIVE_LIMIT_MS)
    await other.opens("Oak")
    await expect(other.at("wallpaper")).to_have_attribute("data-colours", "meadow")
    await other.opens("Elm")
    await inga.at("wallpaper-like-all").click()
    await expect(other.at("wallpaper")).to_have_attribute("data-colours", "meadow", timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
@pytest.mark.timeout(300)
async def test_what_comes_by_itself_has_limits_for_each_kind_and_network(
    house: ServerProcess, new_person: NewPerson, tmp_path: Path
) -> None:
    async with Server(house.url, house.name) as server:
        rosa, sven = await new_person("rosa", house, moving=True), await server.register("sven")
        await rosa.page.add_init_script(ON_THE_WAY)
        await rosa.signs_up()
        room_id = await sven.creates_public_room(name="Trip")
        await (await server.login("rosa")).joins(room_id)
        film = (await files.film(rosa.page, tmp_path, "film.webm")).read_bytes()
        await _opens_settings(rosa, "storage")
        await rosa.at("loading-mobile-photos").click()
        await rosa.at("menu-size-0").click()
        await expect(rosa.at("loading-mobile-photos")).to_contain_text("Nothing")
        await rosa.page.reload()
        await rosa.is_live()

        await _sends_file(sven, room_id, "m.image", files.png((600, 400), "#3ac"), "image/png")
        await rosa.opens("Trip")
        picture = rosa.at("image").get_by_test_id("picture")
        await expect(picture).to_have_attribute("data-state", "held", timeout=LIVE_LIMIT_MS)
        await expect(picture.locator("img")).to_have_count(0)
        await picture.click()
        await expect(picture).to_have_attribute("data-state", "shown", timeout=LIVE_LIMIT_MS)
        await expect(rosa.at("viewer")).to_have_count(0)

        await _opens_settings(rosa, "storage")
        for kind in ("photos", "films"):
            await rosa.at(f"loading-mobile-{kind}").click()
            await rosa.at("menu-size-1000000").click()
        await _sends_file(sven, room_id, "m.video", film, "video/webm")
        await rosa.at("video").wait_for(timeout=LIVE_LIMIT_MS)
        await rosa.waits_until(LOOP_PLAYS)
        await rosa.at("loading-play").click()
        await expect(rosa.at("loop")).to_have_count(0)
        await rosa.page.reload()
        await rosa.is_live()
        await rosa.at("video").wait_for(timeout=LIVE_LIMIT_MS)
        await expect(rosa.at("loop")).to_have_count(0)


@pytest.mark.full("browser")
@pytest.mark.timeout(300)
async def test_a_chat_that_is_cleared_for_oneself_begins_anew_on_all_devices(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        tora, other, ulf = (
            await new_person("tora", house),
            await new_person("tora", house),
            await server.register("ulf"),
        )
        await tora.signs_up()
        await other.signs_in()
        room_id = await ulf.creates_public_room(name="Attic")
        await (await server.login("tora")).joins(room_id)
        for number in range(3):
            await ulf.says(f"old thing {number}", room_id)
        for person in (tora, other):
            await person.opens("Attic")
            await person.sees("old thing 2")
        await tora.at("chat-row", text="Attic").click(button="right")
        await tora.at("menu-clear").click()
        await tora.at("question-yes").click()
        for person in (tora, other):
            await person.sees_no("old thing 2")
            await expect(person.at("chat-row", text="Attic")).not_to_contain_text("old thing", timeout=LIVE_LIMIT_MS)
        assert "old thing 2" in await ulf.sees(room_id), "the others keep it"
        await ulf.says("new thing", room_id)
        for person in (tora, other):
            await person.sees("new thing")
        await tora.page.reload()
        await tora.is_live()
        await tora.sees("new thing")
        await tora.sees_no("old thing 2")
        await tora.at("open-search").click()
        await tora.at("chat-search-input").fill("thing")
        await expect(tora.at("chat-search").get_by_test_id("found-message")).to_have_count(1, timeout=LIVE_LIMIT_MS)
        await expect(tora.at("found-message")).to_contain_text("new thing")

        await tora.at("chat-row", text="Attic").click(button="right")
        await tora.at("menu-report").click()
        await expect(tora.at("report-block")).to_have_count(0)
        await tora.at("report-reason").fill("old things only")
        await tora.at("report-send").click()
        await expect(tora.at("report-dialog")).to_have_count(0, timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
@pytest.mark.timeout(300)
async def test_a_notice_is_answered_where_it_stands_and_a_newer_page_is_told_of(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Gate.to(urlsplit(house.url).port or 0) as gate, Server(house.url, house.name) as server:
        vera, wim = await new_person("vera", house, url=gate.url), await server.register("wim")
        await vera.signs_up()
        room_id = await wim.creates_public_room(name="Quay")
        await (await server.login("vera")).joins(room_id)
        await vera.at("chat-row", text="Quay").wait_for(timeout=LIVE_LIMIT_MS)
        await wim.says("are you there?", room_id)
        await vera.at("notice-answer").fill("in a minute")
        await vera.at("notice-answer").press("Enter")
        await expect(vera.at("notice")).to_have_count(0)

        async def is_answered() -> bool:
            return "in a minute" in await wim.sees(room_id)

        await eventually(is_answered)
        await expect(vera.at("unread-badge")).to_have_count(0, timeout=LIVE_LIMIT_MS)
        await vera.opens("Quay")
        await vera.sees("in a minute")

        await expect(vera.at("update-bar")).to_have_count(0)
        await vera.page.evaluate(OTHER_BUILD)
        gate.shut()
        await expect(vera.at("search-input")).not_to_have_attribute("placeholder", "Search", timeout=LIVE_LIMIT_MS)
        gate.open()
        await vera.at("update-now").click(timeout=LIVE_LIMIT_MS)
        await vera.is_live()
        await vera.sees("in a minute")
        await expect(vera.at("update-bar")).to_have_count(0)


async def _opens_settings(person: Person, page: str) -> None:
    await person.at("main-menu").click()
    await person.at("menu-settings").click()
    await person.at(f"open-{page}").click()


async def _sends_file(sender: User, room_id: str, kind: str, data: bytes, mimetype: str) -> None:
    """A message with a file of 600 x 400, a second long, as other clients send it."""
    url = f"{sender.server.base_url}/_matrix/media/v3/upload"
    headers = {"Authorization": f"Bearer {sender.token}", "Content-Type": mimetype}
    async with sender.server.session.post(url, data=data, headers=headers) as answer:
        mxc = str((await answer.json())["content_uri"])
    info: Json = {"w": 600, "h": 400, "mimetype": mimetype, "size": len(data), "duration": 1000}
    await sender.sends(room_id, "m.room.message", {"msgtype": kind, "body": "one", "url": mxc, "info": info})
