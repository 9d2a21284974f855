"""Mail addresses of accounts: proven by a real mail, added, removed, and good for a new password."""

import re
import ssl
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from homeserver.config.accounts import Email
from homeserver.providers.hooks import Mail, MailFailed
from homeserver.providers.mail import SmtpMail
from homeserver.services.threepids.mail import canonical
from tests.support.client import PASSWORD, Json, Refused, Server, User
from tests.support.running import running_app
from tests.support.smtp import MailServer
from tools.certificates import LocalCertificate

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

SECRET = "a.secret_of-mine"
ADD = "/v3/account/3pid/email/requestToken"
RESET = "/v3/account/password/email/requestToken"
REGISTER = "/v3/register/email/requestToken"


@pytest.fixture(scope="module")
async def post() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
async def server(
    cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory, post: MailServer
) -> AsyncIterator[Server]:
    mail = Email(smtp_host="127.0.0.1", smtp_port=post.port, tls="none", from_="Hearth <noreply@hearth.test>")
    async with running_app(cluster, tmp_path_factory.mktemp("mail"), email=mail) as (_, server):
        yield server


@pytest.fixture(autouse=True)
def empty(post: MailServer) -> None:
    post.mails.clear()
    post.is_broken = False


async def asks(who: Server | User, path: str, address: str, **more: Any) -> str:
    """Ask for a code; the id of the session."""
    body = {"client_secret": SECRET, "email": address, "send_attempt": 1, **more}
    return str((await who.call("POST", path, body))["sid"])


def link_in(mail: Any) -> tuple[str, dict[str, str]]:
    """The page that a mail leads to, and its fields."""
    text = mail.get_content()
    link = urlsplit(re.search(r"https?://\S+", text)[0])  # type: ignore[index] # the test fails here without one
    return link.path, {key: values[0] for key, values in parse_qs(link.query).items()}


async def opens(server: Server, mail: Any) -> dict[str, str]:
    """Do as the mail says: open its page and confirm. The headers of the last answer."""
    path, fields = link_in(mail)
    async with server.session.get(server.base_url + path, params=fields) as answer:
        assert answer.status == 200
        assert fields["token"] in await answer.text()
    async with server.session.post(server.base_url + path, data=fields, allow_redirects=False) as answer:
        assert answer.status in {200, 302}, await answer.text()
        return dict(answer.headers)


async def adds(user: User, sid: str, secret: str = SECRET) -> Json:
    _, asked = await user.ask("POST", "/v3/account/3pid/add", {"sid": sid, "client_secret": secret})
    auth = {"type": "m.login.password", "password": PASSWORD, "session": asked["session"]}
    return await user.call("POST", "/v3/account/3pid/add", {"sid": sid, "client_secret": secret, "auth": auth})


async def addresses(user: User) -> list[str]:
    return [one["address"] for one in (await user.call("GET", "/v3/account/3pid"))["threepids"]]


async def with_address(server: Server, post: MailServer, address: str) -> User:
    user = await server.register()
    sid = await asks(user, ADD, address)
    await opens(server, await post.newest(1))
    await adds(user, sid)
    post.mails.clear()
    return user


async def test_an_address_is_added_when_its_mail_was_opened(server: Server, post: MailServer) -> None:
    alice = await server.register()
    sid = await asks(alice, ADD, "Alice@Example.org")
    mail = await post.newest(1)
    assert (mail["To"], mail["From"]) == ("alice@example.org", "Hearth <noreply@hearth.test>")
    with pytest.raises(Refused, match="M_THREEPID_AUTH_FAILED"):
        await adds(alice, sid)
    await opens(server, mail)
    with pytest.raises(Refused, match="M_THREEPID_AUTH_FAILED"):
        await adds(alice, sid, "another.secret")
    await adds(alice, sid)
    assert await addresses(alice) == ["alice@example.org"]
    with pytest.raises(Refused, match="M_THREEPID_AUTH_FAILED"):
        await adds(alice, sid)
    gone = {"medium": "email", "address": "alice@example.org"}
    assert await alice.call("POST", "/v3/account/3pid/delete", gone) == {"id_server_unbind_result": "no-support"}
    assert await addresses(alice) == []
    assert (await alice.ask("POST", "/v3/account/3pid/delete", gone))[0] == 404


