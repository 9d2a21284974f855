"""What admins see of text messages, and how they are told when something is wrong."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeserver.config.accounts import Login, Password, PhoneLogin, Sms, SmsBudget
from homeserver.storage.database import Database
from tests.asgi.driver import ask
from tests.phone.house import Phones, has_number, request
from tests.support.client import Server, User
from tests.support.running import configured, running_on

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

GUARD = "/unstable/app.hearth/admin/sms"
OWNER = "/unstable/app.hearth/admin/numbers/owner"


async def admin_of(server: Server, url: str) -> User:
    """Somebody who became an admin before signing in."""
    name = (await server.register()).user_id
    database = await Database.open(url)
    await database.execute("UPDATE users SET is_admin = true WHERE user_id = $1", name)
    await database.close()
    return await server.login(name)


async def notices_of(user: User) -> list[str]:
    """The texts of notices, once the room of them is there."""
    rooms: dict[str, Any] = (await user.call("GET", "/v3/sync"))["rooms"]
    for room in rooms["invite"]:
        await user.joins(room)
    texts = []
    for room in (await user.call("GET", "/v3/joined_rooms"))["joined_rooms"]:
        texts += await user.sees(room)
    return texts


async def test_an_admin_is_told_what_messages_cost_and_whose_a_number_is(
    cluster: "Cluster", tmp_path: Path, phones: Phones
) -> None:
    login = Login(password=Password(hash_cost="test"), phone=PhoneLogin(enabled=True))
    sms = Sms(countries=("GB",), budget=SmsBudget(per_hour=3, per_day=3))
    async with (
        cluster.database() as url,
        running_on(configured(url, tmp_path, login=login, sms=sms)) as (app, server),
    ):
        admin = await admin_of(server, url)
        ann = await has_number(await server.register(), server, phones, "07400 129001")
        assert await admin.call("POST", OWNER, {"number": "07400 129001", "country": "GB"}) == {"user_id": ann.user_id}
        assert (await admin.ask("POST", OWNER, {"number": "+447400129002"}))[0] == 404
        assert (await ann.ask("GET", GUARD))[0] == (await ann.ask("POST", OWNER, {"number": "+447400129001"}))[0] == 403
        assert (await request(server, "+33612345678"))[1]["errcode"] == "M_THREEPID_DENIED"
        for number, status in (("+447400139002", 200), ("+447400149003", 200), ("+447400159004", 503)):
            assert (await request(server, number))[0] == status
        told = await admin.call("GET", GUARD)
        assert told == {
            "provider": "console",
            "provider_down": False,
            "budget": {"hour": 3, "hour_limit": 3, "day": 3, "day_limit": 3},
            "sent": {"code": 3, "invite": 0},
            "refusals": {"country": 1, "budget_hour": 1},
            "alarms": {"budget_nearly_used": 1, "budget_used": 1},
            "countries": [{"country": "GB", "sent": 3, "given_back": 1, "blocked": False}],
        }
        async with asyncio.timeout(10):
            while len(await notices_of(admin)) < 2:  # noqa: ASYNC110 - the notices are sent behind the answers' back
                await asyncio.sleep(0.1)
        metrics = await ask(app.listener(frozenset({"metrics"})), "GET", "/metrics")
        assert b'hearth_sms_refused_total{limit="budget_hour"} 1.0' in metrics.body
        assert b'hearth_sms_sent_total{kind="code"} 3.0' in metrics.body
