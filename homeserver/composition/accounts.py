"""Accounts: sessions, signing up and in, addresses, devices, profiles, application services."""

from dataclasses import dataclass

from homeserver.composition.ground import Ground
from homeserver.opening import CannotStart, open_mail, open_sms, open_vault
from homeserver.services.appservice_sender import parts as appservice_parts
from homeserver.services.appservice_sender.parts import Appservices
from homeserver.services.appservices.registrations import BadRegistration
from homeserver.services.confirmation import Confirmation
from homeserver.services.contacts import Contacts
from homeserver.services.credentials import Credentials
from homeserver.services.devices import Devices
from homeserver.services.directory import Directory
from homeserver.services.invite_permission import InvitePermission
from homeserver.services.login import Login
from homeserver.services.login_tokens import LoginTokens
from homeserver.services.passwords import Passwords
from homeserver.services.phone import parts as phone_parts
from homeserver.services.phone.parts import Phone
from homeserver.services.profiles import Profiles
from homeserver.services.registration import Registration
from homeserver.services.room_limits import RoomLimits
from homeserver.services.sessions import Sessions
from homeserver.services.sso import parts as sso_parts
from homeserver.services.sso.signing_on import Below as BelowSignOn
from homeserver.services.sso.signing_on import SigningOn
from homeserver.services.stages import parts as stage_parts
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.mail import MailCarrier
from homeserver.services.threepids.verifications import Verifications
from homeserver.services.ui_auth import UiAuth
from homeserver.storage.devices import Devices as DeviceTable
from homeserver.storage.registration_tokens import RegistrationTokens
from homeserver.storage.room_list import RoomList
from homeserver.storage.sessions import Sessions as SessionTable
from homeserver.storage.sessions import UiAuthSessions
from homeserver.storage.single_sign_on import ExternalIds, Flows
from homeserver.storage.users import Threepids
from homeserver.storage.verifications import Verifications as VerificationTable


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who there is, and how they come in. `mail` None: none is sent; `phone` None: nobody signs in by one."""

    sessions: Sessions
    passwords: Passwords
    ui_auth: UiAuth
    login: Login
    login_tokens: LoginTokens
    registration: Registration
    confirmation: Confirmation
    credentials: Credentials
    devices: Devices
    profiles: Profiles
    directory: Directory
    room_limits: RoomLimits
    invite_permission: InvitePermission
    addresses: Addresses
    contacts: Contacts
    mail: MailCarrier | None
    phone: Phone | None
    signing_on: SigningOn
    appservices: Appservices


async def build(ground: Ground) -> Accounts:
    """Raises CannotStart."""
    config, database, clock, rng = ground.config, ground.database, ground.clock, ground.rng
    sessions = Sessions(SessionTable(database), ground.stream, clock, rng)
    ground.feed.register(sessions.apply)
    passwords = Passwords(config.login.password.hash_cost)
    ui_auth = UiAuth(UiAuthSessions(database), clock, rng)
    try:
        stage_parts.serve(ui_auth, config, ground.outbound)
    except stage_parts.IncompleteStage as error:
        raise CannotStart(str(error)) from error
    vault = open_vault(config, rng)
    verifications = Verifications(VerificationTable(database), vault, clock, rng)
    addresses = Addresses(Threepids(database), vault, verifications, clock)
    login = Login(
        server=ground.us,
        users=ground.users,
        addresses=addresses,
        passwords=passwords,
        sessions=sessions,
        limits=ground.limits,
        clock=ground.clock,
        enabled=config.login.password.enabled,
    )
    registration = Registration(
        server=ground.us,
        policy=config.registration,
        users=ground.users,
        tokens=RegistrationTokens(database),
        passwords=passwords,
        sessions=sessions,
        auth=ui_auth,
        stream=ground.stream,
        limits=ground.limits,
        clock=clock,
        rng=rng,
    )
    confirmation = Confirmation(ui_auth, login)
    mail = open_mail(config, ground.resources)
    contacts = Contacts(
        verifications=verifications,
        addresses=addresses,
        users=ground.users,
        passwords=passwords,
        sessions=sessions,
        confirmation=confirmation,
        auth=ui_auth,
        limits=ground.limits,
        mail=mail,
    )
    registration.bind_by(contacts.bind_new)
    below_phones = phone_parts.Below(
        database=database,
        vault=vault,
        verifications=verifications,
        addresses=addresses,
        users=ground.users,
        login=login,
        confirmation=confirmation,
        registration=registration,
        sessions=sessions,
        contacts=contacts,
        mail=mail,
        stream=ground.stream,
        rng=rng,
    )
    login_tokens = LoginTokens(
        table=SessionTable(database),
        users=ground.users,
        login=login,
        sessions=sessions,
        confirmation=confirmation,
        clock=clock,
        rng=rng,
    )
    below_sign_on = BelowSignOn(
        flows=Flows(database),
        external_ids=ExternalIds(database),
        users=ground.users,
        profiles=ground.profile_table,
        login=login,
        login_tokens=login_tokens,
        registration=registration,
        ui_auth=ui_auth,
    )
    room_limits = RoomLimits(
        ground.members,
        max_joined=config.rooms.max_joined,
        max_invites=config.rooms.max_pending_invites,
        notices=f"@{config.server_notices.localpart}:{ground.us}",
    )
    accounts = Accounts(
        sessions=sessions,
        passwords=passwords,
        ui_auth=ui_auth,
        login=login,
        login_tokens=login_tokens,
        registration=registration,
        confirmation=confirmation,
        credentials=Credentials(users=ground.users, passwords=passwords, sessions=sessions, confirmation=confirmation),
        devices=Devices(DeviceTable(database), sessions, confirmation, clock),
        profiles=Profiles(
            server=ground.us,
            table=ground.profile_table,
            users=ground.users,
            members=ground.members,
            rooms=ground.rooms,
            commits=ground.commits,
            clock=clock,
        ),
        directory=Directory(
            server=ground.us,
            policy=config.rooms,
            table=ground.room_table,
            room_list=RoomList(database),
            rooms=ground.rooms,
            clock=clock,
        ),
        room_limits=room_limits,
        invite_permission=InvitePermission(ground.users, ground.account_data, room_limits),
        addresses=addresses,
        contacts=contacts,
        mail=mail,
        phone=_phone(ground, below_phones, contacts),
        signing_on=_signing_on(ground, below_sign_on, confirmation),
        appservices=await _appservices(ground, sessions, login),
    )
    _introduce(ground, accounts)
    ground.tasks.extend([accounts.profiles.run, accounts.devices.run])
    return accounts


def _phone(ground: Ground, below: phone_parts.Below, contacts: Contacts) -> Phone | None:
    sms = open_sms(ground.config, ground.resources)
    if sms is None:
        return None
    phone = phone_parts.build(ground.config, below, sms, ground.clock)
    signing_in, own_numbers = phone.signing_in, phone.own_numbers
    contacts.serve_numbers(
        signing_in.number_suffices, signing_in.number_opens, signing_in.is_idle, own_numbers.check_may_go
    )
    ground.tasks.extend([own_numbers.run, phone.approval.run])
    return phone


def _signing_on(ground: Ground, below: BelowSignOn, confirmation: Confirmation) -> SigningOn:
    try:
        signing_on = sso_parts.build(ground.config, below, ground.outbound, ground.clock, ground.rng)
    except sso_parts.IncompleteProvider as error:
        raise CannotStart(str(error)) from error
    if signing_on.providers:
        confirmation.by_providers(signing_on.has_provider)
    return signing_on


async def _appservices(ground: Ground, sessions: Sessions, login: Login) -> Appservices:
    try:
        return await appservice_parts.build(
            ground.config.app_service_config_files,
            ground.config.outbound_http,
            server=ground.us,
            database=ground.database,
            sessions=sessions,
            login=login,
            clock=ground.clock,
            rng=ground.rng,
            resources=ground.resources,
        )
    except BadRegistration as error:
        raise CannotStart(str(error)) from error


def _introduce(ground: Ground, accounts: Accounts) -> None:
    """Let application services be asked for what is theirs."""
    appservices = accounts.appservices
    ground.feed.register(appservices.access.apply)
    accounts.registration.reserve_by(appservices.registrations.is_reserved_user)
    accounts.directory.ask_appservices_by(appservices.asking)
    accounts.invite_permission.ask_appservices_by(appservices.asking.makes_user)
    accounts.profiles.ask_appservices_by(appservices.asking.makes_user)
