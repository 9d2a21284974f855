"""Push put together. Used by `app`."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import homeserver
from homeserver.clock import Clock, Rng
from homeserver.config.network import OutboundHttp
from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.http import Http, HttpClient
from homeserver.net.resolver import DnsResolver
from homeserver.providers.http_push import HttpPush
from homeserver.providers.web_push import Vapid, WebPush
from homeserver.services.feed import Feed
from homeserver.services.presentation import Presentation
from homeserver.services.push.notifications import NotificationList
from homeserver.services.push.pushers import MailOwner, Pushers
from homeserver.services.push.router import IgnoredBy, Router
from homeserver.services.push.sender import Mailer, Sender
from homeserver.services.push_rules import PushRules
from homeserver.services.rooms import Rooms
from homeserver.services.unread import Unread
from homeserver.services.visibility import Visibility
from homeserver.storage.database import Database
from homeserver.storage.events.read import Events
from homeserver.storage.leases import Leases
from homeserver.storage.mentions import Mentions
from homeserver.storage.pushers import PusherTable
from homeserver.storage.stream import Stream


@dataclass(frozen=True, slots=True)
class Below:
    """What push stands on."""

    database: Database
    stream: Stream
    feed: Feed
    rooms: Rooms
    visibility: Visibility
    presentation: Presentation
    push_rules: PushRules
    unread: Unread
    ignored_by: IgnoredBy
    mailer: Mailer | None
    mail_owner: MailOwner
    clock: Clock
    rng: Rng


class Push:
    """Pushers, what they send, and the list of notifications."""

    def __init__(self, owner: str, below: Below, http: Http, vapid: Vapid) -> None:
        """`owner`: names this process among others; `vapid`: its key towards browsers."""
        database = below.database
        table = PusherTable(database)
        owner_of = below.mail_owner if below.mailer is not None else None
        self.pushers = Pushers(table, database.nids, below.clock, owner_of)
        self.browser_key = vapid.public
        sender = Sender(
            table,
            HttpPush(http),
            WebPush(http, vapid, below.rng),
            visibility=below.visibility,
            events=Events(database),
            rooms=below.rooms,
            unread=below.unread,
            feed=below.feed,
            clock=below.clock,
            mailer=below.mailer,
        )
        router = Router(
            owner,
            table,
            sender,
            leases=Leases(database),
            feed=below.feed,
            stream=below.stream,
            rooms=below.rooms,
            push_rules=below.push_rules,
            ignored_by=below.ignored_by,
            clock=below.clock,
        )
        self.pushers.on_change(router.pushers_changed)
        self.notifications = NotificationList(Mentions(database), below.visibility, below.presentation)
        self.run = router.run


def outside(config: OutboundHttp, clock: Clock, rng: Rng, resources: AsyncExitStack) -> Http:
    """The way out to push gateways."""
    client = HttpClient(
        AddressPolicy.of(config.allow_private_addresses),
        DnsResolver(clock.monotonic, rng.random),
        tls_context(verify=config.verify_certificates),
        user_agent=f"Hearth/{homeserver.__version__}",
        proxy=config.proxy,
    )
    resources.push_async_callback(client.close)
    return client
