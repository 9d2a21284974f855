"""Parts of the page that are fetched when they are asked for: what does not come at once comes later."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import NewPerson
from tests.support.server import ServerProcess

LIMIT_MS = 30_000


@pytest.mark.full("browser")
async def test_a_page_that_cannot_be_fetched_is_told_and_opens_when_it_can(
    house: ServerProcess, new_person: NewPerson
) -> None:
    polly = await new_person("polly", house)
    away = True

    async def gone(route: Route) -> None:
        await (route.abort() if away else route.continue_())

    # What a service worker fetches passes these routes by.
    await polly.page.add_init_script("delete Navigator.prototype.serviceWorker")
    await polly.page.route(re.compile(r"/assets/panes-.*\.(js|css)$"), gone)
    await polly.signs_up()
    await polly.at("main-menu").click()
    await polly.at("menu-settings").click()
    await expect(polly.at("toast")).to_contain_text("cannot be fetched", timeout=LIMIT_MS)
    # Some browsers keep in mind that the file did not come, so a new page is offered, which has it.
    await expect(polly.at("question-yes")).to_be_visible(timeout=LIMIT_MS)
    away = False
    await polly.at("question-yes").click()
    await polly.at("main-menu").click(timeout=LIMIT_MS)
    await polly.at("menu-settings").click()
    await expect(polly.at("open-privacy")).to_be_visible(timeout=LIMIT_MS)
