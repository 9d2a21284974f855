"""Sections about accounts: signing up, logging in, text messages, mail."""

from typing import Annotated, Literal

import msgspec

from homeserver.config.kinds import Port, Positive, Secret, Section


class Recaptcha(Section, frozen=True):
    """A captcha step when signing up."""

    required: bool = False
    siteverify_url: str = "https://www.recaptcha.net/recaptcha/api/siteverify"
    "The service that checks answers."
    public_key: str | None = None
    private_key: Secret | None = None


class Registration(Section, frozen=True):
    """Who may sign up."""

    enabled: bool | None = None
    "Absent: only for this machine, and only if the server's name is `localhost`."
    without_verification: bool = False
    "No code, token or captcha: also needs `enabled`. Invites spam on the public internet."
    shared_secret: Secret | None = None
    "Lets who knows it make accounts through the admin API."
    guests: bool = False
    "Allow guest accounts."
    tokens_required: bool = False
    "Ask for a registration token."
    approval_required: bool = False
    "An admin approves each new account."
    recaptcha: Recaptcha = Recaptcha()


class Password(Section, frozen=True):
    """Logging in by password."""

    enabled: bool = True
    hash_cost: Literal["normal", "test"] = "normal"
    "`test`: the cheapest hash, for tests only."


class PhoneLogin(Section, frozen=True):
    """Signing up and logging in by a code sent to a phone."""

    enabled: bool | None = None
    "Absent: only if the server's name is `localhost`."


class Cas(Section, frozen=True):
    """Logging in through a CAS server."""

    enabled: bool = False
    server_url: str | None = None
    "Where it is, without `/login` at the end."
    name: str = "CAS"
    "Shown on the button."


class Oidc(Section, frozen=True):
    """An OpenID Connect provider to log in with."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9_-]{1,64}$")]
    name: str
    "Shown on the button."
    issuer: str
    client_id: str
    client_secret: Secret | None = None
    scopes: tuple[str, ...] = ("openid", "profile")
    localpart_claim: str = "preferred_username"
    "The claim that becomes the local part of a new user id; people choose one where it is missing or taken."
    brand: str | None = None
    "Which well-known service it is, for clients that have a picture of it: `github`, `gitlab`, `google` ..."


class Login(Section, frozen=True):
    """How people log in."""

    password: Password = Password()
    phone: PhoneLogin = PhoneLogin()
    cas: Cas = Cas()
    oidc: tuple[Oidc, ...] = ()
    trusted_clients: tuple[str, ...] = ()
    "Addresses of web clients that log in through a provider without asking the person first."


class Twilio(Section, frozen=True):
    """A Twilio account with a Verify service."""

    account_sid: str | None = None
    auth_token: Secret | None = None
    verify_service_sid: str | None = None
    messaging_service_sid: str | None = None
    "Sends invitations to numbers without an account; absent: they get none, and are invited when they sign up."


class SmsBudget(Section, frozen=True):
    """A hard stop for what text messages may cost."""

    per_hour: Positive = 100
    "Messages."
    per_day: Positive = 500
    "Messages."


class Sms(Section, frozen=True):
    """Text messages with codes."""

    provider: Literal["console", "twilio"] = "console"
    "`console` prints the code in the log: for trying out."
    twilio: Twilio = Twilio()
    countries: tuple[Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")], ...] = ()
    "Two-letter codes of the countries that numbers may be of; none: no text messages, but by `console` to all."
    budget: SmsBudget = SmsBudget()


class Discovery(Section, frozen=True):
    """Finding people by phone number: those who want it, and who have each other's numbers."""

    enabled: bool = False
    "Let people choose to be found by their contacts."
    identity_api: bool = False
    "Answer other clients of this server as an identity server, too."
    pepper: Secret | None = None
    "Goes into the hashes that clients ask by; the same on paired servers. Absent: one of this server's own."
    paired_servers: tuple[str, ...] = ()
    "Servers whose users find those of this one; they have to name this server, too, and to have the same pepper."


class Email(Section, frozen=True):
    """Outgoing mail."""

    smtp_host: str | None = None
    "Absent: no mail is sent."
    smtp_port: Port = 465
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    user: str | None = None
    password: Secret | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    "The sender, such as `Hearth <noreply@example.org>`."
