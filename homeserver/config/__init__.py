"""The configuration: one YAML file, frozen Structs, a default for everything. `load` reads it.

Unknown keys are refused. `config.example.yaml` is generated from the docstrings of these Structs.
"""

from homeserver.config.accounts import Discovery, Email, Login, Registration, Sms
from homeserver.config.content import AdminApi, ClientApi, Directory, Media, Presence, Retention, Rooms, Sync, Web
from homeserver.config.kinds import Positive, Section
from homeserver.config.network import Federation, OutboundHttp, Push, Rtc, ServerNotices, Term, Turn, WellKnown
from homeserver.config.rate_limits import RateLimits
from homeserver.config.server import Database, Listener, Log, Metrics, Provider, Redis, Tracing

LOCALHOST = "localhost"


class Config(Section, frozen=True):
    """Hearth's configuration. Everything has a default; keys for a server on the internet are marked with *."""

    server_name: str = LOCALHOST
    "* The name in user ids. It never changes."
    public_baseurl: str | None = None
    "* Where clients reach the server, as `https://matrix.example.org`; absent: the first listener's address."
    data_dir: str = "./data"
    "* Embedded database, media, keys."
    signing_key_path: str | None = None
    "Made at first start if missing; absent: `signing.key` in `data_dir`."
    listeners: tuple[Listener, ...] = (Listener(), Listener(host="::1"))
    "* Addresses that the server answers on."
    trusted_proxies: tuple[str, ...] = ()
    "Addresses or networks whose `X-Forwarded-For` is believed."
    processes: Positive = 1
    "* Processes on this machine behind the same ports; more than one need `redis.url`."
    log: Log = Log()
    database: Database = Database()
    redis: Redis = Redis()
    registration: Registration = Registration()
    login: Login = Login()
    sms: Sms = Sms()
    discovery: Discovery = Discovery()
    email: Email = Email()
    federation: Federation = Federation()
    outbound_http: OutboundHttp = OutboundHttp()
    rate_limits: RateLimits = RateLimits()
    rooms: Rooms = Rooms()
    directory: Directory = Directory()
    presence: Presence = Presence()
    sync: Sync = Sync()
    client_api: ClientApi = ClientApi()
    media: Media = Media()
    retention: Retention = Retention()
    admin_api: AdminApi = AdminApi()
    app_service_config_files: tuple[str, ...] = ()
    "Registration files of application services."
    web: Web = Web()
    well_known: WellKnown = WellKnown()
    turn: Turn = Turn()
    rtc: Rtc = Rtc()
    terms: tuple[Term, ...] = ()
    "Documents people must agree to when they sign up."
    server_notices: ServerNotices = ServerNotices()
    push: Push = Push()
    metrics: Metrics = Metrics()
    tracing: Tracing = Tracing()
    providers: tuple[Provider, ...] = ()
    "Classes of yours in the seams."

    @property
    def federates(self) -> bool:
        """Whether other servers are spoken to at all."""
        enabled = self.federation.enabled
        return self.server_name != LOCALHOST if enabled is None else enabled

    @property
    def registers_locally_only(self) -> bool:
        """Whether signing up is open, but to this machine only: the default of a server named `localhost`."""
        return self.registration.enabled is None and self.server_name == LOCALHOST

    @property
    def base_url(self) -> str:
        """Where clients reach the server, without a slash at the end."""
        if self.public_baseurl is not None:
            return self.public_baseurl.rstrip("/")
        first = next((one for one in self.listeners if "client" in one.resources), Listener())
        host = LOCALHOST if first.host in _ANY_HOST else f"[{first.host}]" if ":" in first.host else first.host
        return f"{'https' if first.tls else 'http'}://{host}:{first.port}"


_ANY_HOST = frozenset({"0.0.0.0", "::", "127.0.0.1", "::1", LOCALHOST})  # noqa: S104 - compared, not bound
