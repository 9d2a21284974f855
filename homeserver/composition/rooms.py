"""What people do in rooms: make them, come and go, write, read; and what is ours alone in them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from homeserver.composition.accounts import Accounts
from homeserver.composition.ground import Ground
from homeserver.federation.parts import Federation
from homeserver.federation.server import directory as peer_directory_api
from homeserver.services.address_invites import AddressInvites
from homeserver.services.creation import Creation
from homeserver.services.deactivation import Deactivation
from homeserver.services.delayed_events import DelayedEvents
from homeserver.services.discovery.number_invites import NumberInvites
from homeserver.services.erasure import Erasure
from homeserver.services.extensions import parts as extension_parts
from homeserver.services.extensions.parts import Extensions
from homeserver.services.guests import Guests
from homeserver.services.inviting import Inviting
from homeserver.services.joining import Joining
from homeserver.services.memberships import Memberships
from homeserver.services.presentation import Presentation
from homeserver.services.public_rooms import PublicRooms
from homeserver.services.removing import Removing
from homeserver.services.reports import Reports
from homeserver.services.room_state import RoomState
from homeserver.services.sending import Sending
from homeserver.services.spaces.hierarchy import Spaces
from homeserver.services.threads import Threads
from homeserver.services.threepids.identity_server import IdentityServers
from homeserver.services.timeline import Timeline
from homeserver.services.upgrade.rooms import Upgrade
from homeserver.services.upgrade.settings import Settings
from homeserver.storage.appservices import Appservices as AppserviceTable
from homeserver.storage.delayed_events import DelayedEvents as DelayedEventTable
from homeserver.storage.events.dates import Dates
from homeserver.storage.events.extras import Extras
from homeserver.storage.events.relations import Relations
from homeserver.storage.leases import Leases
from homeserver.storage.number_invites import NumberInvites as NumberInviteTable
from homeserver.storage.reports import Reports as ReportTable
from homeserver.storage.state import StateTable


@dataclass(frozen=True, slots=True)
class RoomWork:
    """Everything that changes or reads rooms for one user."""

    sending: Sending
    inviting: Inviting
    joining: Joining
    removing: Removing
    memberships: Memberships
    deactivation: Deactivation
    creation: Creation
    upgrade: Upgrade
    extensions: Extensions
    identity_servers: IdentityServers
    identity_names: frozenset[str]
    """What clients call this server where it is their identity server."""
    address_invites: AddressInvites
    timeline: Timeline
    room_state: RoomState
    presentation: Presentation
    spaces: Spaces
    public_rooms: PublicRooms
    threads: Threads
    reports: Reports
    delayed_events: DelayedEvents


async def build(ground: Ground, accounts: Accounts, peers: Federation | None) -> RoomWork:
    """`peers` None: rooms are of this server alone."""
    us, rooms, commits, members = ground.us, ground.rooms, ground.commits, ground.members
    config, database, clock, rng = ground.config, ground.database, ground.clock, ground.rng
    profiles, directory = accounts.profiles, accounts.directory
    sending = Sending(rooms, commits, ground.visibility, Relations(database))
    sending.check_state_by("m.room.canonical_alias", directory.check_canonical_alias)
    inviting = Inviting(
        server=us,
        rooms=rooms,
        commits=commits,
        remote=peers.remote_invites if peers else None,
        profiles=profiles,
        check=accounts.invite_permission.check,
    )
    joining = Joining(
        server=us,
        rooms=rooms,
        members=members,
        commits=commits,
        remote=peers.remote_join if peers else None,
        aliases=directory,
        profiles=profiles,
    )
    removing = Removing(
        server=us,
        rooms=rooms,
        members=members,
        commits=commits,
        stream=ground.stream,
        remote=peers.remote_join if peers else None,
    )
    creation = Creation(
        rooms=rooms,
        table=ground.room_table,
        commits=commits,
        inviting=inviting,
        profiles=profiles,
        key=ground.key,
        clock=clock,
        rng=rng,
        default_version=config.rooms.default_version,
    )
    creation.list_if(directory.check_may_publish)
    creation.limit_by(accounts.room_limits.check_joins)
    joining.limit_by(accounts.room_limits.is_full)
    settings = Settings(rooms, ground.account_data, ground.push_rules)
    joining.tell_by(settings.joined)
    identity_servers = IdentityServers(ground.outbound)
    identity_names = frozenset({us, urlsplit(config.base_url).netloc})
    published = AppserviceTable(database)
    work = RoomWork(
        sending=sending,
        inviting=inviting,
        joining=joining,
        removing=removing,
        memberships=Memberships(
            rooms=rooms,
            commits=commits,
            feed=ground.feed,
            members=members,
            joining=joining,
            inviting=inviting,
            removing=removing,
        ),
        deactivation=Deactivation(
            users=ground.users,
            members=members,
            sessions=accounts.sessions,
            confirmation=accounts.confirmation,
            leave=removing.leave_as,
            clock=clock,
        ),
        creation=creation,
        upgrade=Upgrade(rooms=rooms, table=ground.room_table, creation=creation, sending=sending, settings=settings),
        extensions=Extensions(
            extension_parts.Below(
                database=database,
                rooms=rooms,
                room_table=ground.room_table,
                commits=commits,
                feed=ground.feed,
                sending=sending,
                joining=joining,
                profiles=profiles,
                clock=clock,
                rng=rng,
            )
        ),
        identity_servers=identity_servers,
        identity_names=identity_names,
        address_invites=AddressInvites(
            identity_servers,
            rooms=rooms,
            inviting=inviting,
            sending=sending,
            profiles=profiles,
            ours=identity_names,
            numbers=_number_invites(ground, accounts, inviting, sending),
        ),
        timeline=Timeline(ground.visibility, ground.events, Relations(database), peers.backfill if peers else None),
        room_state=RoomState(rooms, ground.visibility, ground.events, StateTable(database)),
        presentation=Presentation(Extras(database), ground.visibility, clock),
        spaces=Spaces(server=us, rooms=rooms, aliases=directory, remote=peers.queries if peers else None, clock=clock),
        public_rooms=PublicRooms(
            server=us,
            directory=directory,
            published=published,
            appservice_ids=[one.id for one in accounts.appservices.registrations],
            remote=peers.queries if peers else None,
        ),
        threads=Threads(ground.visibility, Relations(database), Dates(database)),
        reports=Reports(us, ReportTable(database), ground.users, rooms, ground.visibility, clock),
        delayed_events=DelayedEvents(
            table=DelayedEventTable(database),
            users=ground.users,
            rooms=rooms,
            sending=sending,
            leases=Leases(database),
            feed=ground.feed,
            owner=ground.owner(),
            clock=clock,
            rng=rng,
            faults=ground.faults,
        ),
    )
    await _look_after(ground, work)
    if peers is not None:
        peer_directory_api.endpoints(peers.table, directory, work.spaces, is_public=config.federation.public_rooms)
    return work


def _number_invites(ground: Ground, accounts: Accounts, inviting: Inviting, sending: Sending) -> NumberInvites | None:
    if accounts.phone is None:
        return None
    numbers = NumberInvites(
        table=NumberInviteTable(ground.database),
        addresses=accounts.addresses,
        accounts=accounts.phone.accounts,
        guard=accounts.phone.guard,
        carrier=accounts.phone.carrier,
        rooms=ground.rooms,
        commits=ground.commits,
        inviting=inviting,
        sending=sending,
        profiles=accounts.profiles,
        check=accounts.invite_permission.check,
        key=accounts.phone.invite_key,
        base_url=ground.config.base_url,
        clock=ground.clock,
        rng=ground.rng,
    )
    accounts.addresses.tell_by(numbers.bring)
    ground.tasks.append(numbers.run)
    return numbers


async def _look_after(ground: Ground, work: RoomWork) -> None:
    """Start what ends accounts little by little, and what is due later."""
    erasure = Erasure(ground.users, ground.visibility, ground.clock)
    ground.feed.register(erasure.apply)
    await erasure.start()
    guests = Guests(ground.users, ground.rooms, work.removing.leave_as, ground.clock)
    ground.feed.register(guests.apply)
    later = [work.deactivation.run, guests.run, erasure.run, work.extensions.run, work.delayed_events.run]
    ground.tasks.extend(later)
