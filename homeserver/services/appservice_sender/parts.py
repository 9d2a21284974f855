"""Application services put together: their registrations, the gate, what they are asked and told. Used by `app`."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import homeserver
from homeserver.clock import Clock, Rng
from homeserver.config.network import OutboundHttp
from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.http import HttpClient
from homeserver.net.resolver import DnsResolver
from homeserver.services.appservice_accounts import AppserviceAccounts
from homeserver.services.appservices.access import Access
from homeserver.services.appservices.asking import Asking
from homeserver.services.appservices.registrations import Registrations, read
from homeserver.services.login import Login
from homeserver.services.sessions import Sessions
from homeserver.storage.database import Database
from homeserver.storage.devices import Devices
from homeserver.storage.users import Users


@dataclass(frozen=True, slots=True)
class Appservices:
    """What others use of application services."""

    registrations: Registrations
    access: Access
    asking: Asking
    accounts: AppserviceAccounts


async def build(
    files: Sequence[str],
    http: OutboundHttp,
    *,
    server: str,
    database: Database,
    sessions: Sessions,
    login: Login,
    clock: Clock,
    rng: Rng,
    resources: AsyncExitStack,
) -> Appservices:
    """Read the registrations, and have the accounts of the senders. Raises BadRegistration."""
    registrations = read(files, server)
    # The admin wrote the addresses down, so they may be inside: as a rule bridges run beside the server.
    client = HttpClient(
        AddressPolicy.of(True),
        DnsResolver(clock.monotonic, rng.random),
        tls_context(verify=http.verify_certificates),
        user_agent=f"Hearth/{homeserver.__version__}",
    )
    resources.push_async_callback(client.close)
    users, devices = Users(database), Devices(database)
    access = Access(registrations, users, devices, sessions.authenticate, clock)
    await access.start()
    accounts = AppserviceAccounts(
        server=server,
        access=access,
        users=users,
        devices=devices,
        sessions=sessions,
        login=login,
        clock=clock,
    )
    return Appservices(registrations, access, Asking(registrations, client, clock), accounts)
