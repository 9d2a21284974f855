"""The doors: the client-server API's endpoints on what they call, and the sockets."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from homeserver.asgi.loop_watch import LoopWatch
from homeserver.asgi.observe import Counts
from homeserver.asgi.request import IpNetwork
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
from homeserver.client_api import identity as identity_api
from homeserver.client_api import key_backup as key_backup_api
from homeserver.client_api import keys as keys_api
from homeserver.client_api import login as login_api
from homeserver.client_api import media as media_api
from homeserver.client_api import membership as membership_api
from homeserver.client_api import messages as messages_api
from homeserver.client_api import old_sync as old_sync_api
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
from homeserver.client_api import request_tokens as request_tokens_api
from homeserver.client_api import rooms as rooms_api
from homeserver.client_api import search as search_api
from homeserver.client_api import service, versions
from homeserver.client_api import spaces as spaces_api
from homeserver.client_api import sso as sso_api
from homeserver.client_api import sync as sync_api
from homeserver.client_api import threads as threads_api
from homeserver.client_api import to_device as to_device_api
from homeserver.client_api import upgrades as upgrades_api
from homeserver.client_api import users as users_api
from homeserver.client_api.admin import api as admin_api
from homeserver.client_api.admin import phone as admin_phone_api
from homeserver.client_api.extensions import rooms as extensions_api
from homeserver.client_api.http import EndpointTable
from homeserver.client_api.socket.door import Door
from homeserver.client_api.socket.session import Parts as SocketParts
from homeserver.composition.accounts import Accounts
from homeserver.composition.followers import Followers
from homeserver.composition.ground import Ground
from homeserver.composition.people import Files, People
from homeserver.composition.rooms import RoomWork
from homeserver.services.discovery.contacts import ContactDiscovery
from homeserver.services.discovery.identity import IdentityService
from homeserver.services.media.moderation import MediaModeration
from homeserver.services.openid import OpenId
from homeserver.services.sync.old import Below as BelowOldSync
from homeserver.services.sync.old import OldSync
from homeserver.services.ui_auth import SSO
from homeserver.services.user_directory import UserDirectory
from homeserver.storage.appservices import Appservices as AppserviceTable
from homeserver.storage.database import trips_so_far
from homeserver.storage.identity_tokens import IdentityTokens
from homeserver.storage.media_moderation import MediaLists


@dataclass(frozen=True, slots=True)
class House:
    """All floors."""

    ground: Ground
    accounts: Accounts
    people: People
    files: Files
    openid: OpenId
    work: RoomWork
    followers: Followers

    def nonce(self) -> str:
        """Fresh letters for a page's policy."""
        return self.ground.rng.letters(22)


def open_api(house: House, registry: CollectorRegistry) -> EndpointTable:
    """The endpoints of clients."""
    ground, accounts = house.ground, house.accounts
    table = EndpointTable(
        accounts.appservices.access.authenticate,
        ground.limits,
        query_access_token=ground.config.client_api.query_access_token,
        saw=accounts.devices.saw,
        act_as=accounts.appservices.access.act_as,
        is_unlimited=accounts.appservices.access.is_unlimited,
    )
    _about_the_server(table, house, registry)
    _about_messages(table, house, registry)
    _about_accounts(table, house)
    _about_people(table, house)
    _about_rooms(table, house)
    return table


def _about_the_server(table: EndpointTable, house: House, registry: CollectorRegistry) -> None:
    ground = house.ground
    config, database = ground.config, ground.database

    async def check() -> None:
        await database.fetchval("SELECT 1")

    by_phone, web_push = house.accounts.phone is not None, house.followers.push.browser_key
    versions.endpoints(table, config, by_phone=by_phone, web_push=web_push)
    Counts(registry, "hearth_database_trips", "Round trips to PostgreSQL", "kind", lambda: asdict(trips_so_far))
    if config.metrics.enabled:
        ground.tasks.append(LoopWatch(registry).run)
    service.endpoints(table, check, registry if config.metrics.enabled else None)
    calls_api.endpoints(table, config.turn, ground.clock)
    openid_api.endpoints(table, house.openid, ground.us, config.rtc.transports)
    appservices = house.accounts.appservices
    appservices_api.endpoints(table, appservices.asking, AppserviceTable(database), ground.rooms)
    admin_api.endpoints(
        table,
        house.followers.admin,
        config.admin_api,
        server_name=ground.us,
        files=MediaModeration(ground.us, house.files.media, house.files.table, MediaLists(database)),
        memberships=house.work.memberships,
        database=database,
        clock=ground.clock,
        rng=ground.rng,
    )


def _about_messages(table: EndpointTable, house: House, registry: CollectorRegistry) -> None:
    """What text messages cost, for admins."""
    phone = house.accounts.phone
    if phone is None:
        return
    guard = phone.guard
    Counts(registry, "hearth_sms_sent", "Text messages that were paid for", "kind", lambda: guard.sent)
    Counts(registry, "hearth_sms_refused", "Text messages that a limit refused", "limit", lambda: guard.refusals)
    Counts(registry, "hearth_sms_alarms", "Alarms about text messages", "kind", lambda: guard.alarms.counts)
    admin = house.followers.admin.accounts
    admin_phone_api.endpoints(table, guard, phone.carrier, admin, provider=house.ground.config.sms.provider)


