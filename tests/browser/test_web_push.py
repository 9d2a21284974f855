"""Being told while no page is open: what the server sends to a browser, and what the browser then shows."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS
from tests.services.push.browsers import PushService, running_service
from tests.support.client import Server
from tests.support.waiting import eventually
from tools.certificates import LocalCertificate

# Browsers get their addresses from their maker, who is not reached from here.
MAKER = """(address) => {
    const made = {
        endpoint: address.data.url,
        toJSON: () => ({ endpoint: made.endpoint, keys: { p256dh: address.pushkey, auth: address.data.auth } }),
        unsubscribe: async () => { localStorage.removeItem('made'); return true; },
    };
    PushManager.prototype.subscribe = async (options) => {
        localStorage.setItem('made', options.applicationServerKey);
        return made;
    };
    PushManager.prototype.getSubscription = async () => (localStorage.getItem('made') ? made : null);
}"""
SHOWN = """async () => (await registration.getNotifications())
    .map(({ title, body, tag, data }) => ({ title, body, tag, hash: data.hash }))"""


async def _deliver(page: Page, origin: str, told: dict[str, Any]) -> None:
    """Bring what came for the browser to its service worker, as the browser itself would."""
    session = await page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    await session.send("ServiceWorker.enable")
    while not registrations:
        await page.wait_for_timeout(50)
    [known] = {one["registrationId"] for one in registrations if one["scopeURL"].startswith(origin)}
    await page.goto("about:blank")
    message = {"origin": origin, "registrationId": known, "data": json.dumps(told)}
    await session.send("ServiceWorker.deliverPushMessage", message)


async def _shown(page: Page) -> Any:
    """The one notification that the service worker shows."""
    async with asyncio.timeout(LIVE_LIMIT_MS / 1000):
        while True:
            for worker in page.context.service_workers:
                told = await worker.evaluate(SHOWN)
                if told:
                    [one] = told
                    return one
            await page.wait_for_timeout(100)


@pytest.mark.full("browser")
async def test_what_comes_while_no_page_is_open_is_told_by_the_browser(
    new_house: NewHouse, new_person: NewPerson, certificate: LocalCertificate
) -> None:
    outbound = {"verify_certificates": False, "allow_private_addresses": True}
    house = await new_house(outbound_http=outbound)
    async with running_service(certificate) as service:
        xena, yuri = await new_person("xena", house), await new_person("yuri", house)
        await xena.context.grant_permissions(["notifications"])
        await xena.page.add_init_script(f"({MAKER})({json.dumps(_address(service))})")
        await xena.signs_up()
        await yuri.signs_up()
        room = await yuri.makes_group("Harbour", inviting=xena)
        await xena.accepts("Harbour")
        await xena.leaves_the_chat_alone()
        await xena.at("main-menu").click()
        await xena.at("menu-settings").click()
        await xena.at("open-notifications").click()
        await xena.at("notify-away").click(timeout=LIVE_LIMIT_MS)
        await expect(xena.at("notify-away")).to_have_attribute("aria-checked", "true", timeout=LIVE_LIMIT_MS)
        await xena.page.reload()
        await xena.is_live()

        await yuri.says("the ship is in")
        await service.has(1)
        told = service.opened(service.came[0][2])
        assert (told["user_id"], told["room_id"]) == (xena.user_id, room)
        await _deliver(xena.page, house.url, told)
        assert await _shown(xena.page) == {
            "title": "Harbour",
            "body": "yuri: the ship is in",
            "tag": room,
            "hash": f"#/{room}/{told['event_id']}",
        }
        await xena.page.goto(f"{house.url}/#/{room}/{told['event_id']}")
        await xena.sees("the ship is in", START_LIMIT_MS)
        await xena.page.keyboard.press("Escape")

        await xena.at("main-menu").click()
        await xena.at("menu-settings").click()
        await xena.at("open-notifications").click()
        await xena.at("notify-away").click(timeout=LIVE_LIMIT_MS)
        await expect(xena.at("notify-away")).to_have_attribute("aria-checked", "false", timeout=LIVE_LIMIT_MS)
        async with Server(house.url, house.name) as server:
            elsewhere = await server.login("xena")

            async def is_told_no_more() -> bool:
                return not (await elsewhere.call("GET", "/v3/pushers"))["pushers"]

            await eventually(is_told_no_more)
        await yuri.says("and out again")
        await expect(xena.at("chat-row", text="Harbour")).to_contain_text("and out again", timeout=LIVE_LIMIT_MS)
        assert len(service.came) == 1


def _address(service: PushService) -> dict[str, Any]:
    subscription = service.subscription("xena")
    return {name: subscription[name] for name in ("pushkey", "data")}
