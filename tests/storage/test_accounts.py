"""Accounts, sessions with their refresh tokens, devices, revocations."""

import pytest

from homeserver.storage.database import Database
from homeserver.storage.devices import Devices
from homeserver.storage.profiles import Profiles
from homeserver.storage.registration_tokens import RegistrationTokens
from homeserver.storage.rows import AccountRow, RevocationRow
from homeserver.storage.sessions import Session, Sessions, UiAuthSession, UiAuthSessions
from homeserver.storage.sync_connections import SavedConnection, SyncConnections
from homeserver.storage.users import MAKING_MS, Threepid, Threepids, Users
from tests.storage.world import World

ALICE = "@alice:test"


async def account(database: Database, user_id: str = ALICE) -> None:
    assert await Users(database).create(user_id, password_hash="hash", now_ms=1) is not None


async def begin(
    database: Database, token: bytes = b"a1", device_id: str = "DEV", refresh: bytes | None = b"r1"
) -> Session:
    return await Sessions(database).create(
        user_id=ALICE,
        device_id=device_id,
        access_hash=token,
        access_expires_ts=99,
        refresh_hash=refresh,
        display_name="phone",
        now_ms=5,
    )


async def test_a_name_is_given_once(database: Database) -> None:
    users = Users(database)
    await account(database)
    assert await users.create(ALICE, password_hash=None, now_ms=2) is None
    user = await users.read(ALICE)
    assert user is not None
    assert (user.password_hash, user.created_ts, user.is_deactivated) == ("hash", 1, False)
    assert await users.existing([ALICE, "@none:test"]) == {ALICE}
    assert await users.has_any()
    assert [found.user_id for found in await users.page("", 5)] == [ALICE]


async def test_a_deactivated_name_stays_taken(database: Database) -> None:
    users = Users(database)
    await account(database)
    await Profiles(database).set(ALICE, "displayname", b'"A"')
    await Threepids(database).add(Threepid("msisdn", "123", ALICE, 1, 1))
    await users.deactivate(ALICE, erase=True)
    user = await users.read(ALICE)
    assert user is not None
    assert (user.is_deactivated, user.is_erased, user.password_hash) == (True, True, None)
    assert await users.create(ALICE, password_hash=None, now_ms=2) is None
    assert (await Profiles(database).read(ALICE), await Threepids(database).of_user(ALICE)) == ({}, [])


async def test_flags_of_an_account_are_set_by_the_stream_each_as_it_is_named(world: World) -> None:
    users = Users(world.database)
    await account(world.database)
    changed = AccountRow(user_id=ALICE, is_admin=True), AccountRow(user_id=ALICE, is_locked=True)
    await world.stream.write(*changed, RevocationRow(user_id=ALICE, kind="account"))
    await begin(world.database)
    assert await users.set_password(ALICE, None)
    user = await users.read(ALICE)
    assert user is not None
    assert (user.is_admin, user.is_locked, user.is_suspended, user.password_hash) == (True, True, False, None)
    session = await Sessions(world.database).authenticate(b"a1")
    assert session is not None
    assert session.is_admin
    assert session.is_locked


async def test_a_token_authenticates_in_one_trip(database: Database) -> None:
    await account(database)
    session = await begin(database)
    with database.count() as trips:
        found = await Sessions(database).authenticate(b"a1")
    assert found == session
    assert (trips.reads, trips.writes) == (1, 0)
    assert (session.user_id, session.device_id, session.access_expires_ts) == (ALICE, "DEV", 99)
    assert await Sessions(database).authenticate(b"other") is None


async def test_logging_in_on_a_known_device_ends_its_old_session(database: Database) -> None:
    await account(database)
    first = await begin(database)
    second = await begin(database, b"a2", refresh=b"r2")
    assert second.device_nid == first.device_nid
    assert await Sessions(database).authenticate(b"a1") is None
    assert await Sessions(database).sessions_of_device(ALICE, "DEV") == [second.session_nid]


async def test_a_session_needs_an_account(database: Database) -> None:
    with pytest.raises(LookupError):
        await begin(database)


