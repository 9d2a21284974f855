"""Federation put together: the objects of this server's life among others, made bottom to top. Used by `app`."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

import homeserver
from homeserver.asgi.routes import Route
from homeserver.clock import Clock, Faults, Rng
from homeserver.config.network import Federation as FederationConfig
from homeserver.federation.client.devices import Devices
from homeserver.federation.client.discovery import Discovery
from homeserver.federation.client.events import Events as PeerEvents
from homeserver.federation.client.joining import Joining
from homeserver.federation.client.keys import Keys
from homeserver.federation.client.media import MediaRequests
from homeserver.federation.client.policy import Policy
from homeserver.federation.client.queries import Queries
from homeserver.federation.client.requests import Requests
from homeserver.federation.client.transactions import Transactions
from homeserver.federation.doctor import Doctor
from homeserver.federation.sender import Sender
from homeserver.federation.server import events, keys, media, queries, rooms, rooms_v1, third_party, transactions
from homeserver.federation.server.http import PeerTable
from homeserver.federation.server.queries import AliasReader, ProfileReader
from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.http import Http, HttpClient
from homeserver.net.resolver import DnsResolver, Resolver
from homeserver.protocol.server_acl import ServerAcl
from homeserver.protocol.signing import SigningKey
from homeserver.services.acceptance import Acceptance
from homeserver.services.ancestors import Ancestors
from homeserver.services.backfill import Backfill
from homeserver.services.bound_invites import BoundInvites
from homeserver.services.commits import Commits
from homeserver.services.feed import Feed
from homeserver.services.inbound import Inbound
from homeserver.services.inbound_work import InboundWork
from homeserver.services.keyring import Keyring
from homeserver.services.media.repository import Media
from homeserver.services.media.thumbnails import Thumbnails
from homeserver.services.out_of_band import OutOfBand
from homeserver.services.outliers import Outliers
from homeserver.services.partial.completing import Completing
from homeserver.services.partial.entering import Entering
from homeserver.services.partial.gathering import Gathering
from homeserver.services.partial.rechecking import Rechecking
from homeserver.services.peer_reads import PeerReads
from homeserver.services.peers import Peers
from homeserver.services.policy_sending import PolicySending
from homeserver.services.policy_server import PolicyServers
from homeserver.services.ratelimit import Limits
from homeserver.services.remote_invites import MayInvite, RemoteInvites
from homeserver.services.remote_join import RemoteJoin
from homeserver.services.resident import Resident
from homeserver.services.resolution import Resolution
from homeserver.services.rooms import Rooms
from homeserver.services.visibility import Visibility
from homeserver.storage.database import Database
from homeserver.storage.destinations import Destinations
from homeserver.storage.events.gaps import GapTable
from homeserver.storage.events.read import Events
from homeserver.storage.leases import Leases
from homeserver.storage.members import Members
from homeserver.storage.outbound import OutboundTable
from homeserver.storage.partial_joins import PartialJoins
from homeserver.storage.rooms import RoomTable
from homeserver.storage.server_keys import ServerKeyTable
from homeserver.storage.staging import StagingTable
from homeserver.storage.state import StateKeys, StateTable
from homeserver.storage.stream import Stream


@dataclass(frozen=True, slots=True)
class Below:
    """What federation stands on."""

    database: Database
    stream: Stream
    feed: Feed
    rooms: Rooms
    commits: Commits
    state_keys: StateKeys
    visibility: Visibility
    limits: Limits
    profiles: ProfileReader
    aliases: AliasReader
    may_invite: MayInvite
    media: Media | None = None
    thumbnails: Thumbnails | None = None


@dataclass(frozen=True, slots=True)
class Federation:
    """What others use of it."""

    routes: list[Route]
    tasks: list[Callable[[], Awaitable[None]]]
    remote_join: RemoteJoin
    remote_invites: RemoteInvites
    queries: Queries
    media_requests: MediaRequests
    backfill: Backfill
    resident: Resident
    sender: Sender
    inbound: Inbound
    peers: Peers
    keyring: Keyring
    table: PeerTable
    devices: Devices


def outside(config: FederationConfig, clock: Clock, rng: Rng, resources: AsyncExitStack) -> tuple[Http, Resolver]:
    """The real way out: DNS, TLS and the address policy of federation."""
    resolver = DnsResolver(clock.monotonic, rng.random)
    client = HttpClient(
        AddressPolicy.of(config.allow_private_addresses),
        resolver,
        tls_context([Path(path) for path in config.ca_files], verify=config.verify_certificates),
        user_agent=f"Hearth/{homeserver.__version__}",
    )
    resources.push_async_callback(client.close)
    return client, resolver


def doctor(config: FederationConfig, key: SigningKey, clock: Clock, rng: Rng, resources: AsyncExitStack) -> Doctor:
    """Who looks at this server as others see it, at private addresses, too."""
    http, resolver = outside(msgspec.structs.replace(config, allow_private_addresses=True), clock, rng, resources)
    return Doctor(key, http, resolver, clock, key_servers=config.trusted_key_servers)


def build(
    config: FederationConfig,
    key: SigningKey,
    below: Below,
    *,
    http: Http,
    resolver: Resolver,
    clock: Clock,
    rng: Rng,
    faults: Faults,
    resources: AsyncExitStack,
) -> Federation:
    """Make everything, bottom to top."""
    us = key.server
    allowed = ServerAcl.of(
        {"allow": list(config.allow) if config.allow is not None else ["*"], "deny": list(config.deny)}
    )
    database = below.database
    event_table, states = Events(database), StateTable(database)
    destinations, room_table, staging = Destinations(database), RoomTable(database), StagingTable(database)

    peers = Peers(destinations, clock, rng)
    requests = Requests(key, http, Discovery(http, resolver, clock), contact=peers, allowed=allowed)
    keyring = Keyring(key, ServerKeyTable(database), Keys(requests), clock, notaries=config.trusted_key_servers)
    resources.callback(keyring.close)
    joining, peer_events = Joining(requests), PeerEvents(requests)

    resolution = Resolution(event_table, states, below.state_keys, database.nids, clock)
    resources.callback(resolution.close)
    policy = PolicyServers(Policy(requests))
    acceptance = Acceptance(keyring, below.rooms, below.commits, event_table, resolution=resolution, policy=policy)
    below.commits.sign_first_by(PolicySending(below.commits, acceptance, policy))
    outliers = Outliers(below.rooms, below.stream, event_table, below.state_keys, database.nids)
    ancestors = Ancestors(acceptance, peer_events, event_table, outliers=outliers, resolution=resolution)
    backfill = Backfill(
        us,
        below.rooms,
        acceptance,
        peer_events,
        ancestors=ancestors,
        resolution=resolution,
        events=event_table,
        gaps=GapTable(database),
        stream=below.stream,
        keys=below.state_keys,
        nids=database.nids,
    )
    resident = Resident(
        key, below.rooms, acceptance, events=event_table, references=below.commits.references, clock=clock
    )
    out_of_band = OutOfBand(acceptance, room_table, below.stream, clock)
    completing = Completing(
        us,
        PartialJoins(database),
        below.rooms,
        outliers=outliers,
        gathering=Gathering(acceptance, event_table, outliers),
        rechecking=Rechecking(below.rooms, below.stream, event_table, states, faults),
        events=event_table,
        states=states,
        peers=peer_events,
        stream=below.stream,
        feed=below.feed,
        leases=Leases(database),
        owner=f"{us}-{rng.letters(8)}",
        clock=clock,
        faults=faults,
    )
    entering = Entering(
        below.rooms,
        room_table,
        commits=below.commits,
        outliers=outliers,
        resolution=resolution,
        stream=below.stream,
        feed=below.feed,
        keys=below.state_keys,
        nids=database.nids,
        completing=completing,
        clock=clock,
    )
    remote_join = RemoteJoin(
        key,
        joining,
        acceptance,
        rooms=below.rooms,
        members=Members(database),
        out_of_band=out_of_band,
        entering=entering,
        clock=clock,
    )
    remote_invites = RemoteInvites(
        key,
        joining,
        acceptance,
        keyring=keyring,
        resident=resident,
        rooms=below.rooms,
        commits=below.commits,
        out_of_band=out_of_band,
        may_invite=below.may_invite,
        policy=policy,
    )
    bound_invites = BoundInvites(
        us,
        below.rooms,
        below.commits,
        acceptance,
        resident=resident,
        invites=remote_invites,
        client=joining,
        has_account=below.profiles.has_account,
    )
    inbound = Inbound(
        us,
        below.rooms,
        acceptance,
        stream=below.stream,
        events=event_table,
        members=Members(database),
        clock=clock,
        faults=faults,
    )
    work = InboundWork(
        f"{us}-{rng.letters(8)}",
        below.rooms,
        acceptance,
        staging=staging,
        events=event_table,
        peers=peer_events,
        ancestors=ancestors,
        clock=clock,
    )
    inbound.on_staged(work.wake)
    peers.on_contact(work.peer_is_back)
    sender = Sender(
        us,
        below.feed,
        below.stream,
        below.rooms,
        outbound=OutboundTable(database),
        destinations=destinations,
        leases=Leases(database),
        transactions=Transactions(requests),
        peers=peers,
        allowed=allowed,
        clock=clock,
        rng=rng,
        faults=faults,
    )

    table = PeerTable(us, keyring, peers, allowed=allowed, limits=below.limits)
    reads = PeerReads(resident, below.rooms, below.visibility, events=event_table, states=states)
    keys.endpoints(table, keyring, below.limits)
    rooms.endpoints(table, resident, remote_invites)
    rooms_v1.endpoints(table, resident, remote_invites)
    third_party.endpoints(table, bound_invites, below.limits)
    transactions.endpoints(table, inbound)
    events.endpoints(table, reads, resident, clock)
    queries.endpoints(table, us, below.profiles, below.aliases, below.rooms)
    if below.media is not None and below.thumbnails is not None:
        media.endpoints(table, below.media, below.thumbnails, lambda: rng.letters(32))
    return Federation(
        routes=table.routes,
        tasks=[work.run, sender.run, completing.run],
        remote_join=remote_join,
        remote_invites=remote_invites,
        queries=Queries(requests),
        media_requests=MediaRequests(requests, http),
        backfill=backfill,
        resident=resident,
        sender=sender,
        inbound=inbound,
        peers=peers,
        keyring=keyring,
        table=table,
        devices=Devices(requests),
    )