def _about_accounts(table: EndpointTable, house: House) -> None:
    ground, accounts, work = house.ground, house.accounts, house.work
    by_bridges = accounts.appservices.accounts if accounts.appservices.registrations else None
    register_api.endpoints(table, accounts.registration, by_bridges)
    login_api.endpoints(
        table,
        accounts.login,
        accounts.sessions,
        ground.limits,
        accounts.login_tokens,
        appservices=by_bridges,
        by_phone=accounts.phone.signing_in if accounts.phone else None,
        signing_on=accounts.signing_on,
    )
    sso_pages = sso_api.Pages(
        accounts.signing_on, house.nonce, server=ground.us, is_secure=ground.config.base_url.startswith("https:")
    )
    sso_api.endpoints(table, accounts.signing_on, sso_pages)
    if accounts.phone is not None:
        phone = accounts.phone
        phone_api.endpoints(table, phone.signing_in, phone.own_numbers, phone.discovery, phone.approval)
        identity_api.key_endpoints(table, accounts.phone.invite_key)
        if versions.is_identity_server(ground.config, by_phone=True):
            identity = _identity(house, accounts.phone.discovery)
            identity_api.endpoints(table, identity)
            identity_api.binding_endpoints(table, identity, accounts.phone.binding)
    elsewhere = {SSO: partial(sso_pages.stage, accounts.ui_auth)}
    fallback_api.endpoints(table, accounts.ui_auth, house.nonce, elsewhere)
    account_api.endpoints(table, accounts.credentials, work.deactivation, accounts.addresses, accounts.contacts)
    contacts_api.endpoints(table, accounts.contacts, house.nonce)
    is_one = accounts.phone is not None and versions.is_identity_server(ground.config, by_phone=True)
    binding = accounts.phone.binding if accounts.phone is not None and is_one else None
    contacts_api.binding_endpoints(table, work.identity_servers, work.identity_names, binding)
    request_tokens_api.endpoints(table, accounts.contacts, accounts.registration, ground.config.base_url)
    devices_api.endpoints(table, accounts.devices, accounts.appservices.accounts)
    profile_api.endpoints(table, accounts.profiles)


def _identity(house: House, discovery: ContactDiscovery) -> IdentityService:
    ground = house.ground
    return IdentityService(
        server=ground.us,
        table=IdentityTokens(ground.database),
        openid=house.openid,
        discovery=discovery,
        limits=ground.limits,
        clock=ground.clock,
        rng=ground.rng,
    )


def _about_people(table: EndpointTable, house: House) -> None:
    ground, people, sync = house.ground, house.people, house.followers.sync
    keys_api.endpoints(table, people.encryption.keys, people.encryption.cross_signing, sync.device_changes)
    key_backup_api.endpoints(table, people.encryption.key_backup)
    to_device_api.endpoints(table, people.encryption.to_device, people.encryption.dehydrated)
    account_data_api.endpoints(table, ground.account_data, ground.push_rules)
    push_rules_api.endpoints(table, ground.push_rules)
    filters_api.endpoints(table, people.filters)
    scope = ground.config.directory.users
    users_api.endpoints(table, UserDirectory(ground.members, ground.profile_table, scope=scope))
    receipts_api.endpoints(table, people.receipts, people.typing, people.presence)
    presence_api.endpoints(table, people.presence)
    media_api.endpoints(
        table, house.files.media, house.files.thumbnails, legacy_routes=ground.config.media.legacy_routes
    )
    if house.files.previews is not None:
        previews_api.endpoints(table, house.files.previews)


def _about_rooms(table: EndpointTable, house: House) -> None:
    ground, work, followers = house.ground, house.work, house.followers
    directory_api.endpoints(
        table,
        house.accounts.directory,
        work.public_rooms,
        without_auth=ground.config.directory.public_rooms_without_auth,
    )
    extensions_api.endpoints(table, work.extensions)
    spaces_api.endpoints(table, work.spaces)
    rooms_api.endpoints(
        table,
        work.creation,
        work.sending,
        work.memberships,
        work.room_state,
        work.presentation,
        delayed_events=work.delayed_events,
        address_invites=work.address_invites,
    )
    delayed_events_api.endpoints(table, work.delayed_events)
    upgrades_api.endpoints(table, work.upgrade)
    membership_api.endpoints(table, work.joining, work.inviting, work.removing, work.memberships, work.address_invites)
    messages_api.endpoints(table, work.timeline, ground.visibility, work.presentation)
    threads_api.endpoints(table, work.threads, work.presentation)
    reports_api.endpoints(table, work.reports)
    search_api.endpoints(table, followers.search)
    pushers_api.endpoints(table, followers.push.pushers, followers.push.notifications)
    sync_api.endpoints(table, followers.sync.classic, followers.sync.poll, house.people.filters)
    old_sync_api.endpoints(table, _old_sync(house))


def _old_sync(house: House) -> OldSync:
    ground, work, sync = house.ground, house.work, house.followers.sync
    return OldSync(
        BelowOldSync(
            classic=sync.classic,
            collector=sync.collector,
            presenter=sync.presenter,
            presentation=work.presentation,
            timeline=work.timeline,
            room_state=work.room_state,
            visibility=ground.visibility,
            events=ground.events,
            account_data=ground.account_data_table,
            is_public=house.accounts.directory.is_public,
            feed=ground.feed,
            stopping=ground.stopping,
            clock=ground.clock,
        )
    )


def open_sockets(house: House, table: EndpointTable, trusted_proxies: Sequence[IpNetwork]) -> Door:
    """Where WebSockets come in."""
    ground, sync = house.ground, house.followers.sync
    below = SocketParts(
        table=table,
        authenticate=house.accounts.sessions.authenticate,
        engine=sync.engine,
        connections=sync.connections,
        opening=sync.opening,
        feed=ground.feed,
        presence=house.people.presence,
        clock=ground.clock,
        rng=ground.rng,
    )
    door = Door(
        below, house.accounts.sessions, ground.limits, stopping=ground.stopping, trusted_proxies=trusted_proxies
    )
    ground.tasks.extend([door.run])
    return door
