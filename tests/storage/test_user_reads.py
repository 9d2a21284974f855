"""Reads of what belongs to one user: unread counts, what was missed, own data; with their round trips."""

from homeserver.storage import changes
from homeserver.storage.account_data import AccountData, Filters
from homeserver.storage.database import Database
from homeserver.storage.devices import Devices
from homeserver.storage.events.read import NEWEST
from homeserver.storage.members import Members
from homeserver.storage.mentions import Mentions, Unread
from homeserver.storage.receipts import Receipts
from homeserver.storage.rows import (
    NOTIFY,
    AccountDataRow,
    DeviceChangeRow,
    EventRow,
    MentionRow,
    RedactionRow,
    ToDeviceRow,
)
from homeserver.storage.to_device import ToDevice
from tests.storage import kinds
from tests.storage.trips import in_one_trip
from tests.storage.world import World, message


async def test_unread_counts_follow_receipts_mentions_and_threads(world: World) -> None:
    room = await world.room()
    await room.joins("@bob:test")
    mentions = Mentions(world.database)

    async def unread() -> list[Unread]:
        return sorted((await mentions.unread("@bob:test", [room.room_nid])).counts, key=str)

    root = await room.says("1", flags=NOTIFY)
    nid = world.database.nids.next()
    mention = MentionRow(user_id="@bob:test", notify=True, highlight=True, room_nid=room.room_nid, event_nid=nid)
    await room.commit(message("hello bob", event_nid=nid, flags=NOTIFY), rows=[mention])
    nid = world.database.nids.next()
    quiet = MentionRow(user_id="@bob:test", notify=False, highlight=False, room_nid=room.room_nid, event_nid=nid)
    await room.commit(message("quiet for bob", event_nid=nid, flags=NOTIFY), rows=[quiet])
    await room.says("mine, of a kind that nobody is notified of", sender="@bob:test")
    reply = await room.says("in a thread", relates=("m.thread", root.event_id, None), flags=NOTIFY)
    found = await in_one_trip(world.database, mentions.unread("@bob:test", [room.room_nid]))
    assert found.upto == {room.room_nid: reply.room_position}
    assert sorted(found.counts, key=str) == sorted(
        [Unread(room.room_nid, None, 2, 1), Unread(room.room_nid, root.event_id, 1, 0)], key=str
    )
    await world.stream.write(kinds.receipt(room, "@bob:test", reply, thread=root.event_id))
    assert await unread() == [Unread(room.room_nid, None, 2, 1)]
    await world.stream.write(kinds.receipt(room, "@bob:test", root))
    assert await unread() == [Unread(room.room_nid, None, 1, 1)]
    await Members(world.database).set_level("@bob:test", room.room_nid, 2, 0)
    assert await unread() == []
    await Members(world.database).set_level("@bob:test", room.room_nid, 0, 0)
    await world.stream.write(kinds.receipt(room, "@bob:test", reply))
    assert await unread() == []


async def test_who_writes_has_read_what_was_before_in_that_thread(world: World) -> None:
    room = await world.room()
    await room.joins("@bob:test")
    root = await room.says("1", flags=NOTIFY)
    await room.says("in a thread", relates=("m.thread", root.event_id, None), flags=NOTIFY)
    await room.says("mine", sender="@bob:test", flags=NOTIFY)
    await room.says("2", flags=NOTIFY)
    counts = (await Mentions(world.database).unread("@bob:test", [room.room_nid])).counts
    assert sorted((one.thread_id or "", one.notifications) for one in counts) == [("", 1), (root.event_id, 1)]


async def test_a_redacted_event_is_not_unread(world: World) -> None:
    room = await world.room()
    await room.joins("@bob:test")
    said = await room.says("1", flags=NOTIFY)
    redaction = RedactionRow(
        target_event_nid=said.event_nid, event_id=said.event_id, room_nid=room.room_nid, body=b"{}", redacted_by="$r"
    )
    assert len((await Mentions(world.database).unread("@bob:test", [room.room_nid])).counts) == 1
    await room.commit(message("redaction"), rows=[redaction])
    assert (await Mentions(world.database).unread("@bob:test", [room.room_nid])).counts == []


