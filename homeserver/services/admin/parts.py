"""What admins use, put together. Used by `app`."""

from dataclasses import dataclass

from homeserver.clock import Clock, Faults, Rng
from homeserver.config import Config
from homeserver.services.account_data import AccountData
from homeserver.services.admin.accounts import Accounts
from homeserver.services.admin.deleting import Deleting
from homeserver.services.admin.jobs import AdminJobs
from homeserver.services.admin.notices import Notices
from homeserver.services.admin.rooms import AdminRooms
from homeserver.services.admin.secret import SharedSecret
from homeserver.services.commits import Commits
from homeserver.services.creation import Creation
from homeserver.services.deactivation import Deactivation
from homeserver.services.devices import Devices
from homeserver.services.feed import Feed
from homeserver.services.inviting import Inviting
from homeserver.services.joining import Joining
from homeserver.services.passwords import Passwords
from homeserver.services.profiles import Profiles
from homeserver.services.removing import Removing
from homeserver.services.rooms import Rooms
from homeserver.services.sending import Sending
from homeserver.services.sessions import Sessions
from homeserver.services.threepids.addresses import Addresses
from homeserver.storage.admin import AdminReads
from homeserver.storage.database import Database
from homeserver.storage.events.read import Events
from homeserver.storage.jobs import Jobs as JobTable
from homeserver.storage.leases import Leases
from homeserver.storage.members import Members
from homeserver.storage.purge import Purge
from homeserver.storage.rooms import RoomTable
from homeserver.storage.stream import Stream
from homeserver.storage.users import Users


@dataclass(frozen=True, slots=True)
class Below:
    """What admin services stand on."""

    server: str
    owner: str
    config: Config
    database: Database
    stream: Stream
    feed: Feed
    rooms: Rooms
    commits: Commits
    sessions: Sessions
    passwords: Passwords
    profiles: Profiles
    devices: Devices
    addresses: Addresses
    deactivation: Deactivation
    joining: Joining
    inviting: Inviting
    removing: Removing
    creation: Creation
    sending: Sending
    account_data: AccountData
    clock: Clock
    rng: Rng
    faults: Faults


@dataclass(frozen=True, slots=True)
class Admin:
    """What the API offers."""

    accounts: Accounts
    rooms: AdminRooms
    jobs: AdminJobs
    deleting: Deleting
    notices: Notices
    secret: SharedSecret


def build(below: Below) -> Admin:
    """Make everything, and have rooms ask it who may join and leave."""
    database, users, reads = below.database, Users(below.database), AdminReads(below.database)
    accounts = Accounts(
        server=below.server,
        users=users,
        addresses=below.addresses,
        reads=reads,
        stream=below.stream,
        sessions=below.sessions,
        passwords=below.passwords,
        profiles=below.profiles,
        devices=below.devices,
        deactivation=below.deactivation,
        clock=below.clock,
        rng=below.rng,
    )
    rooms = AdminRooms(
        server=below.server,
        reads=reads,
        rooms=below.rooms,
        events=Events(database),
        users=users,
        commits=below.commits,
        joining=below.joining,
        inviting=below.inviting,
        clock=below.clock,
    )
    jobs = AdminJobs(
        JobTable(database),
        Leases(database),
        below.feed,
        owner=below.owner,
        clock=below.clock,
        rng=below.rng,
        faults=below.faults,
    )
    deleting = Deleting(
        server=below.server,
        jobs=jobs,
        rooms=below.rooms,
        admin_rooms=rooms,
        table=RoomTable(database),
        purge=Purge(database),
        reads=reads,
        members=Members(database),
        creation=below.creation,
        joining=below.joining,
        removing=below.removing,
        sending=below.sending,
        stream=below.stream,
        clock=below.clock,
    )
    notices = Notices(
        server=below.server,
        config=below.config.server_notices,
        users=users,
        reads=reads,
        accounts=accounts,
        rooms=below.rooms,
        creation=below.creation,
        inviting=below.inviting,
        sending=below.sending,
        profiles=below.profiles,
        account_data=below.account_data,
        clock=below.clock,
    )
    below.joining.refuse_by(rooms.check_open)
    below.removing.refuse_leaving_by(notices.check_leaving)
    below.sending.let_suspended_speak(notices.is_notice_room)
    secret = SharedSecret(
        below.server, below.config.registration.shared_secret, accounts, below.sessions, below.clock, below.rng
    )
    return Admin(accounts, rooms, jobs, deleting, notices, secret)
