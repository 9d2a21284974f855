"""Pruning takes what is used up, and nothing else."""

from homeserver.clock import SystemClock
from homeserver.services.upkeep import Upkeep
from homeserver.storage.events.read import Events
from homeserver.storage.leases import Leases
from homeserver.storage.rows import TxnKey
from homeserver.storage.sessions import UiAuthSessions
from homeserver.storage.to_device import ToDevice
from homeserver.storage.upkeep import Upkeep as UpkeepTable
from homeserver.storage.verifications import DAY_MS, Verification, Verifications
from tests.services.test_commits import House, house

__all__ = ["house"]


def upkeep_of(house: House) -> Upkeep:
    database = house.database
    return Upkeep(
        "test",
        Leases(database),
        UpkeepTable(database),
        Events(database),
        UiAuthSessions(database),
        ToDevice(database),
        house.feed,
        SystemClock(),
        of_age=[Verifications(database).prune],
    )


async def test_a_used_transaction_id_is_kept_for_a_day_and_then_forgotten(house: House) -> None:
    room = await house.room()
    await house.says(room, "kept", txn=TxnKey(1, 1, 1, "new"))
    await house.says(room, "old", txn=TxnKey(1, 1, 1, "old"))
    await house.database.execute("UPDATE client_txns SET created = now() - interval '25 hours' WHERE txn_id = 'old'")
    await upkeep_of(house).prune()
    left = await house.database.fetch("SELECT txn_id FROM client_txns")
    assert [row["txn_id"] for row in left] == ["new"]
    assert len(await house.database.fetch("SELECT FROM events WHERE type = 'm.room.message'")) == 2


async def test_sessions_of_proofs_are_forgotten_after_a_day(house: House) -> None:
    table, now = Verifications(house.database), SystemClock().now_ms()
    for sid, age_ms in (("new", 0), ("old", DAY_MS + 1000)):
        session = Verification(
            sid=sid,
            medium="msisdn",
            address_index=b"i",
            address=b"a",
            purpose="login",
            user_id="",
            secret=sid.encode(),
            send_attempt=1,
            next_link=None,
            code=None,
            reference=None,
            created_ts=now - age_ms,
            expires_ts=now,
        )
        await table.begin(session)
    await upkeep_of(house).prune()
    left = await house.database.fetch("SELECT sid FROM verifications")
    assert [row["sid"] for row in left] == ["new"]
