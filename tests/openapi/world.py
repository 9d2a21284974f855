"""A server with everything switched on, some people and what they have: what the recipes draw from."""

import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from homeserver.app import App
from homeserver.config.accounts import Cas, Email, Login, Password, PhoneLogin, Registration
from homeserver.config.content import Media, UrlPreviews
from homeserver.config.network import OutboundHttp, Turn, WellKnown
from homeserver.config.server import Database as DatabaseConfig
from homeserver.storage.database import Database
from homeserver.storage.registration_tokens import RegistrationTokens
from tests.support.appservice import Appservice
from tests.support.client import Json, Server, User
from tests.support.identity import Identity
from tests.support.running import running_app
from tests.support.smtp import MailServer
from tools.certificates import local_certificate

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

CONTACT = {"contacts": [{"email_address": "admin@hearth.test", "role": "m.role.admin"}]}
TOKEN = "letmein"
WORD = "canary"


@dataclass
class World:
    """`alice` owns what there is and is an admin; `bob` is in her rooms; `carol` is a stranger."""

    app: App
    server: Server
    bridge: Appservice
    post: MailServer
    identity: Identity
    admin: User
    alice: User
    bob: User
    carol: User
    room: str = ""
    public: str = ""
    event: str = ""
    alias: str = "#everyone:hearth.test"
    filter_id: str = ""
    backup: str = ""
    media: str = ""

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    def n(self) -> str:
        """A name that nothing had before."""
        return f"n{next(self._numbers)}"

    async def somebody(self) -> User:
        """A user of their own, for what cannot be undone."""
        return await self.server.register(f"one-{self.n()}")

    async def build(self) -> None:
        """Make what the recipes speak of."""
        alice, bob = self.alice, self.bob
        self.room = await alice.creates_room(inviting=bob, name=f"A room of {WORD}")
        await bob.joins(self.room)
        self.public = await alice.creates_public_room(
            room_alias_name="everyone", name="Everyone", topic="All", visibility="public"
        )
        self.event = await alice.says(f"the {WORD}", self.room)
        reply = {"rel_type": "m.thread", "event_id": self.event}
        await bob.sends(self.room, "m.room.message", {"msgtype": "m.text", "body": "reply", "m.relates_to": reply})
        path = f"/v3/user/{alice.user_id}"
        self.filter_id = (await alice.call("POST", f"{path}/filter", {"room": {"timeline": {"limit": 5}}}))["filter_id"]
        await alice.call("PUT", f"{path}/account_data/m.test", {"a": 1})
        await alice.call("PUT", f"{path}/rooms/{self.room}/account_data/m.test", {"a": 1})
        await alice.call("PUT", f"{path}/rooms/{self.room}/tags/m.favourite", {"order": 0.5})
        await alice.call("PUT", f"/v3/profile/{alice.user_id}/displayname", {"displayname": "Alice"})
        await alice.call("PUT", "/v3/pushrules/global/content/words", {"pattern": "word", "actions": ["notify"]})
        backup = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": "x"}}
        self.backup = (await alice.call("POST", "/v3/room_keys/version", backup))["version"]
        self.media = await self.uploaded(alice)

    async def proven(self, user: User) -> Json:
        """What proves a mail address for a user."""
        secret, n = self.n(), len(self.post.mails) + 1
        body = {"client_secret": secret, "email": f"{secret}@example.org", "send_attempt": 1}
        sid = (await user.call("POST", "/v3/account/3pid/email/requestToken", body))["sid"]
        code = re.findall(r": (\d{6})\b", (await self.post.newest(n)).get_content())[0]
        form = {"sid": sid, "client_secret": secret, "token": code}
        page = f"{self.server.base_url}/_matrix/client/unstable/app.hearth/email/submit_token"
        async with self.server.session.post(page, data=form) as answer:
            assert answer.status == 200
        return {"sid": sid, "client_secret": secret}

    async def uploaded(self, user: User) -> str:
        """The id of a small picture."""
        session, url = self.server.session, f"{self.server.base_url}/_matrix/media/v3/upload?filename=dot.png"
        headers = {"Authorization": f"Bearer {user.token}", "Content-Type": "image/png"}
        async with session.post(url, data=PICTURE, headers=headers) as answer:
            uri: str = (await answer.json())["content_uri"]
        return uri.rpartition("/")[2]


def _picture() -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 30, 30)).save(file, "PNG")
    return file.getvalue()


PICTURE = _picture()


@asynccontextmanager
async def world_of(cluster: "Cluster", folder: Path) -> AsyncIterator[World]:
    """The world on a server of its own."""
    async with (
        Appservice(folder) as bridge,
        MailServer() as post,
        Identity(local_certificate(folder / "tls")) as identity,
        cluster.database() as url,
    ):
        settings: Json = {
            "database": DatabaseConfig(url=url),
            "registration": Registration(enabled=True, without_verification=True, guests=True),
            "login": Login(
                password=Password(hash_cost="test"),
                phone=PhoneLogin(enabled=True),
                cas=Cas(enabled=True, server_url="https://cas.hearth.test"),
            ),
            "outbound_http": OutboundHttp(allow_private_addresses=True, verify_certificates=False),
            "turn": Turn(uris=("turn:turn.hearth.test?transport=udp",), shared_secret="s"),
            "well_known": WellKnown(support=CONTACT, policy_server_key="6yhHGKhCiXTSEN2ksjV7kX/N6rBQZ3Xb+M7LlC6NS+s"),
            "media": Media(legacy_routes=True, url_previews=UrlPreviews(enabled=True, allow_private_addresses=True)),
            "email": Email(smtp_host="127.0.0.1", smtp_port=post.port, tls="none"),
            "app_service_config_files": (bridge.file,),
        }
        async with running_app(cluster, folder, **settings) as (app, server):
            database = await Database.open(url)
            try:
                admin, alice, bob, carol = await server.users("root", "alice", "bob", "carol")
                await database.execute("UPDATE users SET is_admin = true WHERE user_id = $1", admin.user_id)
                await RegistrationTokens(database).create(TOKEN, uses_allowed=None, expires_ts=None, now_ms=0)
            finally:
                await database.close()
            admin = await server.login("root")
            world = World(app, server, bridge, post, identity, admin, alice, bob, carol)
            await world.build()
            yield world