async def test_a_user_who_was_away_gets_everything_in_one_trip(world: World) -> None:
    room, other, inviting = await world.room(), await world.room(), await world.room()
    await room.joins("@bob:test")
    start = await world.stream.head()
    topic = await room.state("m.room.topic", "", {"topic": "t"})
    said = [await room.says(str(n)) for n in range(4)]
    await other.says("not for bob")
    await world.stream.write(
        kinds.receipt(room, "@alice:test", said[0]),
        AccountDataRow(user_id="@bob:test", room_id="", type="m.direct", content=b"{}"),
        AccountDataRow(user_id="@carol:test", room_id="", type="m.direct", content=b"{}"),
        ToDeviceRow(user_id="@bob:test", device_id="D", device_nid=7, content=b"{}"),
        ToDeviceRow(user_id="@bob:test", device_id="E", device_nid=8, content=b"{}"),
        DeviceChangeRow(user_id="@alice:test", device_id="D", room_nids=(room.room_nid,)),
        DeviceChangeRow(user_id="@far:far", device_id="D", room_nids=(other.room_nid,)),
        kinds.member(inviting, "@bob:test", "invite"),
    )
    head, rows = await in_one_trip(
        world.database,
        changes.of_user(world.database, user_id="@bob:test", device_nid=7, after=start, upto=NEWEST, timeline=2),
    )
    assert head == await world.stream.head()
    events = [row.event_id for row in rows if isinstance(row, EventRow)]
    assert events == [topic.event_id, said[2].event_id, said[3].event_id]
    others = [type(row).__name__ for row in rows if not isinstance(row, EventRow)]
    assert others == ["ReceiptRow", "AccountDataRow", "ToDeviceRow", "DeviceChangeRow", "MemberRow"]


async def test_the_users_own_data_is_read_in_one_trip_each(world: World) -> None:
    room = await world.room()
    said = await room.says("x")
    await world.stream.write(
        AccountDataRow(user_id="@a:test", room_id="", type="m.push_rules", content=b'{"a":1}'),
        AccountDataRow(user_id="@a:test", room_id=room.room_id, type="m.tag", content=b"{}"),
        kinds.receipt(room, "@a:test", said),
        ToDeviceRow(user_id="@a:test", device_id="D", device_nid=7, content=b"1"),
        ToDeviceRow(user_id="@a:test", device_id="D", device_nid=7, content=b"2"),
        DeviceChangeRow(user_id="@a:test", device_id=None, room_nids=()),
    )
    database, head = world.database, await world.stream.head()
    data = AccountData(database)
    assert await in_one_trip(database, data.read("@a:test", "", "m.push_rules")) == b'{"a":1}'
    assert {row.type for row in await in_one_trip(database, data.of_user("@a:test"))} == {"m.push_rules", "m.tag"}
    assert await in_one_trip(database, data.of_users(["@a:test"], "m.push_rules")) == {"@a:test": b'{"a":1}'}
    receipts = Receipts(database)
    assert len(await in_one_trip(database, receipts.of_rooms([room.room_nid]))) == 1
    assert (await in_one_trip(database, receipts.of_user("@a:test", room.room_nid)))[0].event_id == said.event_id
    inbox = ToDevice(database)
    waiting = await in_one_trip(database, inbox.inbox(7, 0, head))
    assert [row.content for row in waiting] == [b"1", b"2"]
    assert await inbox.acknowledge(7, waiting[0].position) == 1
    assert [row.content for row in await inbox.inbox(7, 0, head)] == [b"2"]
    devices = Devices(database)
    assert await in_one_trip(database, devices.changed_users(["@a:test", "@b:test"], 0, head)) == {"@a:test"}
    assert len(await in_one_trip(database, devices.changes_since(0, head))) == 1


async def test_equal_filters_share_an_id(database: Database) -> None:
    filters = Filters(database)
    first = await filters.create("@a:test", b"{}", b"digest")
    assert await filters.create("@a:test", b"{}", b"digest") == first
    assert await filters.create("@b:test", b"{}", b"digest") != first
    assert await filters.read("@a:test", first) == b"{}"
    assert await filters.read("@b:test", first) is None
