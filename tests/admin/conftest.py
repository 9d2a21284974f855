"""One server with an admin for all tests of this folder."""

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha1
from typing import TYPE_CHECKING

import pytest

from homeserver.config.accounts import Registration
from tests.support.appservice import Appservice
from tests.support.client import PASSWORD, Json, Server, User

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

SECRET = "a secret that scripts know"
ADMIN = "/_synapse/admin"


@dataclass(frozen=True, slots=True)
class House:
    """A server, one of its admins, and an application service that may act as everybody."""

    server: Server
    admin: User
    puppets: Appservice


def mac_of(*parts: str, secret: str = SECRET) -> str:
    """What proves that the asker knows the secret."""
    return hmac.new(secret.encode(), "\0".join(parts).encode(), sha1).hexdigest()


async def made_by_secret(server: Server, name: str, *, is_admin: bool) -> Json:
    """Make an account as the script of common tools does."""
    nonce = (await server.call("GET", f"{ADMIN}/v1/register"))["nonce"]
    mac = mac_of(nonce, name, PASSWORD, "admin" if is_admin else "notadmin")
    body = {"nonce": nonce, "username": name, "password": PASSWORD, "admin": is_admin, "mac": mac}
    return await server.call("POST", f"{ADMIN}/v1/register", body)


@pytest.fixture(scope="session")
async def house(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The server, running, with guests."""
    from tests.support.running import running_app

    registration = Registration(enabled=True, without_verification=True, guests=True, shared_secret=SECRET)
    folder = tmp_path_factory.mktemp("admin")
    everyone = {"users": [{"exclusive": False, "regex": "@.*"}]}
    puppets = Appservice(folder, "puppets", "_puppets_", more={"url": None, "namespaces": everyone})
    files = (puppets.file,)
    async with running_app(cluster, folder, registration=registration, app_service_config_files=files) as (_, server):
        answer = await made_by_secret(server, "admin", is_admin=True)
        admin = User(server, answer["user_id"], answer["access_token"], answer["device_id"])
        yield House(server, admin, puppets)
