"""All endpoints of admins, registered together."""

from homeserver.client_api.admin import media, moderation, rooms, server, statistics, users
from homeserver.client_api.http import EndpointTable
from homeserver.clock import Clock, Rng
from homeserver.config.content import AdminApi
from homeserver.services.admin.parts import Admin
from homeserver.services.media.moderation import MediaModeration
from homeserver.services.memberships import Memberships
from homeserver.storage.account_data import AccountData
from homeserver.storage.admin_statistics import AdminStatistics
from homeserver.storage.database import Database
from homeserver.storage.destinations import Destinations
from homeserver.storage.members import Members
from homeserver.storage.pushers import PusherTable
from homeserver.storage.registration_tokens import RegistrationTokens
from homeserver.storage.reports import Reports


def endpoints(
    endpoint: EndpointTable,
    admin: Admin,
    config: AdminApi,
    *,
    server_name: str,
    files: MediaModeration,
    memberships: Memberships,
    database: Database,
    clock: Clock,
    rng: Rng,
) -> None:
    """Register those that the configuration offers; without the rest `/_synapse/admin` answers M_UNRECOGNIZED."""
    moderation.endpoints(endpoint, admin.accounts)
    if not (config.enabled and config.synapse_compatible):
        return
    users.endpoints(endpoint, admin.accounts, memberships)
    media.endpoints(endpoint, files, admin.accounts, PusherTable(database), server_name)
    rooms.endpoints(endpoint, admin.rooms, admin.deleting, admin.jobs)
    statistics.endpoints(
        endpoint,
        AdminStatistics(database),
        accounts=admin.accounts,
        rooms=admin.rooms,
        jobs=admin.jobs,
        members=Members(database),
        account_data=AccountData(database),
        destinations=Destinations(database),
    )
    server.endpoints(
        endpoint,
        reports=Reports(database),
        rooms=admin.rooms,
        jobs=admin.jobs,
        tokens=RegistrationTokens(database),
        secret=admin.secret,
        notices=admin.notices,
        destinations=Destinations(database),
        clock=clock,
        rng=rng,
    )
