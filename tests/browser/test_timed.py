"""What has to do with time: slow mode, messages without a sound and for later, going to a day."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.past import bridge, ghost_at
from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.browser.test_told import EARS, LOOK_AWAY
from tests.support.client import Server
from tests.support.server import ServerProcess

ZONE = ZoneInfo("Europe/Berlin")


async def _sets_slow_mode(owner: Person, seconds: int) -> None:
    await owner.at("open-slow").click()
    await owner.at(f"menu-slow-{seconds}").click()


@pytest.mark.full("browser")
async def test_in_slow_mode_one_waits_and_sees_how_long(house: ServerProcess, new_person: NewPerson) -> None:
    nora, otto = await new_person("nora", house), await new_person("otto", house)
    await nora.signs_up()
    await otto.signs_up()
    await nora.makes_group("Calm", inviting=otto)
    await otto.accepts("Calm")
    await nora.at("open-info").click()
    await nora.at("info-edit").click()
    await _sets_slow_mode(nora, 3600)
    await expect(nora.at("open-slow")).to_contain_text("1 hour", timeout=LIVE_LIMIT_MS)
    await expect(otto.at("service-line").last).to_contain_text(
        re.compile("one message in .?1 hour"), timeout=LIVE_LIMIT_MS
    )

    await otto.says("only one")
    await expect(otto.at("slow-wait")).to_contain_text(re.compile(r"(60|5\d):\d\d"), timeout=LIVE_LIMIT_MS)
    await otto.says("too much")
    await expect(otto.at("composer-input")).to_have_value("too much")
    for text in ("who removes", "writes freely"):
        await nora.says(text)
        await otto.sees(text)
    await otto.page.reload()
    await otto.is_live()
    await expect(otto.at("slow-wait")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await otto.sees_no("too much")

    await _sets_slow_mode(nora, 10)
    await otto.at("slow-wait").wait_for(state="detached", timeout=LIVE_LIMIT_MS + 10_000)
    await otto.says("after a while")
    await nora.sees("after a while")
    await _sets_slow_mode(nora, 0)
    await expect(otto.at("slow-wait")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await otto.says("and at once")
    await nora.sees("and at once")


@pytest.mark.full("browser")
async def test_a_silent_message_is_told_without_a_sound(house: ServerProcess, new_person: NewPerson) -> None:
    pia, quin = await new_person("pia", house), await new_person("quin", house)
    await quin.context.grant_permissions(["notifications"])
    await quin.page.add_init_script(EARS)
    await pia.signs_up()
    await quin.signs_up()
    await pia.makes_group("Night", inviting=quin)
    await quin.accepts("Night")
    await quin.leaves_the_chat_alone()
    await quin.page.evaluate(LOOK_AWAY)
    await pia.writes("sleep well")
    await pia.at("send").click(button="right")
    await pia.at("menu-send-silent").click()
    await quin.waits_until("told.length === 1")
    assert await quin.page.evaluate("tones") == 0
    await pia.says("good morning")
    await quin.waits_until("told.length === 2 && tones > 0")


@pytest.mark.full("browser")
async def test_a_message_waits_for_its_time_on_the_server(house: ServerProcess, new_person: NewPerson) -> None:
    rita, saul = await new_person("rita", house), await new_person("saul", house)
    await rita.signs_up()
    await saul.signs_up()
    await rita.makes_group("Plans", inviting=saul)
    await saul.accepts("Plans")
    for text in ("happy birthday", "never mind"):
        await rita.writes(text)
        await rita.at("send").click(button="right")
        await rita.at("menu-send-later").click()
        if await rita.at("calendar-later").is_enabled():
            await rita.at("calendar-later").click()
        await rita.page.locator("[data-testid=calendar-day]:enabled").last.click()
        await rita.at("later-time").fill("09:30")
        await expect(rita.at("later-send")).to_contain_text("09:30")
        await rita.at("later-send").click()
        await expect(rita.at("composer-input")).to_have_value("")
        await expect(rita.at("scheduled")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await rita.page.reload()
    await rita.is_live()
    await rita.sees_no("happy birthday")
    await rita.at("scheduled").click(timeout=LIVE_LIMIT_MS)
    waiting = rita.at("scheduled-message")
    await expect(waiting).to_have_count(2)
    await expect(waiting.first).to_contain_text("09:30")
    await waiting.filter(has_text="never mind").get_by_test_id("later-cancel").click()
    await expect(waiting).to_have_count(1)
    await rita.at("later-again").click()
    await rita.at("later-time").fill("10:45")
    await rita.at("later-send").click()
    await expect(waiting).to_contain_text("10:45", timeout=LIVE_LIMIT_MS)
    await rita.at("later-now").click()
    await saul.sees("happy birthday")
    await expect(rita.at("scheduled-dialog")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await expect(rita.at("scheduled")).to_have_count(0)
    await saul.page.reload()
    await saul.is_live()
    await saul.sees("happy birthday")
    await saul.sees_no("never mind")


@pytest.mark.full("browser")
async def test_the_calendar_leads_to_the_first_message_of_a_day(
    new_house: NewHouse, new_person: NewPerson, tmp_path: Path
) -> None:
    house = await new_house(app_service_config_files=[bridge(tmp_path)])
    async with Server(house.url, house.name) as server:
        tina = await new_person("tina", house)
        await tina.signs_up()
        ghost = ghost_at(server)
        room = await ghost.creates_public_room(name="Archive")
        noon = datetime.now(ZONE).replace(hour=12, minute=0, second=0, microsecond=0)
        for days in (3, 2):
            for number in range(30):
                content = {"msgtype": "m.text", "body": f"{days} days ago, {number}"}
                ts = int((noon - timedelta(days=days, minutes=-number)).timestamp() * 1000)
                await ghost.call("PUT", f"/v3/rooms/{room}/send/m.room.message/{days}-{number}", content, ts=ts)
        for number in range(30):
            await ghost.says(f"today, {number}", room)
        await (await server.login("tina")).joins(room)
        await tina.opens("Archive")
        await tina.sees("today, 29")
        await expect(tina.message("3 days ago, 0")).to_have_count(0)

        await tina.at("day-pill").last.get_by_role("button").click()
        await _picks(tina, noon - timedelta(days=3))
        await expect(tina.message("3 days ago, 0")).to_be_in_viewport(timeout=LIVE_LIMIT_MS)

        await tina.page.keyboard.press("Control+f")
        await tina.at("chat-search-day").click()
        await _picks(tina, noon - timedelta(days=2))
        await expect(tina.message("2 days ago, 0")).to_be_in_viewport(timeout=LIVE_LIMIT_MS)


async def _picks(person: Person, day: datetime) -> None:
    """Press a day in the calendar."""
    if day.month != datetime.now(ZONE).month:
        await person.at("calendar-earlier").click()
    await person.page.get_by_role("button", name=re.compile(rf"{day.day} {day:%B} {day.year}")).click()
