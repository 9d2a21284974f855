"""Pushers that send mail: to addresses of the account alone, once something was unread for a while."""

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from homeserver.config.accounts import Email
from homeserver.services.push import sender
from tests.client_api.test_contacts import with_address
from tests.services.push.gateway import pusher
from tests.support.client import Refused
from tests.support.smtp import MailServer

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

LIMIT_S = 30.0


async def test_unread_messages_are_told_by_mail_without_their_text(
    cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.running import running_app

    monkeypatch.setattr(sender, "MAIL_AFTER_MS", 0)
    async with MailServer() as post:
        mail = Email(smtp_host="127.0.0.1", smtp_port=post.port, tls="none", from_="Hearth <noreply@hearth.test>")
        async with running_app(cluster, tmp_path_factory.mktemp("mail"), email=mail) as (_, server):
            alice, bob = await server.register(), await with_address(server, post, "bob@mail.test")
            wanted = pusher("", "bob@mail.test", kind="email", app_id="m.email", data={})
            for wrong in ({"app_id": "other"}, {"pushkey": "alice@mail.test"}):
                with pytest.raises(Refused, match="M_INVALID_PARAM"):
                    await bob.call("POST", "/v3/pushers/set", {**wanted, **wrong})
            await bob.call("POST", "/v3/pushers/set", wanted)
            room = await alice.creates_room(inviting=bob)
            await bob.joins(room)
            await alice.says("a secret", room)
            deadline = time.monotonic() + LIMIT_S
            while not post.mails:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
            text = post.mails[0].get_content()
            assert "unread message" in text
            assert "secret" not in text


async def test_a_server_without_mail_has_no_pushers_by_mail(
    cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path_factory.mktemp("plain")) as (_, server):
        bob = await server.register()
        with pytest.raises(Refused, match="sends no mail"):
            await bob.call("POST", "/v3/pushers/set", pusher("", "b@c.test", kind="email", app_id="m.email", data={}))
