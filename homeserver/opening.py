"""What a server stands on: its database, its bus, the files of the web client; closed by the caller's stack."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import homeserver
from homeserver.asgi.static import Site
from homeserver.bus.bus import Bus, BusDown
from homeserver.bus.local import LocalBus
from homeserver.clock import Clock, Rng
from homeserver.config import Config
from homeserver.config.network import OutboundHttp
from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.http import HttpClient
from homeserver.net.resolver import DnsResolver
from homeserver.providers.disk_media import DiskMedia
from homeserver.providers.hooks import MediaStore, SmsSender
from homeserver.providers.mail import SmtpMail
from homeserver.providers.sms import ConsoleSms, TwilioSms
from homeserver.providers.web_push import BadVapidKey, Vapid
from homeserver.services.threepids.mail import MailCarrier
from homeserver.services.threepids.secret import BadSecret, load_or_create
from homeserver.services.threepids.vault import Vault
from homeserver.storage.database import Database
from homeserver.storage.embedded import EmbeddedPostgres
from homeserver.storage.embedded_system import EmbeddedPostgresError
from homeserver.storage.errors import DatabaseDown, DatabaseFull, DatabaseUnusable
from homeserver.storage.migrate import migrate

Task = Callable[[], Awaitable[None]]
PROXY: Final = re.compile(r"http://[^/?#@\s]+:[0-9]{1,5}/?")


class CannotStart(Exception):
    """The server cannot start; the message is one line that says why and what to do."""


async def database_url(config: Config, resources: AsyncExitStack, tasks: list[Task]) -> str:
    """The address of the database, started first if it is the embedded one. Raises CannotStart."""
    if config.database.url is not None:
        return config.database.url
    bindir = config.database.embedded.bindir
    embedded = EmbeddedPostgres(Path(config.data_dir) / "database", bindir=Path(bindir) if bindir else None)
    try:
        url = await embedded.start()
    except EmbeddedPostgresError as error:
        raise CannotStart(f"the embedded database does not start: {error}") from error
    resources.push_async_callback(embedded.stop)
    tasks.append(embedded.run)
    return url


async def open_database(config: Config, resources: AsyncExitStack, tasks: list[Task]) -> Database:
    """The database, brought to this release. Raises CannotStart."""
    url = await database_url(config, resources, tasks)
    try:
        await migrate(url)
        database = await Database.open(url, max_connections=config.database.max_connections)
    except DatabaseUnusable as error:
        raise CannotStart(str(error)) from error
    except DatabaseFull as error:
        raise CannotStart("the disk of the database is full: free some space and start again") from error
    except DatabaseDown as error:
        cause = str(error.__cause__).partition("\n")[0] or type(error.__cause__).__name__
        raise CannotStart(f"the database cannot be used ({cause}): start it, or correct database.url") from error
    resources.push_async_callback(database.close)
    return database


async def open_bus(config: Config, resources: AsyncExitStack) -> Bus:
    """The bus: Redis if there is one. Raises CannotStart."""
    if config.redis.url is None:
        bus: Bus = LocalBus()
    else:
        # Imported here because that takes a tenth of the start, and one process alone has no use for it.
        from homeserver.bus.redis import RedisBus  # noqa: PLC0415

        try:
            bus = await RedisBus.open(config.redis.url)
        except BusDown as error:
            raise CannotStart(f"Redis does not answer ({error}): start it, or correct redis.url") from error
    resources.push_async_callback(bus.close)
    return bus


def open_media(config: Config) -> MediaStore:
    """Where files lie. Raises CannotStart."""
    folder = Path(config.media.store_path or Path(config.data_dir) / "media")
    try:
        if config.media.s3 is None:
            store = DiskMedia(folder)
            store.prepare()
            return store
        # Imported here because it is an extra: whoever keeps files on a disk does not need it.
        from homeserver.providers.s3_media import S3Media  # noqa: PLC0415

        objects = S3Media(config.media.s3, folder / "incoming")
        objects.prepare()
        return objects
    except ImportError as error:
        raise CannotStart("media.s3 needs the extra `s3`: pip install 'hearth-homeserver[s3]'") from error
    except OSError as error:
        raise CannotStart(f"files cannot be kept ({error}): correct media.store_path, or make room") from error


def open_outbound(config: Config, clock: Clock, rng: Rng, resources: AsyncExitStack) -> HttpClient:
    """The way out to services that are no homeservers: captchas, identity servers."""
    outbound = config.outbound_http
    client = HttpClient(
        AddressPolicy.of(outbound.allow_private_addresses),
        DnsResolver(clock.monotonic, rng.random),
        tls_context(verify=outbound.verify_certificates),
        user_agent=f"Hearth/{homeserver.__version__}",
        proxy=proxy_of(outbound),
    )
    resources.push_async_callback(client.close)
    return client


def proxy_of(outbound: OutboundHttp) -> str | None:
    """The proxy that requests go through. Raises CannotStart."""
    if outbound.proxy is not None and not PROXY.fullmatch(outbound.proxy):
        raise CannotStart(f"outbound_http.proxy {outbound.proxy!r} must be of the form http://host:port")
    return outbound.proxy


def open_mail(config: Config, resources: AsyncExitStack) -> MailCarrier | None:
    """Who brings codes to mail addresses; None where no mail is sent."""
    host = config.email.smtp_host
    if host is None:
        return None
    sender = SmtpMail(config.email, host)
    resources.callback(sender.close)
    return MailCarrier(sender, config.server_name, config.base_url)


def open_vault(config: Config, rng: Rng) -> Vault:
    """What seals people's numbers. Raises CannotStart."""
    try:
        return Vault(load_or_create(Path(config.data_dir) / "addresses.key", rng), rng)
    except BadSecret as error:
        raise CannotStart(str(error)) from error


def open_vapid(config: Config, clock: Clock) -> Vapid:
    """The key by which push services of browsers know this server. Raises CannotStart."""
    path = Path(config.push.vapid_key_path or Path(config.data_dir) / "vapid.pem")
    subject = config.base_url if config.base_url.startswith("https:") else f"https://{config.server_name}"
    try:
        return Vapid.load_or_create(path, subject, clock)
    except BadVapidKey as error:
        raise CannotStart(str(error)) from error


def open_sms(config: Config, resources: AsyncExitStack) -> SmsSender | None:
    """Who brings codes to phones; None where nobody logs in by them. Raises CannotStart."""
    wanted = config.login.phone.enabled
    if wanted is False or (wanted is None and config.server_name != "localhost"):
        return None
    if config.sms.provider == "console":
        return ConsoleSms()
    twilio = config.sms.twilio
    if twilio.account_sid is None or twilio.auth_token is None or twilio.verify_service_sid is None:
        raise CannotStart("sms.provider twilio needs account_sid, auth_token and verify_service_sid of sms.twilio")
    sender = TwilioSms(twilio)
    resources.push_async_callback(sender.close)
    return sender


def web_client() -> Site | None:
    """The built web client: beside the package in a checkout, within it in a wheel; None if it was not built."""
    package = Path(homeserver.__file__).parent
    for folder in (package / "webclient", package.parent / "webclient" / "dist"):
        if (folder / "index.html").is_file():
            return Site(folder)
    return None
