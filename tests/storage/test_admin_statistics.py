"""What admins count: rooms shared with a server. The rest is asked over HTTP in `tests/admin`."""

from homeserver.storage.admin_statistics import AdminStatistics
from tests.storage.world import World


async def test_rooms_shared_with_a_server_come_page_by_page(world: World) -> None:
    shared = [await world.room() for _ in range(3)]
    for room in shared:
        await room.joins("@bob:other")
        await room.joins("@carol:other")
    await world.room()
    statistics = AdminStatistics(world.database)
    names = sorted(room.room_id for room in shared)
    page, total = await statistics.rooms_with("other", 0, 2, backwards=False)
    assert ([room_id for room_id, _ in page], total) == (names[:2], 3)
    rest, _ = await statistics.rooms_with("other", 2, 2, backwards=False)
    assert [room_id for room_id, _ in rest] == names[2:]
    newest = await world.database.fetchval("SELECT max(position) FROM events")
    backwards, _ = await statistics.rooms_with("other", 0, 3, backwards=True)
    assert [room_id for room_id, _ in backwards] == names[::-1]
    assert all(0 < position <= newest for _, position in backwards)
    assert await statistics.rooms_with("elsewhere", 0, 9, backwards=False) == ([], 0)
