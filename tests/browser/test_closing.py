"""The end of an account, at the page of its owner and of others."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import START_LIMIT_MS
from tests.support.server import ServerProcess


@pytest.mark.full("browser")
async def test_an_account_is_closed_by_its_password_and_is_gone_for_others(
    house: ServerProcess, new_person: NewPerson
) -> None:
    rosa, saul = await new_person("rosa", house), await new_person("saul", house)
    await rosa.signs_up()
    await saul.signs_up()
    await saul.makes_group("Farewell", inviting=rosa)
    await rosa.accepts("Farewell")
    await rosa.says("so long")
    await saul.sees("so long")
    await rosa.at("main-menu").click()
    await rosa.at("menu-settings").click()
    await rosa.at("open-privacy").click()
    await rosa.at("open-close-account").click()
    await rosa.at("close-account-erase").click()
    await rosa.at("confirm-password").fill("not the one")
    await rosa.at("confirm-submit").click()
    await expect(rosa.at("confirm-password")).to_have_attribute("aria-invalid", "true")
    await rosa.at("confirm-password").fill(rosa.password)
    await rosa.at("confirm-submit").click()
    await rosa.at("sign-in").wait_for(timeout=START_LIMIT_MS)
    await expect(saul.at("service-line").last).to_contain_text("left")
    await saul.sees("so long")

    await rosa.page.reload()
    await rosa.at("sign-in").wait_for(timeout=START_LIMIT_MS)
    await rosa.at("username").fill("rosa")
    await rosa.at("password").fill(rosa.password)
    await rosa.at("submit").click()
    await expect(rosa.at("password")).to_have_attribute("aria-invalid", "true")
