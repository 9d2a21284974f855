"""Inviting by phone number, and one's own number in the settings."""

import sys

import pytest
from playwright.async_api import expect

from homeserver.services.phone.own_numbers import WAIT_MS
from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.browser.phones import (
    LOGIN,
    Number,
    a_day_passes,
    asks_for_a_code,
    codes,
    comes_in,
    from_the_database,
    has_an_account,
    in_the_database,
    newest_code,
)
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

KNOWN, FUTURE, OTHER = Number("7400123456"), Number("7400123457"), Number("7400123458")


@pytest.fixture
async def house(new_house: NewHouse) -> ServerProcess:
    return await new_house(login=LOGIN)


async def _opens_the_phone_page(person: Person) -> None:
    await person.at("main-menu").click()
    await person.at("menu-settings").click()
    await person.at("open-phone").click()
    await person.at("own-numbers").wait_for(timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_people_are_invited_by_number_whether_or_not_they_have_an_account(
    house: ServerProcess, new_person: NewPerson
) -> None:
    await has_an_account(house, "mia", KNOWN)
    hugo, mia, nora = [await new_person(name, house) for name in ("hugo", "mia", "nora")]
    await hugo.signs_up(past_the_number=True)
    await hugo.makes_group("Numbers")
    await hugo.at("open-info").click()
    await hugo.at("info-invite").click()
    for written in (f"0{KNOWN.national}", FUTURE.shown):
        await hugo.at("picker-search").fill(written)
        await hugo.at("picker-number").click()
    await expect(hugo.at("picked")).to_have_count(2)
    before = house.log.count("text message")
    await hugo.at("invite-submit").click()
    await expect(hugo.at("invite-dialog")).to_have_count(0, timeout=LIVE_LIMIT_MS)

    await comes_in(mia, house, KNOWN)
    await mia.accepts("Numbers")
    await hugo.says("Hello by number")
    await mia.sees("Hello by number")

    await comes_in(nora, house, FUTURE, name="Nora")
    await nora.accepts("Numbers")
    await nora.says("Here I am")
    await hugo.sees("Here I am")
    assert house.log.count("text message") > before, "who has no account got a message"


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_a_chat_begins_by_number_in_the_field_that_finds_people(
    house: ServerProcess, new_person: NewPerson
) -> None:
    await has_an_account(house, "ivy", KNOWN)
    gus, ivy, kim = [await new_person(name, house) for name in ("gus", "ivy", "kim")]
    await comes_in(gus, house, OTHER, name="Gus")
    await gus.at("search-input").fill("0123")
    await expect(gus.at("found-number")).to_have_count(0)
    await gus.at("search-input").fill(KNOWN.shown)
    await gus.at("found-number").click()
    await gus.at("question-yes").click()
    await gus.at("chat").wait_for(timeout=LIVE_LIMIT_MS)
    await gus.says("Hello by number")
    await comes_in(ivy, house, KNOWN)
    await ivy.at("invite", text="Gus").get_by_test_id("invite-accept").click(timeout=LIVE_LIMIT_MS)
    await ivy.sees("Hello by number")

    await gus.at("left-column").hover()
    await gus.at("new-chat").click()
    await gus.at("menu-new-private").click()
    await gus.at("address").fill(FUTURE.shown)
    await gus.at("found-number").click()
    await gus.at("question-yes").click()
    await expect(gus.at("new-chat-dialog")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await gus.says("Come in")
    await comes_in(kim, house, FUTURE, name="Kim")
    await kim.at("invite", text="Gus").get_by_test_id("invite-accept").click(timeout=LIVE_LIMIT_MS)
    await kim.says("Here I am")
    await gus.sees("Here I am")


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_a_number_is_changed_and_a_password_asked_for_after_the_code(
    house: ServerProcess, new_person: NewPerson
) -> None:
    sue = await new_person("sue", house)
    await comes_in(sue, house, KNOWN, name="Sue")
    await _opens_the_phone_page(sue)
    await expect(sue.at("own-number")).to_contain_text(KNOWN.masked)
    await sue.at("own-number").click()
    await sue.at("menu-show").click()
    await expect(sue.at("own-number")).to_contain_text(KNOWN.shown)

    await sue.at("own-number").click()
    await sue.at("menu-change").click()
    await sue.at("number").fill("+44 7400 12")
    await expect(sue.at("number-next")).to_be_disabled()
    await sue.at("number").fill(OTHER.shown)
    before = len(codes(house))
    await sue.at("number-next").click()
    await sue.at("code").fill(await newest_code(house, after=before))
    await a_day_passes(house)
    before = len(codes(house))
    await sue.at("confirm-send").click(timeout=LIVE_LIMIT_MS)
    await sue.at("code").fill(await newest_code(house, after=before))
    await expect(sue.at("number-dialog")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await expect(sue.at("own-number")).to_contain_text(OTHER.masked, timeout=LIVE_LIMIT_MS)

    # The first password of the account, and with it the second step.
    await a_day_passes(house)
    await sue.at("second-factor").click()
    await sue.at("new-password").fill(sue.password)
    before = len(codes(house))
    await sue.at("confirm-send").click()
    await sue.at("code").fill(await newest_code(house, after=before))
    await expect(sue.at("second-factor")).to_have_attribute("aria-checked", "true", timeout=LIVE_LIMIT_MS)

    await a_day_passes(house)
    elsewhere = await new_person("sue", house)
    await elsewhere.opens_the_page()
    await elsewhere.at("code").fill(await asks_for_a_code(elsewhere, house, OTHER))
    await elsewhere.at("phone-password").get_by_test_id("password").fill("not this one")
    await elsewhere.at("submit").click()
    await expect(elsewhere.at("password")).to_have_attribute("aria-invalid", "true", timeout=LIVE_LIMIT_MS)
    await elsewhere.at("password").fill(sue.password)
    await elsewhere.at("submit").click()
    await elsewhere.is_live()


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_an_account_by_name_adds_a_number_and_takes_it_away_again(
    house: ServerProcess, new_person: NewPerson
) -> None:
    tom = await new_person("tom", house)
    await tom.signs_up(past_the_number=True)
    await _opens_the_phone_page(tom)
    await tom.at("add-number").click()
    await tom.at("number").fill("+44 7400 000000")
    await tom.at("number").fill(KNOWN.shown)
    await tom.at("number-next").click()
    await tom.at("code").fill(await newest_code(house))
    await tom.at("confirm-password").fill("not this one")
    await tom.at("confirm-submit").click()
    await expect(tom.at("confirm-password")).to_have_attribute("aria-invalid", "true", timeout=LIVE_LIMIT_MS)
    await tom.at("confirm-password").fill(tom.password)
    await tom.at("confirm-submit").click()
    await expect(tom.at("own-number")).to_contain_text(KNOWN.masked, timeout=LIVE_LIMIT_MS)

    await tom.at("number-invites").click()
    await expect(tom.at("number-invites")).to_have_attribute("aria-checked", "false")
    await tom.page.reload()
    await tom.is_live()
    await _opens_the_phone_page(tom)
    await expect(tom.at("number-invites")).to_have_attribute("aria-checked", "false")
    await tom.at("own-number").click()
    await tom.at("menu-remove").click()
    await tom.at("question-yes").click()
    await tom.at("add-number").wait_for(timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
@pytest.mark.full("phone")
async def test_a_lost_number_changes_after_a_week_and_can_be_kept_until_then(
    new_house: NewHouse, new_person: NewPerson
) -> None:
    house = await new_house(login=LOGIN, prefix=(sys.executable, "-m", "tests.browser.hasty_house"))
    uma = await new_person("uma", house)
    await comes_in(uma, house, KNOWN, name="Uma")
    await _opens_the_phone_page(uma)
    for keeps in (True, False):
        await a_day_passes(house)
        await uma.at("own-number").click()
        await uma.at("menu-change").click()
        await uma.at("number").fill(OTHER.shown)
        before = len(codes(house))
        await uma.at("number-next").click()
        await uma.at("code").fill(await newest_code(house, after=before))
        await uma.at("number-wait").click(timeout=LIVE_LIMIT_MS)
        await uma.at("question-yes").click()
        await expect(uma.at("number-pending")).to_contain_text(OTHER.masked, timeout=LIVE_LIMIT_MS)
        await expect(uma.at("own-number")).to_contain_text(KNOWN.masked)
        if keeps:
            await uma.at("number-keep").click()
            await expect(uma.at("number-pending")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await in_the_database(house, f"UPDATE number_changes SET due_ts = due_ts - {WAIT_MS}")
    await eventually(lambda: _nothing_waits(house))
    await uma.page.reload()
    await uma.is_live()
    await _opens_the_phone_page(uma)
    await expect(uma.at("own-number")).to_contain_text(OTHER.masked, timeout=LIVE_LIMIT_MS)
    await expect(uma.at("number-pending")).to_have_count(0)


async def _nothing_waits(house: ServerProcess) -> bool:
    return await from_the_database(house, "SELECT count(*) FROM number_changes") == 0