async def test_looking_at_the_page_proves_nothing(server: Server, post: MailServer) -> None:
    """Programs that read mail open links too."""
    alice = await server.register()
    sid = await asks(alice, ADD, "looked@example.org")
    path, fields = link_in(await post.newest(1))
    async with server.session.get(server.base_url + path, params=fields) as answer:
        assert answer.status == 200
    with pytest.raises(Refused, match="M_THREEPID_AUTH_FAILED"):
        await adds(alice, sid)
    async with server.session.post(server.base_url + path, data={**fields, "token": "000000"}) as answer:
        assert answer.status == 400
        assert "not the code" in await answer.text()


async def test_the_browser_goes_where_the_client_said(server: Server, post: MailServer) -> None:
    alice = await server.register()
    await asks(alice, ADD, "next@example.org", next_link="https://chat.example.org/done?a=1")
    assert (await opens(server, await post.newest(1)))["Location"] == "https://chat.example.org/done?a=1"
    for bad in ("javascript:alert(1)", "//x", "https://", "http://a\nb", "x" * 3_000):
        with pytest.raises(Refused, match="M_INVALID_PARAM"):
            await asks(alice, ADD, "next@example.org", next_link=bad)


async def test_a_proof_is_good_for_whoever_asked_and_for_what_they_asked(server: Server, post: MailServer) -> None:
    alice, mallory = await server.people(2)
    sid = await asks(alice, ADD, "mine@example.org")
    await opens(server, await post.newest(1))
    with pytest.raises(Refused, match="M_THREEPID_AUTH_FAILED"):
        await adds(mallory, sid)
    _, begun = await server.ask("POST", "/v3/register", {"username": "thief", "password": PASSWORD})
    proof = {"type": "m.login.email.identity", "threepid_creds": {"sid": sid, "client_secret": SECRET}}
    body = {"username": "thief", "password": PASSWORD, "auth": {**proof, "session": begun["session"]}}
    status, answer = await server.ask("POST", "/v3/register", body)
    assert (status, answer["errcode"]) == (401, "M_THREEPID_AUTH_FAILED")
    await adds(alice, sid)
    with pytest.raises(Refused, match="M_THREEPID_AUTH_FAILED"):
        await adds(mallory, sid)


async def test_one_signs_up_with_an_address(server: Server, post: MailServer) -> None:
    _, begun = await server.ask("POST", "/v3/register", {"username": "mailed", "password": PASSWORD})
    assert begun["flows"] == [{"stages": ["m.login.dummy"]}, {"stages": ["m.login.email.identity"]}]
    sid = await asks(server, REGISTER, "new@example.org")
    proof = {"type": "m.login.email.identity", "threepid_creds": {"sid": sid, "client_secret": SECRET}}
    body = {"username": "mailed", "password": PASSWORD, "auth": {**proof, "session": begun["session"]}}
    assert (await server.ask("POST", "/v3/register", body))[1]["errcode"] == "M_THREEPID_AUTH_FAILED"
    await opens(server, await post.newest(1))
    await server.call("POST", "/v3/register", body)
    assert await addresses(await server.login("mailed")) == ["new@example.org"]


async def test_answers_do_not_tell_who_has_an_account(server: Server, post: MailServer) -> None:
    await with_address(server, post, "known@example.org")
    for path, sent in ((RESET, "known@example.org"), (REGISTER, "free@example.org")):
        known = await server.ask(
            "POST", path, {"client_secret": SECRET, "email": "known@example.org", "send_attempt": 7}
        )
        free = await server.ask("POST", path, {"client_secret": SECRET, "email": "free@example.org", "send_attempt": 7})
        assert known[0] == free[0] == 200
        assert known[1].keys() == free[1].keys() == {"sid"}
        assert (await post.newest(1))["To"] == sent
        assert len(post.mails) == 1
        post.mails.clear()


