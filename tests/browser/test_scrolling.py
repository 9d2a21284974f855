"""Reading upwards in a long chat: older messages come in above, and what is read stays where it is."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.support.client import Server
from tests.support.server import ServerProcess

WITH_OLDER = """async (first) => {
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const box = document.querySelector('[data-testid=timeline]');
  const rows = () => [...box.querySelectorAll('[data-key]')];
  const topOf = (key) => rows().find((row) => row.dataset.key === key)?.getBoundingClientRect().top ?? Infinity;
  let read = { key: rows()[0].dataset.key, top: topOf(rows()[0].dataset.key) };
  let farthest = 0;
  let steps = 0;
  // After each task that brings rows, before anybody can scroll again: what is read is where it was.
  const watch = new MutationObserver(() => {
    farthest = Math.max(farthest, Math.abs(topOf(read.key) - read.top));
  });
  while (!rows().some((row) => row.textContent.includes(first))) {
    box.scrollTop = 0;
    const { key } = rows()[0].dataset;
    read = { key, top: topOf(key) };
    watch.observe(document.querySelector('[data-testid=messages]'), { childList: true, subtree: true });
    const until = performance.now() + 20_000;
    while (rows()[0].dataset.key === key) {
      if (performance.now() > until) throw new Error(`nothing older came; the box is at ${box.scrollTop}`);
      await frame();
    }
    watch.disconnect();
    steps += 1;
  }
  return { steps, farthest };
}"""
DAY_PILL_PX = 40


@pytest.mark.full("browser")
async def test_who_waits_at_the_very_top_gets_all_that_is_older_and_nothing_jumps(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("wilma")
        zeno = await new_person("zeno", house)
        await zeno.signs_up()
        room_id = await owner.creates_public_room(name="Upwards")
        member = await server.login("zeno")
        await member.joins(room_id)
        for number in range(800):
            await owner.says(f"step {number} of many", room_id)
        await zeno.opens("Upwards")
        await zeno.sees("step 799 of many")
        found = await zeno.page.evaluate(WITH_OLDER, "step 0 of many")
        assert found["steps"] >= 10
        assert found["farthest"] <= DAY_PILL_PX


@pytest.mark.full("browser")
async def test_who_has_gone_up_a_little_is_not_led_back_when_the_window_changes(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("vincent")
        ursula = await new_person("ursula", house)
        await ursula.moves_in()
        room_id = await owner.creates_public_room(name="A little")
        await (await server.login("ursula")).joins(room_id)
        for number in range(40):
            await owner.says(f"line {number}", room_id)
        await ursula.opens("A little")
        last = ursula.message("line 39")
        await expect(last).to_be_in_viewport(ratio=1)
        await ursula.page.mouse.move(850, 400)
        await ursula.page.mouse.wheel(0, -150)
        await expect(last).not_to_be_in_viewport()
        for height in (740, 700, 800):
            await ursula.page.set_viewport_size({"width": 1280, "height": height})
            await ursula.page.evaluate("new Promise((drawn) => setTimeout(drawn, 200))")
            await expect(last).not_to_be_in_viewport()
        await owner.says("line 40", room_id)
        await expect(ursula.message("line 40")).to_be_in_viewport(ratio=1)


@pytest.mark.full("browser")
async def test_a_chat_opens_where_reading_ended_when_all_that_followed_is_here_already(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("yvonne")
        xenia = await new_person("xenia", house)
        await xenia.signs_up()
        room_id = await owner.creates_public_room(name="Meanwhile")
        await (await server.login("xenia")).joins(room_id)
        await owner.says("read at once", room_id)
        await xenia.opens("Meanwhile")
        await xenia.sees("read at once")
        await expect(xenia.at("chat-row", text="Meanwhile").get_by_test_id("unread-badge")).to_have_count(0)
        await xenia.leaves_the_chat_alone()
        badge = xenia.at("chat-row", text="Meanwhile").get_by_test_id("unread-badge")
        # A few at a time, each told of before the next: none of them is left for later.
        for part in range(8):
            for number in range(10):
                await owner.says(f"meanwhile {10 * part + number}", room_id)
            await expect(badge).to_have_text(str(10 * (part + 1)), timeout=15_000)
        await xenia.opens("Meanwhile")
        await expect(xenia.at("unread-line")).to_be_in_viewport(timeout=15_000)
        await expect(xenia.message("meanwhile 0")).to_be_in_viewport(timeout=15_000)
        await xenia.at("jump-button").click()
        await expect(xenia.message("meanwhile 79")).to_be_in_viewport(timeout=15_000)


LEAVE_SCROLLING = """async () => {
  const box = document.querySelector('[data-testid=timeline]');
  globalThis.left = new WeakRef(box);
  location.hash = '#/';
  while (box.isConnected) await new Promise((next) => requestAnimationFrame(next));
  // As the browser does by itself when the last scroll and the leaving fall into one frame.
  box.dispatchEvent(new Event('scroll'));
}"""


@pytest.mark.full("browser")
async def test_nothing_keeps_a_chat_that_was_left_while_it_scrolled(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("tamara")
        simon = await new_person("simon", house)
        await simon.signs_up()
        room_id = await owner.creates_public_room(name="In passing")
        await (await server.login("simon")).joins(room_id)
        await owner.says("hello", room_id)
        await simon.opens("In passing")
        await simon.sees("hello")
        browser = await simon.page.context.new_cdp_session(simon.page)
        await simon.page.evaluate(LEAVE_SCROLLING)
        for _ in range(3):
            await browser.send("HeapProfiler.collectGarbage")
        assert await simon.page.evaluate("globalThis.left.deref() === undefined")
