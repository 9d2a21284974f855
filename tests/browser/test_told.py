"""Being told: by the system while the page is hidden, by sounds; and less movement for who wants less."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import LIVE_LIMIT_MS
from tests.support.client import Server
from tests.support.server import ServerProcess

# Notes the system's notifications and the tones that are played, and lets a story hide the page.
EARS = """
globalThis.told = [];
globalThis.tones = 0;
globalThis.away = false;
globalThis.Notification = class extends Notification {
    constructor(title, options) {
        super(title, options);
        this.note = { title, body: options.body, tag: options.tag, open: true, notice: this };
        told.push(this.note);
    }
    close() {
        this.note.open = false;
        super.close();
    }
};
const oscillator = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () {
    tones += 1;
    return oscillator.call(this);
};
Object.defineProperty(document, 'visibilityState', { get: () => (away ? 'hidden' : 'visible') });
"""
LOOK_AWAY = "away = true; document.dispatchEvent(new Event('visibilitychange'))"
LOOK_AGAIN = "away = false; document.dispatchEvent(new Event('visibilitychange'))"
LONGEST_MOVE = """Math.max(...[...document.querySelectorAll('*')].flatMap((one) => {
    const style = getComputedStyle(one);
    return [...style.animationDuration.split(','), ...style.transitionDuration.split(',')].map(parseFloat);
}))"""


@pytest.mark.full("browser")
async def test_what_comes_to_a_hidden_page_is_told_by_the_system_and_by_a_sound(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        tess = await new_person("tess", house)
        await tess.context.grant_permissions(["notifications"])
        await tess.page.add_init_script(EARS)
        await tess.signs_up()
        ugo = await server.register("ugo")
        other_device = await server.login("tess")
        room_id = await ugo.creates_public_room(name="Pier")
        await other_device.joins(room_id)
        await tess.makes_group("Desk")
        await tess.at("chat-row", text="Pier").wait_for()
        await tess.page.evaluate(LOOK_AWAY)

        await ugo.says("the boat is in", room_id)
        await tess.waits_until("told.length === 1 && tones > 0")
        note = await tess.page.evaluate("(({ notice, ...rest }) => rest)(told[0])")
        assert note == {"title": "Pier", "body": "ugo: the boat is in", "tag": room_id, "open": True}
        await tess.page.evaluate(f"{LOOK_AGAIN}; told[0].notice.onclick()")
        await tess.sees("the boat is in")
        await tess.waits_until("!told[0].open")

        await tess.opens("Desk")
        await tess.page.evaluate(LOOK_AWAY)
        last = await ugo.says("it leaves again", room_id)
        await tess.waits_until("told.length === 2")
        await other_device.call("POST", f"/v3/rooms/{room_id}/receipt/m.read/{last}", {})
        await tess.waits_until("!told[1].open")

        await tess.page.evaluate(LOOK_AGAIN)
        before = await tess.page.evaluate("tones")
        await tess.says("noted")
        await tess.sees_ticks("noted", "sent")
        assert await tess.page.evaluate("tones") > before
        await tess.at("main-menu").click()
        await tess.at("menu-settings").click()
        await tess.at("open-notifications").click()
        for switch in ("notify-sound", "notify-send-sound", "notify-desktop"):
            await tess.at(switch).click()
            await expect(tess.at(switch)).to_have_attribute("aria-checked", "false")
        await tess.page.reload()
        await tess.is_live()
        await tess.page.evaluate(LOOK_AWAY)
        await ugo.says("unheard", room_id)
        await expect(tess.at("chat-row", text="Pier")).to_contain_text("unheard", timeout=LIVE_LIMIT_MS)
        assert await tess.page.evaluate("[told.length, tones]") == [0, 0]


@pytest.mark.full("browser")
async def test_who_wants_less_movement_gets_none(house: ServerProcess, new_person: NewPerson) -> None:
    vito = await new_person("vito", house)
    await vito.signs_up()
    await vito.makes_group("Still")
    await vito.says("calm")
    await vito.page.emulate_media(reduced_motion="no-preference")
    assert await vito.page.evaluate(LONGEST_MOVE) > 0.1
    await vito.page.emulate_media(reduced_motion="reduce")
    await vito.message("calm").get_by_test_id("message-text").click(button="right")
    await vito.at("menu").wait_for()
    assert await vito.page.evaluate(LONGEST_MOVE) <= 0.1
    await vito.page.keyboard.press("Escape")

    await vito.page.emulate_media(reduced_motion="no-preference")
    await vito.at("main-menu").click()
    await vito.at("menu-settings").click()
    await vito.at("open-appearance").click()
    await vito.at("look-calm").click()
    await expect(vito.at("look-calm")).to_have_attribute("aria-checked", "true")
    await vito.page.reload()
    await vito.is_live()
    assert await vito.page.evaluate(LONGEST_MOVE) <= 0.1