async def test_a_new_password_is_set_by_a_proven_address(server: Server, post: MailServer) -> None:
    alice = await with_address(server, post, "forgetful@example.org")
    body: dict[str, Any] = {"new_password": "a much better password", "logout_devices": True}
    status, begun = await server.ask("POST", "/v3/account/password", body)
    assert (status, begun["flows"]) == (401, [{"stages": ["m.login.email.identity"]}])
    sid = await asks(server, RESET, "forgetful@example.org", client_secret=SECRET + "2")
    proof = {"type": "m.login.email.identity", "threepid_creds": {"sid": sid, "client_secret": SECRET + "2"}}
    body["auth"] = {**proof, "session": begun["session"]}
    assert (await server.ask("POST", "/v3/account/password", body))[1]["errcode"] == "M_THREEPID_AUTH_FAILED"
    await opens(server, await post.newest(1))
    await server.call("POST", "/v3/account/password", body)
    assert (await alice.ask("GET", "/v3/account/whoami"))[0] == 401
    await server.login(alice.user_id, password="a much better password")
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        await server.login(alice.user_id)
    told = await post.newest(2)
    assert told["Subject"] == "Your password was changed"
    assert (await server.ask("POST", "/v3/account/password", body))[0] in {400, 401}, "the proof was good once"


async def test_an_address_of_another_account_is_not_added(server: Server, post: MailServer) -> None:
    bob = await server.register()
    sid = await asks(bob, ADD, "both@example.org")
    await opens(server, await post.newest(1))
    post.mails.clear()
    await with_address(server, post, "both@example.org")
    with pytest.raises(Refused, match="M_THREEPID_IN_USE"):
        await adds(bob, sid)


async def test_the_same_attempt_sends_one_mail(server: Server, post: MailServer) -> None:
    alice = await server.register()
    sid = await asks(alice, ADD, "once@example.org")
    assert await asks(alice, ADD, "once@example.org") == sid
    await asks(alice, ADD, "once@example.org", send_attempt=2)
    await post.newest(2)
    assert len(post.mails) == 2


async def test_a_mail_that_cannot_be_sent_is_told(server: Server, post: MailServer) -> None:
    alice = await server.register()
    post.is_broken = True
    status, _ = await alice.ask("POST", ADD, {"client_secret": SECRET, "email": "a@example.org", "send_attempt": 1})
    assert status == 503
    post.is_broken = False
    post.refused.add("nobody@example.org")
    with pytest.raises(Refused, match="M_THREEPID_DENIED"):
        await asks(alice, ADD, "nobody@example.org")


@pytest.mark.parametrize(
    "bad", ["", "a", "a@", "@b.c", "a@b", "a b@c.de", "a@b.c\r\nBcc: x@y.z", "a@b@c.de", "é" * 200]
)
async def test_what_is_no_address_is_refused(server: Server, bad: str) -> None:
    with pytest.raises(Refused, match="M_INVALID_PARAM"):
        await asks(await server.register(), ADD, bad)


def test_addresses_have_one_form() -> None:
    assert canonical("Straße@EXAMPLE.Org") == "strasse@example.org"


async def test_a_server_without_mail_says_so(shared_server: Server) -> None:
    alice = await shared_server.register()
    for path in (ADD, RESET, REGISTER):
        body = {"client_secret": SECRET, "email": "a@example.org", "send_attempt": 1}
        assert (await alice.ask("POST", path, body))[1]["errcode"] == "M_THREEPID_MEDIUM_NOT_SUPPORTED"
    status, answer = await shared_server.ask("POST", "/v3/account/password", {"new_password": "long enough for all"})
    assert (status, answer["errcode"]) == (401, "M_MISSING_TOKEN")
    assert not (await alice.call("GET", "/v3/capabilities"))["capabilities"]["m.3pid_changes"]["enabled"]


async def test_mail_goes_only_to_a_server_whose_certificate_is_good(certificate: LocalCertificate) -> None:
    """The certificate of this server is good for nobody: nothing of the mail leaves. Security: CVE-2023-38686."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.private_key)
    async with MailServer(tls=context) as post:
        sender = SmtpMail(Email(smtp_port=post.port, tls="implicit"), "localhost")
        with pytest.raises(MailFailed, match="certificate"):
            await sender.send(Mail("a@example.org", "s", "t"))
        sender.close()
        assert post.mails == []