async def refresh(database: Database, token: bytes, access: bytes, following: bytes) -> tuple[Session | None, bool]:
    return await Sessions(database).refresh(
        token, access_hash=access, new_refresh_hash=following, access_expires_ts=200
    )


async def test_a_refresh_token_is_exchanged_for_new_tokens(database: Database) -> None:
    await account(database)
    session = await begin(database)
    refreshed, reused = await refresh(database, b"r1", b"a2", b"r2")
    assert refreshed is not None
    assert (refreshed.session_nid, refreshed.access_expires_ts, reused) == (session.session_nid, 200, False)
    assert await Sessions(database).authenticate(b"a1") is None
    assert await Sessions(database).authenticate(b"a2") == refreshed
    assert await Sessions(database).replaced_access_hash(session.session_nid) == b"a1"


async def test_a_lost_answer_may_be_asked_for_again_until_the_new_token_is_used(database: Database) -> None:
    await account(database)
    session = await begin(database)
    await refresh(database, b"r1", b"a2", b"r2")
    again, reused = await refresh(database, b"r1", b"a3", b"r3")
    assert again is not None
    assert not reused
    await Sessions(database).confirm_refresh(session.session_nid)
    stolen, reused = await refresh(database, b"r1", b"a4", b"r4")
    assert stolen is None or reused
    assert reused
    assert await Sessions(database).authenticate(b"a3") is not None


async def test_an_unknown_refresh_token_finds_nothing(database: Database) -> None:
    assert await refresh(database, b"nothing", b"a", b"b") == (None, False)


@pytest.mark.parametrize(
    ("row", "left"),
    [
        (RevocationRow(user_id=ALICE, kind="session", session_nid=0), {b"a2"}),
        (RevocationRow(user_id=ALICE, kind="device", device_id="ONE"), {b"a2"}),
        (RevocationRow(user_id=ALICE, kind="user"), set()),
    ],
)
async def test_a_revocation_ends_sessions_with_its_commit(world: World, row: RevocationRow, left: set[bytes]) -> None:
    await account(world.database)
    first = await begin(world.database, b"a1", "ONE", b"r1")
    await begin(world.database, b"a2", "TWO", b"r2")
    if row.kind == "session":
        row.session_nid = first.session_nid
    await world.stream.write(row)
    sessions = Sessions(world.database)
    assert {token for token in (b"a1", b"a2") if await sessions.authenticate(token)} == left
    devices = {device.device_id for device in await Devices(world.database).of_user(ALICE)}
    assert devices == {"session": {"ONE", "TWO"}, "device": {"TWO"}, "user": set()}[row.kind]
    assert (await world.stream.changes(0)).rows == [row]


async def test_devices_are_listed_renamed_and_seen(database: Database) -> None:
    await account(database)
    session = await begin(database)
    devices = Devices(database)
    assert await devices.rename(ALICE, "DEV", "tablet")
    assert not await devices.rename(ALICE, "NONE", "x")
    await devices.seen([(session.device_nid or 0, 77, "::1", "agent")])
    device = await devices.read(ALICE, "DEV")
    assert device is not None
    assert (device.display_name, device.last_seen_ts, device.last_seen_ip) == ("tablet", 77, "::1")
    assert await devices.of_users([ALICE]) == [device]


async def test_a_login_token_is_good_once_and_in_time(database: Database) -> None:
    sessions = Sessions(database)
    await sessions.create_login_token(b"t", ALICE, 100)
    await sessions.create_login_token(b"late", ALICE, 100)
    assert await sessions.take_login_token(b"t", 50) == ALICE
    assert await sessions.take_login_token(b"t", 50) is None
    assert await sessions.take_login_token(b"late", 101) is None


