"""The composition root: every object is made here once, bottom to top, and handed its collaborators.

Longer than others because it is a list: one constructor call for each part of the house.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import cast

from prometheus_client import CollectorRegistry

from homeserver.asgi.dispatch import Dispatcher
from homeserver.asgi.interface import App as AsgiApp
from homeserver.asgi.observe import Counts, RequestObserver
from homeserver.client_api import account as account_api
from homeserver.client_api import account_data as account_data_api
from homeserver.client_api import appservices as appservices_api
from homeserver.client_api import calls as calls_api
from homeserver.client_api import contacts as contacts_api
from homeserver.client_api import delayed_events as delayed_events_api
from homeserver.client_api import devices as devices_api
from homeserver.client_api import directory as directory_api
from homeserver.client_api import fallback as fallback_api
from homeserver.client_api import filters as filters_api
from homeserver.client_api import key_backup as key_backup_api
from homeserver.client_api import keys as keys_api
from homeserver.client_api import login as login_api
from homeserver.client_api import media as media_api
from homeserver.client_api import membership as membership_api
from homeserver.client_api import messages as messages_api
from homeserver.client_api import openid as openid_api
from homeserver.client_api import phone as phone_api
from homeserver.client_api import presence as presence_api
from homeserver.client_api import previews as previews_api
from homeserver.client_api import profile as profile_api
from homeserver.client_api import push_rules as push_rules_api
from homeserver.client_api import pushers as pushers_api
from homeserver.client_api import receipts as receipts_api
from homeserver.client_api import register as register_api
from homeserver.client_api import reports as reports_api
from homeserver.client_api import rooms as rooms_api
from homeserver.client_api import search as search_api
from homeserver.client_api import service, versions
from homeserver.client_api import spaces as spaces_api
from homeserver.client_api import sync as sync_api
from homeserver.client_api import threads as threads_api
from homeserver.client_api import to_device as to_device_api
from homeserver.client_api import upgrades as upgrades_api
from homeserver.client_api import users as users_api
from homeserver.client_api.admin import api as admin_api
from homeserver.client_api.extensions import rooms as extensions_api
from homeserver.client_api.http import EndpointTable
from homeserver.client_api.socket.door import Door
from homeserver.client_api.socket.session import Parts as SocketParts
from homeserver.clock import Clock, Faults, Rng
from homeserver.config import Config
from homeserver.federation import parts
from homeserver.federation.doctor import Doctor
from homeserver.federation.server import devices as peer_devices_api
from homeserver.federation.server import directory as peer_directory_api
from homeserver.federation.server import openid as peer_openid_api
from homeserver.opening import (
    CannotStart,
    Task,
    open_bus,
    open_database,
    open_mail,
    open_media,
    open_outbound,
    open_sms,
    open_vault,
    web_client,
)
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey
from homeserver.providers.thumbnails import Thumbnailer
from homeserver.services.account_data import AccountData
from homeserver.services.address_invites import AddressInvites
from homeserver.services.admin import parts as admin_parts
from homeserver.services.appservice_sender import parts as appservice_parts
from homeserver.services.appservice_sender.sender import Below as AppserviceBelow
from homeserver.services.appservice_sender.sender import Sender as AppserviceSender
from homeserver.services.appservices.registrations import BadRegistration
from homeserver.services.commits import Commits
from homeserver.services.confirmation import Confirmation
from homeserver.services.contacts import Contacts
from homeserver.services.creation import Creation
from homeserver.services.credentials import Credentials
from homeserver.services.deactivation import Deactivation
from homeserver.services.delayed_events import DelayedEvents
from homeserver.services.devices import Devices
from homeserver.services.directory import Directory
from homeserver.services.encryption import Encryption
from homeserver.services.erasure import Erasure
from homeserver.services.extensions import parts as extension_parts
from homeserver.services.extensions.parts import Extensions
from homeserver.services.extensions.privacy import Privacy
from homeserver.services.feed import Feed
from homeserver.services.filters import Filters
from homeserver.services.guests import Guests
from homeserver.services.invite_permission import InvitePermission
from homeserver.services.inviting import Inviting
from homeserver.services.joining import Joining
from homeserver.services.login import Login
from homeserver.services.login_tokens import LoginTokens
from homeserver.services.media import parts as media_parts
from homeserver.services.media.housekeeping import Housekeeping
from homeserver.services.media.moderation import MediaModeration
from homeserver.services.media.remote import Cache, RemoteMedia
from homeserver.services.media.repository import Media
from homeserver.services.media.thumbnails import Thumbnails
from homeserver.services.memberships import Memberships
from homeserver.services.openid import OpenId
from homeserver.services.own_key import BadKeyFile, load_or_create
from homeserver.services.passwords import Passwords
from homeserver.services.phone import parts as phone_parts
from homeserver.services.presence import Presence
from homeserver.services.presentation import Presentation
from homeserver.services.profiles import Profiles
from homeserver.services.public_rooms import PublicRooms
from homeserver.services.push import parts as push_parts
from homeserver.services.push_rules import PushRules
from homeserver.services.ratelimit import Limits
from homeserver.services.receipts import Receipts
from homeserver.services.registration import Registration
from homeserver.services.removing import Removing
from homeserver.services.reports import Reports
from homeserver.services.room_state import RoomState
from homeserver.services.rooms import Rooms
from homeserver.services.search import parts as search_parts
from homeserver.services.sending import Sending
from homeserver.services.sessions import Sessions
from homeserver.services.spaces.hierarchy import Spaces
from homeserver.services.stages import parts as stage_parts
from homeserver.services.states import States
from homeserver.services.sync import parts as sync_parts
from homeserver.services.threads import Threads
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.identity_server import IdentityServers
from homeserver.services.threepids.verifications import Verifications
from homeserver.services.timeline import Timeline
from homeserver.services.typing import Typing
from homeserver.services.ui_auth import UiAuth
from homeserver.services.upgrade.rooms import Upgrade
from homeserver.services.upgrade.settings import Settings
from homeserver.services.upkeep import Upkeep
from homeserver.services.user_directory import UserDirectory
from homeserver.services.visibility import Visibility
from homeserver.storage.account_data import AccountData as AccountDataTable
from homeserver.storage.account_data import Filters as FilterTable
from homeserver.storage.appservices import Appservices as AppserviceTable
from homeserver.storage.database import trips_so_far
from homeserver.storage.delayed_events import DelayedEvents as DelayedEventTable
from homeserver.storage.devices import Devices as DeviceTable
from homeserver.storage.events.dates import Dates
from homeserver.storage.events.extras import Extras
from homeserver.storage.events.read import Events
from homeserver.storage.events.relations import Relations
from homeserver.storage.leases import Leases
from homeserver.storage.media import MediaTable
from homeserver.storage.media_moderation import MediaLists
from homeserver.storage.members import Members
from homeserver.storage.openid import OpenIdTokens
from homeserver.storage.receipts import Receipts as ReceiptTable
from homeserver.storage.reports import Reports as ReportTable
from homeserver.storage.rooms import RoomTable
from homeserver.storage.sessions import Sessions as SessionTable
from homeserver.storage.sessions import UiAuthSessions
from homeserver.storage.state import StateKeys, StateTable
from homeserver.storage.stream import Stream
from homeserver.storage.to_device import ToDevice as Inboxes
from homeserver.storage.upkeep import Upkeep as UpkeepTable
from homeserver.storage.users import Profiles as ProfileTable
from homeserver.storage.users import RegistrationTokens, Threepids, Users
from homeserver.storage.verifications import Verifications as VerificationTable


class App:
    """A server of one process, ready to be served."""

    def __init__(
        self, table: EndpointTable, dispatcher: Dispatcher, tasks: Sequence[Task], resources: AsyncExitStack
    ) -> None:
        self.table = table
        self._dispatcher = dispatcher
        self._tasks = tasks
        self._resources = resources

    def listener(self, resources: frozenset[str]) -> AsgiApp:
        """The ASGI application for a listener with these resources."""
        return self._dispatcher.listener(resources)

    async def run(self) -> None:
        """Everything that goes on beside requests. A fault in one task ends all."""
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait())
            for task in self._tasks:
                group.create_task(_run(task))

    def stop(self) -> None:
        """Answer long-polls and close WebSockets: the server is about to end."""
        self._dispatcher.stop()

    async def close(self) -> None:
        """Let go of everything, the newest first."""
        await self._resources.aclose()


async def _run(task: Task) -> None:
    await task()


async def build(  # noqa: PLR0915 - one statement for each part of the house
    config: Config, *, clock: Clock, rng: Rng, faults: Faults, index: int = 0
) -> App:
    """Make the server from the bottom up. `index`: which of the processes this is. Raises CannotStart."""
    async with AsyncExitStack() as resources:
        registry = CollectorRegistry()
        stopping = asyncio.Event()
        tasks: list[Task] = []
        us = ServerName(config.server_name)

        # What the house stands on.
        database = await open_database(config, resources, tasks)
        bus = await open_bus(config, resources)
        key = _signing_key(config, us, rng)
        stream = Stream(database, clock=clock, faults=faults)
        members, room_table, events = Members(database), RoomTable(database), Events(database)
        state_keys, account_data_table = StateKeys(database), AccountDataTable(database)
        users, profile_table = Users(database), ProfileTable(database)

        # The copy of the stream, the heads of rooms, the room queues.
        feed = Feed(stream, members, bus, clock, is_shared=config.redis.url is not None or config.processes > 1)
        stream.on_commit = feed.committed
        await feed.start()
        limits = Limits(config.rate_limits, bus)
        rooms = Rooms(room_table, feed)
        push_rules = PushRules(us, account_data_table, stream, feed)
        account_data = AccountData(account_data_table, stream)
        feed.register(account_data.apply)
        commits = Commits(
            rooms=rooms,
            stream=stream,
            feed=feed,
            state_keys=state_keys,
            nids=database.nids,
            key=key,
            notifications=push_rules,
            events=events,
            clock=clock,
        )
        visibility = Visibility(rooms, events, members, state_keys, account_data.ignored_by)
        tasks += [stream.run, feed.run, commits.run]

        # Accounts and their sessions.
        sessions = Sessions(SessionTable(database), stream, clock, rng)
        feed.register(sessions.apply)
        passwords = Passwords(config.login.password.hash_cost)
        outbound = open_outbound(config, clock, rng, resources)
        ui_auth = UiAuth(UiAuthSessions(database), clock, rng)
        try:
            stage_parts.serve(ui_auth, config, outbound)
        except stage_parts.IncompleteStage as error:
            raise CannotStart(str(error)) from error
        login = Login(
            server=us,
            users=users,
            passwords=passwords,
            sessions=sessions,
            limits=limits,
            enabled=config.login.password.enabled,
        )
        registration = Registration(
            server=us,
            policy=config.registration,
            users=users,
            tokens=RegistrationTokens(database),
            passwords=passwords,
            sessions=sessions,
            auth=ui_auth,
            stream=stream,
            limits=limits,
            clock=clock,
            rng=rng,
        )
        confirmation = Confirmation(ui_auth, login)
        credentials = Credentials(users=users, passwords=passwords, sessions=sessions, confirmation=confirmation)
        devices = Devices(DeviceTable(database), sessions, confirmation, clock)
        profiles = Profiles(server=us, table=profile_table, users=users, members=members, rooms=rooms, commits=commits)
        directory = Directory(server=us, policy=config.rooms, table=room_table, rooms=rooms, clock=clock)
        invite_permission = InvitePermission(users, account_data)
        vault, sms = open_vault(config, rng), open_sms(config, resources)
        verifications = Verifications(VerificationTable(database), vault, clock, rng)
        addresses = Addresses(Threepids(database), vault, verifications, clock)
        contacts = Contacts(
            verifications=verifications,
            addresses=addresses,
            users=users,
            passwords=passwords,
            sessions=sessions,
            confirmation=confirmation,
            auth=ui_auth,
            limits=limits,
            mail=open_mail(config, resources),
        )
        registration.bind_by(contacts.bind_new)
        phone = None
        if sms is not None:
            below_phones = phone_parts.Below(
                database=database,
                vault=vault,
                verifications=verifications,
                addresses=addresses,
                users=users,
                login=login,
                confirmation=confirmation,
                registration=registration,
                sessions=sessions,
            )
            phone = phone_parts.build(config, below_phones, sms, clock)
            contacts.serve_numbers(phone.signing_in.number_suffices)
        try:
            appservices = await appservice_parts.build(
                config.app_service_config_files,
                config.outbound_http,
                server=us,
                database=database,
                sessions=sessions,
                login=login,
                clock=clock,
                rng=rng,
                resources=resources,
            )
        except BadRegistration as error:
            raise CannotStart(str(error)) from error
        feed.register(appservices.access.apply)
        registration.reserve_by(appservices.registrations.is_reserved_user)
        directory.ask_appservices_by(appservices.asking)
        invite_permission.ask_appservices_by(appservices.asking.makes_user)
        profiles.ask_appservices_by(appservices.asking.makes_user)
        tasks += [profiles.run, devices.run]

        # What passes, and what is unread.
        states = States(bus, clock)
        typing = Typing(us, rooms, feed, bus, states)
        presence = Presence(
            server=us,
            enabled=config.presence.enabled,
            instance=f"{index}.{rng.letters(4)}",
            rooms=rooms,
            members=members,
            feed=feed,
            bus=bus,
            states=states,
            clock=clock,
        )
        privacy = Privacy(account_data_table, presence.reconsider)
        feed.register(privacy.apply)
        await privacy.load()
        presence.hide_by(privacy.hides_presence)
        receipts = Receipts(
            rooms=rooms,
            events=events,
            table=ReceiptTable(database),
            account_data=account_data_table,
            stream=stream,
            feed=feed,
            clock=clock,
        )
        filters = Filters(FilterTable(database))
        tasks += [states.run, presence.run]

        # Keys for end-to-end encryption.
        encryption = Encryption(
            us, database, stream, feed, sessions=sessions, confirmation=confirmation, clock=clock, rng=rng
        )
        devices.tell_of_names_by(encryption.keys.renamed)

        # Files.
        media_table, media_store, thumbnailer = MediaTable(database), open_media(config), Thumbnailer()
        resources.push_async_callback(thumbnailer.close)
        media = Media(server=us, table=media_table, store=media_store, config=config.media, clock=clock, rng=rng)
        thumbnails = Thumbnails(media, table=media_table, store=media_store, thumbnailer=thumbnailer, clock=clock)
        copies = Cache(media_table, media_store, config.media.remote_cache, clock)
        tasks += [Housekeeping(media_table, media_store, copies, clock).run]
        previews = None
        if config.media.url_previews.enabled:
            previews = media_parts.previews(
                config,
                us,
                database=database,
                media=media_table,
                store=media_store,
                clock=clock,
                rng=rng,
                closing=resources,
            )

        # Other servers.
        openid = OpenId(OpenIdTokens(database), clock, rng)
        peers = None
        if config.federates:
            http, resolver = parts.outside(config.federation, clock, rng, resources)
            below = parts.Below(
                database=database,
                stream=stream,
                feed=feed,
                rooms=rooms,
                commits=commits,
                state_keys=state_keys,
                visibility=visibility,
                limits=limits,
                profiles=profile_table,
                aliases=room_table,
                may_invite=invite_permission.check,
                media=media,
                thumbnails=thumbnails,
            )
            peers = parts.build(
                config.federation,
                key,
                below,
                http=http,
                resolver=resolver,
                clock=clock,
                rng=rng,
                faults=faults,
                resources=resources,
            )
            profiles.ask_others_by(peers.queries)
            directory.ask_others_by(peers.queries)
            remote_media = RemoteMedia(
                peers.media_requests,
                store=media_store,
                table=media_table,
                cache=copies,
                max_bytes=config.media.max_upload_bytes,
                take=limits.take,
                clock=clock,
            )
            media.fetch_others_by(remote_media)
            thumbnails.ask_others_by(remote_media)
            typing.tell_others_by(peers.sender.offer)
            presence.tell_others_by(peers.sender.offer)
            encryption.federate(peers.devices, peers.inbound)
            peer_devices_api.endpoints(peers.table, us, encryption.keys)
            peer_openid_api.endpoints(peers.table, openid.user_of, limits)
            peers.inbound.on_edu("m.typing", typing.of_peer)
            peers.inbound.on_edu("m.presence", presence.of_peer)
            peers.inbound.on_edu("m.receipt", receipts.of_peer)
            tasks += peers.tasks

        # What users do in rooms.
        sending = Sending(rooms, commits, visibility, Relations(database))
        sending.check_state_by("m.room.canonical_alias", directory.check_canonical_alias)
        inviting = Inviting(
            server=us,
            rooms=rooms,
            commits=commits,
            remote=peers.remote_invites if peers else None,
            profiles=profiles,
            check=invite_permission.check,
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
            stream=stream,
            remote=peers.remote_join if peers else None,
        )
        memberships = Memberships(
            rooms=rooms,
            commits=commits,
            feed=feed,
            members=members,
            joining=joining,
            inviting=inviting,
            removing=removing,
        )
        deactivation = Deactivation(
            users=users,
            members=members,
            sessions=sessions,
            confirmation=confirmation,
            leave=removing.leave_as,
            clock=clock,
        )
        erasure = Erasure(users, visibility, clock)
        feed.register(erasure.apply)
        await erasure.start()
        guests = Guests(users, rooms, removing.leave_as, clock)
        feed.register(guests.apply)
        tasks += [deactivation.run, guests.run, erasure.run]
        creation = Creation(
            rooms=rooms,
            table=room_table,
            commits=commits,
            inviting=inviting,
            profiles=profiles,
            key=key,
            clock=clock,
            rng=rng,
            default_version=config.rooms.default_version,
        )
        extensions = Extensions(
            extension_parts.Below(
                database=database,
                rooms=rooms,
                room_table=room_table,
                commits=commits,
                sending=sending,
                joining=joining,
                profiles=profiles,
                clock=clock,
                rng=rng,
            )
        )
        tasks += [extensions.run]
        creation.list_if(directory.check_may_publish)
        settings = Settings(rooms, account_data, push_rules)
        joining.tell_by(settings.joined)
        identity_servers = IdentityServers(outbound)
        address_invites = AddressInvites(
            identity_servers, rooms=rooms, inviting=inviting, sending=sending, profiles=profiles
        )
        upgrade = Upgrade(rooms=rooms, table=room_table, creation=creation, sending=sending, settings=settings)
        timeline = Timeline(visibility, events, Relations(database), peers.backfill if peers else None)
        room_state = RoomState(visibility, events, StateTable(database))
        presentation = Presentation(Extras(database), visibility, clock)
        sync = sync_parts.Sync(
            sync_parts.Below(
                database=database,
                feed=feed,
                rooms=rooms,
                state_keys=state_keys,
                visibility=visibility,
                presentation=presentation,
                account_data=account_data,
                push_rules=push_rules,
                typing=typing,
                presence=presence,
                states=states,
                one_time_keys=encryption.one_time_keys,
                clock=clock,
                rng=rng,
                stopping=stopping,
            )
        )
        tasks += [sync.run]

        search = search_parts.Search(
            f"{us}-{index}-{rng.letters(8)}",
            search_parts.Below(
                database=database,
                feed=feed,
                rooms=rooms,
                state_keys=state_keys,
                visibility=visibility,
                presentation=presentation,
                timeline=timeline,
                room_state=room_state,
                clock=clock,
            ),
        )
        push = push_parts.Push(
            f"{us}-{index}-{rng.letters(8)}",
            push_parts.Below(
                database=database,
                stream=stream,
                feed=feed,
                rooms=rooms,
                visibility=visibility,
                presentation=presentation,
                push_rules=push_rules,
                unread=sync.unread,
                ignored_by=account_data.ignored_by,
                clock=clock,
            ),
            push_parts.outside(config.outbound_http, clock, rng, resources),
        )
        tasks += [search.index.run, push.run]

        reports = Reports(us, ReportTable(database), users, rooms, visibility, clock)
        admin = admin_parts.build(
            admin_parts.Below(
                server=us,
                owner=f"{us}-{index}-{rng.letters(8)}",
                config=config,
                database=database,
                stream=stream,
                feed=feed,
                rooms=rooms,
                commits=commits,
                sessions=sessions,
                passwords=passwords,
                profiles=profiles,
                devices=devices,
                deactivation=deactivation,
                joining=joining,
                inviting=inviting,
                removing=removing,
                creation=creation,
                sending=sending,
                account_data=account_data,
                clock=clock,
                rng=rng,
                faults=faults,
            )
        )
        delayed_events = DelayedEvents(
            table=DelayedEventTable(database),
            users=users,
            rooms=rooms,
            sending=sending,
            leases=Leases(database),
            feed=feed,
            owner=f"{us}-{index}-{rng.letters(8)}",
            clock=clock,
            rng=rng,
            faults=faults,
        )
        tasks += [admin.jobs.run, delayed_events.run]
        appservice_sender = AppserviceSender(
            AppserviceBelow(
                server=us,
                owner=f"{us}-{index}-{rng.letters(8)}",
                registrations=appservices.registrations,
                access=appservices.access,
                asking=appservices.asking,
                database=database,
                feed=feed,
                stream=stream,
                rooms=rooms,
                states=states,
                typing=typing,
                presence=presence,
                one_time_keys=encryption.one_time_keys,
                clock=clock,
                faults=faults,
            )
        )
        tasks += [appservice_sender.run]

        upkeep = Upkeep(
            f"{us}-{index}-{rng.letters(8)}",
            Leases(database),
            UpkeepTable(database),
            events,
            UiAuthSessions(database),
            Inboxes(database),
            feed,
            clock,
        )
        tasks += [upkeep.run]

        # The doors.
        async def check() -> None:
            await database.fetchval("SELECT 1")

        table = EndpointTable(
            appservices.access.authenticate,
            limits,
            query_access_token=config.client_api.query_access_token,
            saw=devices.saw,
            act_as=appservices.access.act_as,
            is_unlimited=appservices.access.is_unlimited,
        )
        versions.endpoints(table, config)
        Counts(registry, "hearth_database_trips", "Round trips to PostgreSQL", "kind", lambda: asdict(trips_so_far))
        service.endpoints(table, check, registry if config.metrics.enabled else None)
        appservice_accounts = appservices.accounts if appservices.registrations else None
        register_api.endpoints(table, registration, appservice_accounts)
        login_tokens = LoginTokens(
            table=SessionTable(database),
            users=users,
            login=login,
            sessions=sessions,
            confirmation=confirmation,
            clock=clock,
            rng=rng,
        )
        login_api.endpoints(
            table,
            login,
            sessions,
            limits,
            login_tokens,
            appservices=appservice_accounts,
            by_phone=phone.signing_in if phone else None,
        )
        if phone is not None:
            phone_api.endpoints(table, phone.signing_in)
        calls_api.endpoints(table, config.turn, clock)
        fallback_api.endpoints(table, ui_auth, lambda: rng.letters(22))
        appservices_api.endpoints(table, appservices.asking, AppserviceTable(database), rooms)
        reports_api.endpoints(table, reports)
        openid_api.endpoints(table, openid, us, config.rtc.transports)
        admin_api.endpoints(
            table,
            admin,
            config.admin_api,
            server_name=us,
            files=MediaModeration(us, media, media_table, MediaLists(database)),
            memberships=memberships,
            database=database,
            clock=clock,
            rng=rng,
        )
        account_api.endpoints(table, credentials, deactivation, addresses, contacts)
        contacts_api.endpoints(table, contacts, registration, lambda: rng.letters(22))
        contacts_api.binding_endpoint(table, identity_servers)
        contacts_api.number_endpoints(table, contacts, registration, config.base_url)
        devices_api.endpoints(table, devices, appservices.accounts)
        keys_api.endpoints(table, encryption.keys, encryption.cross_signing, sync.device_changes)
        key_backup_api.endpoints(table, encryption.key_backup)
        to_device_api.endpoints(table, encryption.to_device, encryption.dehydrated)
        profile_api.endpoints(table, profiles)
        account_data_api.endpoints(table, account_data, push_rules)
        push_rules_api.endpoints(table, push_rules)
        filters_api.endpoints(table, filters)
        users_api.endpoints(table, UserDirectory(members, profile_table, scope=config.directory.users))
        receipts_api.endpoints(table, receipts, typing, presence)
        presence_api.endpoints(table, presence)
        public_rooms = PublicRooms(
            server=us,
            directory=directory,
            published=AppserviceTable(database),
            appservice_ids=[one.id for one in appservices.registrations],
            remote=peers.queries if peers else None,
        )
        directory_api.endpoints(table, directory, public_rooms, without_auth=config.directory.public_rooms_without_auth)
        extensions_api.endpoints(table, extensions)
        spaces = Spaces(server=us, rooms=rooms, aliases=directory, remote=peers.queries if peers else None, clock=clock)
        spaces_api.endpoints(table, spaces)
        if peers is not None:
            peer_directory_api.endpoints(peers.table, directory, spaces, is_public=config.federation.public_rooms)
        rooms_api.endpoints(
            table,
            creation,
            sending,
            memberships,
            room_state,
            presentation,
            delayed_events=delayed_events,
            address_invites=address_invites,
        )
        delayed_events_api.endpoints(table, delayed_events)
        upgrades_api.endpoints(table, upgrade)
        membership_api.endpoints(table, joining, inviting, removing, memberships, address_invites)
        media_api.endpoints(table, media, thumbnails, legacy_routes=config.media.legacy_routes)
        if previews is not None:
            previews_api.endpoints(table, previews)
        messages_api.endpoints(table, timeline, visibility, presentation)
        threads_api.endpoints(table, Threads(visibility, Relations(database), Dates(database)), presentation)
        search_api.endpoints(table, search)
        pushers_api.endpoints(table, push.pushers, push.notifications)
        sync_api.endpoints(table, sync.classic, sync.poll, filters)

        trusted_proxies = [ipaddress.ip_network(one, strict=False) for one in config.trusted_proxies]
        below_sockets = SocketParts(
            table=table,
            authenticate=sessions.authenticate,
            engine=sync.engine,
            connections=sync.connections,
            opening=sync.opening,
            feed=feed,
            presence=presence,
            clock=clock,
            rng=rng,
        )
        door = Door(below_sockets, sessions, limits, stopping=stopping, trusted_proxies=trusted_proxies)
        tasks += [door.run]
        dispatcher = Dispatcher(
            [*table.routes(), *(peers.routes if peers else ())],
            observer=RequestObserver(registry),
            stopping=stopping,
            trusted_proxies=trusted_proxies,
            websockets=cast(AsgiApp, door.application()),  # Quart names every message in its types
            site=web_client() if config.web.enabled else None,
            instance=f"{index}.{rng.letters(4)}",
        )
        return App(table, dispatcher, tasks, resources.pop_all())


async def doctor(config: Config, clock: Clock, rng: Rng, resources: AsyncExitStack) -> Doctor:
    """Who looks at the server as others see it, also at private addresses. Raises CannotStart."""
    key = _signing_key(config, ServerName(config.server_name), rng)
    return parts.doctor(config.federation, key, clock, rng, resources)


def _signing_key(config: Config, us: ServerName, rng: Rng) -> SigningKey:
    path = Path(config.signing_key_path or Path(config.data_dir) / "signing.key")
    try:
        return load_or_create(path, us, rng)
    except BadKeyFile as error:
        raise CannotStart(str(error)) from error
