"""First light: a person at server A and a person at server B talk live, each at the page of their own server."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.person import LIVE_LIMIT_MS, Person

CATCH_UP_MS = 90_000
MISSED = [f"while you were away {number}" for number in range(1, 21)]

Measure = Callable[[str, Awaitable[object]], Awaitable[None]]


@pytest.fixture
def live(record_property: Callable[[str, object], None]) -> Measure:
    """Awaits what should be seen at once on the other page, and notes how long it took."""

    async def seen(what: str, sight: Awaitable[object]) -> None:
        began = time.monotonic()
        await sight
        record_property(f"seconds until {what} is seen", round(time.monotonic() - began, 3))

    return seen


@pytest.mark.timeout(300)
async def test_two_people_on_two_servers_talk_live(new_house: NewHouse, new_person: NewPerson, live: Measure) -> None:
    ours, theirs = await asyncio.gather(new_house(), new_house())
    alice, bob = await new_person("alice", ours), await new_person("bob", theirs)
    await asyncio.gather(alice.signs_up(), bob.signs_up())

    await alice.makes_group("First light", inviting=bob)
    await bob.at("invite", text="First light").wait_for(timeout=LIVE_LIMIT_MS)
    await bob.accepts("First light")
    await expect(alice.at("service-line", text=re.compile(r"bob\W* joined"))).to_be_visible(timeout=LIVE_LIMIT_MS)

    await _talk(alice, bob, live)
    await _talk(bob, alice, live)
    await bob.page.reload()
    await bob.is_live()
    await expect(bob.message("Good evening from alice").get_by_test_id("edited-mark")).to_be_visible()
    quote = bob.message("An answer by alice").get_by_test_id("reply-quote")
    await expect(quote).to_contain_text("Good evening from alice")
    assert "/v4/sync" not in ours.log + theirs.log, "all of it came by the socket"

    await theirs.kill()
    for text in MISSED:
        await alice.says(text)
    await alice.sees_ticks(MISSED[-1], "sent", LIVE_LIMIT_MS)
    await theirs.start()
    await bob.sees(MISSED[-1], CATCH_UP_MS)
    seen = [text for text in await bob.messages() if text in MISSED]
    assert seen == MISSED, "all of them, in order, each once"
    await alice.sees_ticks(MISSED[-1], "read", CATCH_UP_MS)
    await alice.sees_ticks(MISSED[0], "read", LIVE_LIMIT_MS)


async def _talk(one: Person, other: Person, live: Measure) -> None:
    """Everything that one can say, each seen live by the other."""
    who = one.name
    await one.writes("Hel")
    await live(f"{who} typing", other.sees_typing())
    await one.says(f"Hello from {who}")
    await live(f"{who}'s message", other.sees(f"Hello from {who}"))
    await live(f"the read tick of {who}'s message", one.sees_ticks(f"Hello from {who}", "read"))

    await one.changes(f"Hello from {who}", f"Good evening from {who}")
    await live(f"{who}'s edit", other.sees(f"Good evening from {who}"))
    edited = other.message(f"Good evening from {who}")
    await expect(edited.get_by_test_id("edited-mark")).to_be_visible()

    await one.replies(f"Good evening from {who}", f"An answer by {who}")
    await live(f"{who}'s reply", other.sees(f"An answer by {who}"))
    quote = other.message(f"An answer by {who}").get_by_test_id("reply-quote")
    await expect(quote).to_contain_text(f"Good evening from {who}")

    await one.says(f"Never said by {who}")
    await other.sees(f"Never said by {who}")
    await one.deletes(f"Never said by {who}")
    await live(f"{who}'s redaction", other.sees_no(f"Never said by {who}"))
    await expect(other.at("redacted-message")).to_have_count(0)
