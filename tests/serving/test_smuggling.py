"""Requests that two readers could cut differently: refused, and nothing after them is read as a request."""

import pytest

from tests.serving.raw import running, statuses

GET = b"GET /echo HTTP/1.1\r\nHost: a\r\n"
PUT = b"PUT /echo HTTP/1.1\r\nHost: a\r\n"
CHUNKED = PUT + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

REFUSED: dict[str, tuple[bytes, int]] = {
    "both framings": (PUT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "both framings, the other order": (PUT + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "two lengths that differ": (PUT + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    "two lengths that agree": (PUT + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    "a list of lengths": (PUT + b"Content-Length: 5, 5\r\n\r\nhello", 400),
    "a length with a sign": (PUT + b"Content-Length: +5\r\n\r\nhello", 400),
    "a negative length": (PUT + b"Content-Length: -5\r\n\r\nhello", 400),
    "a hexadecimal length": (PUT + b"Content-Length: 0x5\r\n\r\nhello", 400),
    "an empty length": (PUT + b"Content-Length:\r\n\r\n", 400),
    "a length beyond 64 bits": (PUT + b"Content-Length: 18446744073709551621\r\n\r\nhello", 400),
    "a length in digits of another script": (PUT + "Content-Length: \u0665\r\n\r\nhello".encode(), 400),
    "an underscore in a length": (PUT + b"Content-Length: 1_0\r\n\r\nhellohello", 400),
    "an unknown coding": (PUT + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "a coding before chunked": (PUT + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked twice": (PUT + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in two fields": (PUT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked, then identity": (PUT + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "identity": (PUT + b"Transfer-Encoding: identity\r\n\r\n", 400),
    "a quoted coding": (PUT + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 400),
    "a vertical tab before the coding": (PUT + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "an empty coding": (PUT + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400),
    "chunked in HTTP/1.0": (b"PUT /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a space before the colon": (PUT + b"Content-Length : 5\r\n\r\nhello", 400),
    "a tab before the colon": (PUT + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
    "a folded field": (GET + b"X: a\r\n b\r\n\r\n", 400),
    "a folded framing field": (PUT + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    "a space before the first field": (b"GET /echo HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a bare LF in a field": (GET + b"X: a\nContent-Length: 5\r\n\r\n", 400),
    "a bare CR in a field": (GET + b"X: a\rContent-Length: 5\r\n\r\n", 400),
    "bare LFs throughout": (b"GET /echo HTTP/1.1\nHost: a\n\n", 400),
    "a bare LF at the end of the head": (GET + b"\n" + SMUGGLED, 400),
    "a NUL in a field": (GET + b"X: a\x00b\r\n\r\n", 400),
    "a control character in a field": (GET + b"X: a\x01b\r\n\r\n", 400),
    "a field without a colon": (GET + b"Content-Length\r\n\r\n", 400),
    "a field without a name": (GET + b": a\r\n\r\n", 400),
    "a name with a byte beyond ASCII": (GET + b"Content-Length\xa0: 5\r\n\r\n", 400),
    "two hosts": (GET + b"Host: b\r\n\r\n", 400),
    "two hosts that agree": (GET + b"Host: a\r\n\r\n", 400),
    "no host": (b"GET /echo HTTP/1.1\r\n\r\n", 400),
    "a target of another host": (b"GET http://b/echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target of another scheme": (b"GET ftp://a/echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target that is no path": (b"GET echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a star with GET": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a fragment": (b"GET /echo#a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "bytes beyond ASCII in the target": ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    "two spaces after the method": (b"GET  /echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "two spaces after the target": (b"GET /echo  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a space after the version": (b"GET /echo HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    "tabs in the request line": (b"GET\t/echo\tHTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a space before the method": (b" GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a method in lower case": (b"get /echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an unknown method": (b"SMUGGLE /echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /echo\r\n\r\n", 400),
    "HTTP/1.2": (b"GET /echo HTTP/1.2\r\nHost: a\r\n\r\n", 400),
    "HTTP/2.0 without its preface": (b"GET /echo HTTP/2.0\r\nHost: a\r\n\r\n", 400),
    "RTSP": (b"OPTIONS /echo RTSP/1.0\r\nHost: a\r\n\r\n", 400),
    "the preface of HTTP/2 after a request": (GET + b"\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "two empty lines first": (b"\r\n\r\n" + GET + b"\r\n", 400),
    "an unknown expectation": (PUT + b"Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello", 417),
    "a long request line": (b"GET /" + b"a" * 16_400 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "a long request line without an end": (b"GET /" + b"a" * 20_000, 414),
    "a long head": (GET + b"X: " + b"a" * 33_000 + b"\r\n\r\n", 431),
    "a long head without an end": (GET + b"X: " + b"a" * 33_000, 431),
    "too many fields": (GET + b"X: a\r\n" * 100 + b"\r\n", 431),
    "a chunk size that ends with LF": (CHUNKED + b"5\nhello\r\n0\r\n\r\n", 400),
    "a chunk size with a prefix": (CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", 400),
    "a negative chunk size": (CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n", 400),
    "a chunk size after a space": (CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n", 400),
    "a chunk size beyond 64 bits": (CHUNKED + b"10000000000000005\r\nhello\r\n0\r\n\r\n", 400),
    "a chunk longer than it says": (CHUNKED + b"5\r\nhello!\r\n0\r\n\r\n", 400),
    "a chunk that ends with LF": (CHUNKED + b"5\r\nhello\n0\r\n\r\n", 400),
    "a bare LF in a chunk extension": (CHUNKED + b"5;a\nb\r\nhello\r\n0\r\n\r\n", 400),
    "a bare CR in a chunk extension": (CHUNKED + b"5;a\rb\r\nhello\r\n0\r\n\r\n", 400),
    "a long chunk extension": (CHUNKED + b"5;" + b"a" * 300 + b"\r\nhello\r\n0\r\n\r\n", 400),
    "a trailer without a colon": (CHUNKED + b"0\r\nX\r\n\r\n", 400),
    "a long trailer": (CHUNKED + b"0\r\n" + b"X: a\r\n" * 3000 + b"\r\n", 400),
}

TAKEN: dict[str, tuple[bytes, list[int]]] = {
    "a plain request": (GET + b"\r\n", [200]),
    "one empty line first": (b"\r\n" + GET + b"\r\n", [200]),
    "HTTP/1.0 without a host": (b"GET /echo HTTP/1.0\r\n\r\n", [200]),
    "a target with the host of the Host field": (b"GET http://a/echo HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    "a star with OPTIONS": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    "an empty field": (GET + b"X:\r\n\r\n", [200]),
    "a length with spaces around": (PUT + b"Content-Length: \t 5 \r\n\r\nhello", [200]),
    "chunks with extensions and trailers": (CHUNKED + b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", [200]),
    "chunked in capitals": (PUT + b"Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", [200]),
    "requests in a row": ((GET + b"\r\n") * 3, [200, 200, 200]),
    "a request after chunks": (CHUNKED + b"0\r\n\r\n" + GET + b"\r\n", [200, 200]),
    "a request after a body": (PUT + b"Content-Length: 5\r\n\r\nhello" + GET + b"\r\n", [200, 200]),
    "an upgrade to something else": (GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + GET + b"\r\n", [200, 200]),
    "a websocket with a body": (
        PUT + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello",
        [200],
    ),
    "a request after the last one": (GET + b"Connection: close\r\n\r\n" + SMUGGLED, [200]),
    "half a request after a whole one": (GET + b"\r\nGET /half HT", [200]),
    "a body shorter than its length": (PUT + b"Content-Length: 50\r\n\r\nhello", []),
    "an end within the chunks": (CHUNKED + b"5\r\nhel", []),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_two_could_read_differently_is_refused_and_ends_the_connection(name: str) -> None:
    raw, status = REFUSED[name]
    async with running() as server:
        answers = await server.exchange(raw + SMUGGLED)
        assert statuses(answers)[-1:] == [status]
        assert b"connection: close" in answers
        assert "/smuggled" not in server.app.paths


@pytest.mark.parametrize("name", TAKEN)
async def test_what_is_plain_is_answered(name: str) -> None:
    raw, expected = TAKEN[name]
    async with running() as server:
        assert statuses(await server.exchange(raw)) == expected
        assert "/smuggled" not in server.app.paths
        assert "/half" not in server.app.paths


@pytest.mark.parametrize("name", [name for name in REFUSED if len(REFUSED[name][0]) < 1000])
async def test_the_verdict_is_the_same_for_bytes_that_come_one_at_a_time(name: str) -> None:
    raw, status = REFUSED[name]
    async with running() as server, await server.opens() as wire:
        for number in range(len(raw)):
            await wire.send(raw[number : number + 1])
        wire.writer.write_eof()
        assert statuses(await wire.rest())[-1:] == [status]
