"""Builds what belongs to phone numbers from its configuration. Used by `app`."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from homeserver.clock import Clock, Rng
from homeserver.config import Config
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey
from homeserver.providers.hooks import SmsSender
from homeserver.services.confirmation import Confirmation
from homeserver.services.contacts import Contacts
from homeserver.services.discovery.binding import Binding
from homeserver.services.discovery.contacts import ContactDiscovery
from homeserver.services.login import Login
from homeserver.services.phone.approval import Approval
from homeserver.services.phone.carrier import SmsCarrier
from homeserver.services.phone.guard import SpendGuard
from homeserver.services.phone.own_numbers import OwnNumbers
from homeserver.services.phone.signing_in import SigningIn
from homeserver.services.phone.tickets import Tickets
from homeserver.services.phone.work import Work
from homeserver.services.registration import Registration
from homeserver.services.sessions import Sessions
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.mail import MailCarrier
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import Verifications
from homeserver.storage.contact_lookups import ContactLookups
from homeserver.storage.database import Database
from homeserver.storage.phone_accounts import PhoneAccounts
from homeserver.storage.sign_ins import SignIns
from homeserver.storage.sms import SmsSends
from homeserver.storage.stream import Stream
from homeserver.storage.users import Users

INVITE_KEY_ID: Final = "ed25519:numbers"


@dataclass(frozen=True, slots=True)
class Below:
    """What phone numbers stand on."""

    database: Database
    vault: Vault
    verifications: Verifications
    addresses: Addresses
    users: Users
    login: Login
    confirmation: Confirmation
    registration: Registration
    sessions: Sessions
    contacts: Contacts
    mail: MailCarrier | None
    stream: Stream
    rng: Rng


@dataclass(frozen=True, slots=True)
class Phone:
    """The parts that others use."""

    guard: SpendGuard
    carrier: SmsCarrier
    accounts: PhoneAccounts
    signing_in: SigningIn
    approval: Approval
    own_numbers: OwnNumbers
    discovery: ContactDiscovery
    binding: Binding
    invite_key: SigningKey
    """Signs what this server says as an identity server: another than its own, so that it never changes."""


def build(config: Config, below: Below, sender: SmsSender, clock: Clock) -> Phone:
    """Put the parts together; codes for numbers are then carried."""
    guard = SpendGuard(config.sms, SmsSends(below.database), below.vault, Work(below.vault, clock), clock)
    host = urlsplit(config.public_baseurl or "").hostname or config.server_name
    carrier = SmsCarrier(sender, guard, host, clock)
    below.verifications.carry("msisdn", carrier)
    accounts = PhoneAccounts(below.database)
    approval = Approval(
        table=SignIns(below.database),
        stream=below.stream,
        verifications=below.verifications,
        addresses=below.addresses,
        mail=below.mail,
        page=config.base_url,
        clock=clock,
        rng=below.rng,
    )
    signing_in = SigningIn(
        verifications=below.verifications,
        addresses=below.addresses,
        accounts=accounts,
        users=below.users,
        login=below.login,
        confirmation=below.confirmation,
        registration=below.registration,
        sessions=below.sessions,
        approval=approval,
        tickets=Tickets(below.vault, clock),
        clock=clock,
    )
    own_numbers = OwnNumbers(
        verifications=below.verifications,
        addresses=below.addresses,
        accounts=accounts,
        users=below.users,
        confirmation=below.confirmation,
        mail=below.mail,
        clock=clock,
    )
    seed = below.vault.seed("invites by number")
    invite_key = SigningKey(ServerName(config.server_name), INVITE_KEY_ID, seed)
    discovery = ContactDiscovery(
        enabled=config.discovery.enabled,
        pepper=config.discovery.pepper,
        lookups=ContactLookups(below.database),
        accounts=accounts,
        addresses=below.addresses,
        vault=below.vault,
        clock=clock,
    )
    below.addresses.tell_by(discovery.gained)
    binding = Binding(
        contacts=below.contacts,
        verifications=below.verifications,
        addresses=below.addresses,
        discovery=discovery,
        key=invite_key,
        clock=clock,
    )
    return Phone(guard, carrier, accounts, signing_in, approval, own_numbers, discovery, binding, invite_key)
