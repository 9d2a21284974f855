"""Coming in by phone number and code."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from homeserver.services.phone.approval import WAIT_MS, YOUNG_MS
from homeserver.services.phone.signing_in import IDLE_MS
from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.files import photo
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS
from tests.browser.phones import (
    LOGIN,
    Number,
    a_day_passes,
    another,
    asks_for_a_code,
    comes_in,
    has_an_account,
    in_the_database,
    is_let_in,
    is_not_the_code,
    newest_code,
)
from tests.phone import test_twilio as provider
from tests.support.client import Server
from tests.support.server import ServerProcess

NUMBER = Number("7400123456")
FASTEST_S = 30
"""What signing up may take, with all that the person types."""

verify = provider.verify


@pytest.fixture
async def house(new_house: NewHouse) -> ServerProcess:
    return await new_house(login=LOGIN)


@pytest.fixture
async def billed_house(new_house: NewHouse, verify: provider.Verify) -> ServerProcess:
    """A server whose text messages go out by a Twilio on this machine."""
    service = {"account_sid": "AC1", "auth_token": "token", "verify_service_sid": provider.SERVICE}
    sms = {"provider": "twilio", "twilio": service, "countries": ["GB"]}
    prefix = (sys.executable, "-m", "tests.browser.twilio_house", verify.url)
    return await new_house(login=LOGIN, sms=sms, prefix=prefix)


async def test_a_number_makes_an_account_and_signs_in_elsewhere(
    house: ServerProcess, new_person: NewPerson, record_property: Callable[[str, object], None]
) -> None:
    pia = await new_person("pia", house)
    began = time.monotonic()
    await pia.opens_the_page()
    await pia.at("country").click(timeout=START_LIMIT_MS)
    await pia.at("country").fill("+44")
    await expect(pia.at("country-option").first).to_be_visible()
    await pia.at("country").press("Enter")
    await expect(pia.at("country")).to_have_value("United Kingdom")
    await expect(pia.at("submit")).to_be_disabled()
    await pia.at("number").press_sequentially(NUMBER.national)
    await expect(pia.at("number")).to_have_value(NUMBER.shown)
    await pia.at("submit").click()
    await expect(pia.at("auth-title")).to_have_text(NUMBER.shown, timeout=LIVE_LIMIT_MS)
    await expect(pia.at("resend")).to_be_disabled()
    await pia.at("code").press_sequentially(await newest_code(house))
    await pia.at("display-name").fill("Pia Phone")
    await pia.at("username").fill("pia")
    await pia.at("submit").click()
    await pia.is_live()
    took = time.monotonic() - began
    record_property("signing up by number", f"{took:.1f} s")
    assert took < FASTEST_S
    await pia.makes_group("By number")

    await a_day_passes(house)
    again = await new_person("pia", house)
    await again.opens_the_page()
    code = await asks_for_a_code(again, house, NUMBER)
    await is_not_the_code(again, another(code))
    await again.at("code").press_sequentially(code)
    await is_let_in(again, by=pia)
    await again.is_live()
    await again.opens("By number")


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_a_stolen_number_is_seen_and_stopped_on_the_devices_of_its_owner(
    house: ServerProcess, new_person: NewPerson
) -> None:
    olga, thief = [await new_person("olga", house) for _ in range(2)]
    await comes_in(olga, house, NUMBER, name="Olga")

    async def comes() -> None:
        await a_day_passes(house)
        await thief.at("code").fill(await asks_for_a_code(thief, house, NUMBER))
        await thief.at("sign-in-number").wait_for(timeout=START_LIMIT_MS)

    await thief.opens_the_page()
    await comes()
    await expect(olga.at("sign-in-browser")).to_contain_text("Chrome", timeout=START_LIMIT_MS)
    await olga.at("sign-in-refuse").click()
    await expect(thief.at("number")).to_have_attribute("aria-invalid", "true", timeout=START_LIMIT_MS)
    await expect(thief.at("phone-number")).to_contain_text("refused on another device")

    await comes()
    shown = int(await thief.at("sign-in-number").inner_text())
    await olga.at("sign-in-number-field").fill(f"{(shown + 1) % 100:02}", timeout=START_LIMIT_MS)
    await olga.at("sign-in-approve").click()
    await expect(thief.at("number")).to_have_attribute("aria-invalid", "true", timeout=START_LIMIT_MS)

    await comes()
    await thief.at("recover").click()
    await thief.at("recover-yes").click()
    await expect(thief.at("phone-more")).to_contain_text("opens this account from", timeout=START_LIMIT_MS)
    await olga.at("sign-in-refuse").click(timeout=START_LIMIT_MS)
    await expect(olga.at("recovery-stop")).to_be_visible(timeout=START_LIMIT_MS)
    await olga.at("recovery-mine").click()
    for step in ("main-menu", "menu-settings", "open-phone", "recovery-waits-stop"):
        await olga.at(step).click(timeout=START_LIMIT_MS)
    await expect(olga.at("recovery-waits")).to_have_count(0, timeout=START_LIMIT_MS)
    await in_the_database(house, f"UPDATE recoveries SET due_ts = due_ts - {WAIT_MS}")
    await comes()
    await thief.at("recover").click()
    await thief.at("recover-yes").click()
    await expect(thief.at("phone-more")).to_contain_text("stopped that", timeout=START_LIMIT_MS)


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_who_has_only_the_number_waits_a_week_and_a_browser_that_signed_out_does_not(
    house: ServerProcess, new_person: NewPerson
) -> None:
    lea, elsewhere = [await new_person("lea", house) for _ in range(2)]
    await comes_in(lea, house, NUMBER, name="Lea")
    await lea.makes_group("Kept")
    await in_the_database(house, f"UPDATE users SET created_ts = created_ts - {YOUNG_MS}")
    await lea.at("main-menu").click()
    await lea.at("menu-sign-out").click()
    await lea.at("question-yes").click()
    await lea.at("number").wait_for(timeout=START_LIMIT_MS)

    await a_day_passes(house)
    await elsewhere.opens_the_page()
    await elsewhere.at("code").fill(await asks_for_a_code(elsewhere, house, NUMBER))
    await elsewhere.at("recover").click(timeout=START_LIMIT_MS)
    await elsewhere.at("recover-yes").click()
    await expect(elsewhere.at("phone-more")).to_contain_text("Come back then", timeout=START_LIMIT_MS)
    await in_the_database(house, f"UPDATE recoveries SET due_ts = due_ts - {WAIT_MS}")
    await comes_in(elsewhere, house, NUMBER)
    await elsewhere.opens("Kept")

    await comes_in(lea, house, NUMBER)
    await lea.opens("Kept")


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_who_signs_up_by_number_may_bring_a_photo(
    house: ServerProcess, new_person: NewPerson, tmp_path: Path
) -> None:
    tess = await new_person("tess", house, phone=True)
    await tess.opens_the_page()
    await tess.at("code").fill(await asks_for_a_code(tess, house, NUMBER))
    async with tess.page.expect_file_chooser() as chooser:
        await tess.at("sign-up-photo").click()
    await (await chooser.value).set_files(photo(tmp_path, "face.jpg", (600, 400), "teal"))
    await tess.at("crop-done").tap()
    await expect(tess.at("crop-dialog")).to_have_count(0)
    await expect(tess.at("sign-up-photo").locator("img")).to_be_visible()
    await tess.at("display-name").fill("Tess")
    await tess.at("username").fill("tess")
    await tess.at("submit").click()
    await tess.is_live()
    async with Server(house.url, house.name) as server:
        watcher = await server.register("watcher")
        profile = await watcher.call("GET", f"/v3/profile/{tess.user_id}")
    assert profile["displayname"] == "Tess"
    assert profile["avatar_url"].startswith("mxc://")


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_five_wrong_codes_end_a_code_and_the_next_one_costs_work(
    house: ServerProcess, new_person: NewPerson
) -> None:
    quin = await new_person("quin", house)
    await quin.opens_the_page()
    code = await asks_for_a_code(quin, house, NUMBER)
    for _ in range(4):
        await is_not_the_code(quin, another(code))
    await quin.at("code").press_sequentially(another(code))
    await expect(quin.at("number")).to_have_attribute("aria-invalid", "true", timeout=LIVE_LIMIT_MS)
    await a_day_passes(house)
    fresh = await asks_for_a_code(quin, house, NUMBER)
    await quin.at("code").press_sequentially(fresh)
    await quin.at("phone-name").wait_for(timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_an_account_that_nobody_used_for_long_asks_whose_it_is(
    house: ServerProcess, new_person: NewPerson
) -> None:
    await has_an_account(house, "before", NUMBER)
    await in_the_database(house, "UPDATE users SET password_hash = 'x'")
    await in_the_database(house, f"UPDATE phone_accounts SET left_ts = left_ts - {IDLE_MS}")
    await a_day_passes(house)
    sue = await new_person("sue", house)
    await sue.opens_the_page()
    await sue.at("code").fill(await asks_for_a_code(sue, house, NUMBER))
    await sue.at("phone-password").wait_for(timeout=LIVE_LIMIT_MS)
    await sue.at("not-mine").click()
    await sue.at("display-name").fill("Sue")
    await sue.at("submit").click()
    await sue.is_live()


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_the_name_and_the_password_are_offered_too(house: ServerProcess, new_person: NewPerson) -> None:
    rob = await new_person("rob", house)
    await rob.signs_up(past_the_number=True)


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_while_no_messages_can_be_sent_the_page_says_so_and_offers_other_ways(
    billed_house: ServerProcess, new_person: NewPerson, verify: provider.Verify
) -> None:
    vera = await new_person("vera", billed_house)
    await vera.opens_the_page()
    await vera.at("number").fill(NUMBER.shown, timeout=START_LIMIT_MS)
    await vera.at("submit").click()
    await vera.at("code").fill(provider.CODE, timeout=START_LIMIT_MS)
    await vera.at("display-name").fill("Vera")
    await vera.at("submit").click()
    await vera.is_live()
    assert verify.texts == [f"+44{NUMBER.national}"], "one press, one message"

    async with Server(billed_house.url, billed_house.name) as server:
        await server.register("will")
    verify.breaks = [provider.refusal(503, 20503)] * 20
    will = await new_person("will", billed_house)
    await will.opens_the_page()
    await will.at("number").fill("+44 7400 123457", timeout=START_LIMIT_MS)
    await will.at("submit").click()
    card = will.at("phone-number")
    await expect(card).to_contain_text("No text messages can be sent at the moment", timeout=LIVE_LIMIT_MS)
    await expect(card).to_contain_text("sign in another way")
    await will.at("by-name").click()
    await will.at("sign-in").get_by_test_id("username").fill("will")
    await will.at("password").fill(will.password)
    await will.at("submit").click()
    await will.is_live()
    assert len(verify.texts) == 1
