"""Builds what belongs to phone numbers from its configuration. Used by `app`."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from homeserver.clock import Clock
from homeserver.config import Config
from homeserver.providers.hooks import SmsSender
from homeserver.services.confirmation import Confirmation
from homeserver.services.login import Login
from homeserver.services.phone.carrier import SmsCarrier
from homeserver.services.phone.guard import SpendGuard
from homeserver.services.phone.signing_in import SigningIn
from homeserver.services.phone.work import Work
from homeserver.services.registration import Registration
from homeserver.services.sessions import Sessions
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import Verifications
from homeserver.storage.database import Database
from homeserver.storage.phone_accounts import PhoneAccounts
from homeserver.storage.sms import SmsSends
from homeserver.storage.users import Users


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


@dataclass(frozen=True, slots=True)
class Phone:
    """The parts that others use."""

    guard: SpendGuard
    carrier: SmsCarrier
    signing_in: SigningIn


def build(config: Config, below: Below, sender: SmsSender, clock: Clock) -> Phone:
    """Put the parts together; codes for numbers are then carried."""
    guard = SpendGuard(config.sms, SmsSends(below.database), below.vault, Work(below.vault, clock), clock)
    host = urlsplit(config.public_baseurl or "").hostname or config.server_name
    carrier = SmsCarrier(sender, guard, host, clock)
    below.verifications.carry("msisdn", carrier)
    signing_in = SigningIn(
        verifications=below.verifications,
        addresses=below.addresses,
        accounts=PhoneAccounts(below.database),
        users=below.users,
        login=below.login,
        confirmation=below.confirmation,
        registration=below.registration,
        sessions=below.sessions,
        clock=clock,
    )
    return Phone(guard, carrier, signing_in)