async def test_a_registration_token_is_used_up(database: Database) -> None:
    tokens = RegistrationTokens(database)
    assert await tokens.create("tok", uses_allowed=1, expires_ts=None, now_ms=1)
    assert not await tokens.create("tok", uses_allowed=1, expires_ts=None, now_ms=1)
    assert await tokens.reserve("tok", 5)
    assert not await tokens.reserve("tok", 5)
    await tokens.settle("tok", used=False)
    assert await tokens.is_valid("tok", 5)
    assert await tokens.reserve("tok", 5)
    await tokens.settle("tok", used=True)
    assert not await tokens.is_valid("tok", 5)
    assert [(token.pending, token.completed) for token in await tokens.all()] == [(0, 1)]
    assert await tokens.create("old", uses_allowed=None, expires_ts=3, now_ms=1)
    assert not await tokens.is_valid("old", 5)
    assert await tokens.delete("old")


async def test_ui_auth_sessions_remember_what_is_done(database: Database) -> None:
    sessions = UiAuthSessions(database)
    session = UiAuthSession("s", None, "POST /x", (), b"{}", 5)
    await sessions.save(session)
    await sessions.save(session._replace(completed=("m.login.dummy",)))
    assert await sessions.read("s") == session._replace(completed=("m.login.dummy",))
    assert await sessions.prune(5) == 0
    assert await sessions.prune(6) == 1
    await sessions.save(session)
    await sessions.delete("s")
    assert await sessions.read("s") is None


async def test_profiles_hold_any_field(database: Database) -> None:
    profiles = Profiles(database)
    await account(database)
    await profiles.set(ALICE, "displayname", '"Älice"'.encode())
    await profiles.set(ALICE, "m.tz", b'"UTC"')
    await profiles.set(ALICE, "m.tz", b'"CET"')
    assert await profiles.read(ALICE) == {"displayname": '"Älice"'.encode(), "m.tz": b'"CET"'}
    assert await profiles.of_users([ALICE]) == {ALICE: await profiles.read(ALICE)}
    assert await profiles.search("äL", 5) == [ALICE]
    assert await profiles.search("%", 5) == []
    assert await profiles.delete(ALICE, "m.tz")
    assert not await profiles.delete(ALICE, "m.tz")


async def test_who_told_of_an_older_change_of_a_profile_does_not_take_the_newer_one_away(database: Database) -> None:
    profiles = Profiles(database)
    await account(database)
    await profiles.set(ALICE, "displayname", b'"A"', untold=True)
    older = await profiles.change_of(ALICE)
    assert older is not None
    await profiles.delete(ALICE, "displayname", untold=True)
    await profiles.told(ALICE, older)
    newer = await profiles.change_of(ALICE)
    assert newer is not None
    assert await profiles.untold() == [ALICE]
    await profiles.told(ALICE, newer)
    assert await profiles.untold() == []


async def test_an_address_belongs_to_one_account(database: Database) -> None:
    threepids = Threepids(database)
    mine = Threepid("msisdn", "491", ALICE, 1, 1)
    assert await threepids.add(mine)
    assert not await threepids.add(mine._replace(user_id="@bob:test"))
    assert await threepids.owner("msisdn", "491") == ALICE
    assert await threepids.of_user(ALICE) == [mine]
    assert not await threepids.remove("@bob:test", "msisdn", "491")
    assert await threepids.remove(ALICE, "msisdn", "491")


async def test_an_address_of_an_account_that_was_never_made_is_free_again(database: Database) -> None:
    threepids = Threepids(database)
    await account(database)
    assert await threepids.add(Threepid("msisdn", "491", "@never:test", 1, 1))
    again = Threepid("msisdn", "491", ALICE, 2, MAKING_MS)
    assert not await threepids.add(again), "somebody may be making it"
    assert await threepids.add(again._replace(added_ts=MAKING_MS + 2))
    assert await threepids.owner("msisdn", "491") == ALICE
    assert not await threepids.add(Threepid("msisdn", "491", "@bob:test", 3, 9 * MAKING_MS)), "she has it"


async def test_connections_are_saved_and_forgotten(database: Database) -> None:
    connections = SyncConnections(database)
    await connections.save([SavedConnection(1, "c", b"1")], 5)
    await connections.save([SavedConnection(1, "c", b"2"), SavedConnection(2, "c", b"3")], 6)
    assert await connections.read(1, "c") == b"2"
    assert await connections.prune(6) == 0
    await connections.delete(1, "c")
    assert await connections.read(1, "c") is None
