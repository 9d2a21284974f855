"""Pruning takes what is used up, and nothing else."""

from homeserver.clock import SystemClock
from homeserver.services.upkeep import Upkeep
from homeserver.storage.events.read import Events
from homeserver.storage.leases import Leases
from homeserver.storage.rows import TxnKey
from homeserver.storage.sessions import UiAuthSessions
from homeserver.storage.to_device import ToDevice
from homeserver.storage.upkeep import Upkeep as UpkeepTable
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
