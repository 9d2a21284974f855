"""Requests and answers on one connection: keep-alive, order, bodies both ways, clients that leave."""

import asyncio
import resource

import pytest

from tests.serving.raw import BIG_PART, BIG_PARTS, running, statuses

PUT = b"PUT /echo HTTP/1.1\r\nHost: a\r\n"


def get(path: str, *fields: str, version: str = "1.1", method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: a", *fields, "", ""]).encode()


async def test_a_connection_serves_many_requests() -> None:
    async with running() as server, await server.opens() as wire:
        for number in range(50):
            body = b"x" * number
            await wire.send(PUT + b"Content-Length: %d\r\n\r\n" % number + body)
            assert await wire.answer() == (200, body)


async def test_pipelined_requests_are_answered_one_after_the_other_in_their_order() -> None:
    async with running() as server, await server.opens() as wire:
        bodies = [b"%d" % number for number in range(20)]
        await wire.send(get("/late") + b"".join(PUT + b"Content-Length: %d\r\n\r\n%b" % (len(b), b) for b in bodies))
        await asyncio.wait_for(server.app.polling.wait(), 5)
        await asyncio.sleep(0.05)
        assert server.app.paths == ["/late"], "nothing is begun before the answer is out"
        server.app.go_on.set()
        assert await wire.answer() == (200, b"late")
        assert [(await wire.answer())[1] for _ in bodies] == bodies


async def test_a_request_that_comes_while_one_is_answered_waits() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(get("/late"))
        await asyncio.wait_for(server.app.polling.wait(), 5)
        for part in (PUT[:10], PUT[10:] + b"Content-Len", b"gth: 5\r\n\r\nhe", b"llo"):
            await wire.send(part)
            await asyncio.sleep(0.01)
        server.app.go_on.set()
        assert await wire.answer() == (200, b"late")
        assert await wire.answer() == (200, b"hello")


async def test_what_a_client_sends_ahead_is_held_up_to_a_limit() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(get("/late"))
        await asyncio.wait_for(server.app.polling.wait(), 5)
        wire.writer.write(get("/echo") * 400_000)
        await asyncio.sleep(0.3)
        before = _memory_kb()
        await asyncio.sleep(0.3)
        assert wire.writer.transport.get_write_buffer_size() > 4_000_000, "the server stopped to read"
        assert _memory_kb() - before < 1_000
        wire.writer.transport.abort()


@pytest.mark.parametrize(
    ("raw", "stays"),
    [
        (get("/echo"), True),
        (get("/echo", "Connection: close"), False),
        (get("/echo", "Connection: foo, CLOSE"), False),
        (get("/echo", version="1.0"), False),
        (get("/echo", "Connection: keep-alive", version="1.0"), True),
        (get("/unread"), True),
        (get("/raises"), False),
    ],
)
async def test_the_connection_stays_as_both_sides_want(raw: bytes, stays: bool) -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(raw)
        await wire.answer()
        if stays:
            await wire.send(get("/echo"))
            assert (await wire.answer())[0] == 200
        else:
            assert await wire.rest() == b""


async def test_a_failing_application_is_a_500() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(get("/raises"))
        assert (await wire.answer())[0] == 500


async def test_an_answer_of_unknown_length_is_chunked_and_for_http_1_0_ends_with_the_connection() -> None:
    async with running() as server:
        assert (await server.exchange(get("/parts"))).endswith(b"\r\n\r\n4\r\none \r\n4\r\ntwo \r\n0\r\n\r\n")
        old = await server.exchange(get("/parts", version="1.0"))
        assert old.endswith(b"\r\n\r\none two ")
        assert b"chunked" not in old


async def test_head_and_204_have_no_body() -> None:
    async with running() as server:
        answers = await server.exchange(get("/unread", method="HEAD") + get("/empty") + get("/parts", method="HEAD"))
        assert statuses(answers) == [413, 204, 200]
        assert b"content-length: 10\r\n" in answers
        assert b"no, thanks" not in answers
        assert b"one " not in answers


async def test_an_answer_shorter_than_it_says_ends_the_connection() -> None:
    async with running() as server:
        assert statuses(await server.exchange(get("/short") + get("/echo"))) == [500]
        assert server.app.paths == ["/short"]


async def test_a_line_break_in_a_field_of_an_answer_is_not_sent() -> None:
    async with running() as server:
        answers = await server.exchange(get("/split"))
        assert statuses(answers) == [500]
        assert b"set-cookie" not in answers


async def test_the_application_gets_what_the_request_said() -> None:
    async with running() as server:
        await server.exchange(get("/%C3%A9/a%2Fb?x=%20&y", "X-Odd:  a b ", "x-odd: c"))
        scope = server.app.scopes[0]
        assert scope["raw_path"] == b"/%C3%A9/a%2Fb"
        assert scope["path"] == "/é/a/b"
        assert scope["query_string"] == b"x=%20&y"
        assert scope["headers"] == [(b"host", b"a"), (b"x-odd", b"a b"), (b"x-odd", b"c")]
        assert (scope["method"], scope["http_version"], scope["scheme"]) == ("GET", "1.1", "http")
        assert scope["client"][0] == "127.0.0.1"


async def test_a_client_that_waits_for_100_gets_it_when_the_body_is_wanted() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(PUT + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert await wire.reader.readexactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        await wire.send(b"hello")
        assert await wire.answer() == (200, b"hello")


async def test_a_client_that_waits_for_100_may_be_refused_without_sending_its_body() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(PUT.replace(b"echo", b"unread") + b"Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n")
        assert await wire.answer() == (413, b"no, thanks")
        assert await wire.rest() == b""


async def test_100_is_not_said_when_the_body_is_there() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(PUT + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
        assert await wire.answer() == (200, b"hello")


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_100_mb_are_streamed_in_little_memory(is_chunked: bool) -> None:
    part, count = b"u" * 100_000, 1000
    framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % (len(part) * count)
    async with running() as server, await server.opens() as wire:
        before = _memory_kb()
        await wire.send(PUT.replace(b"echo", b"count") + framing + b"\r\n\r\n")
        for _ in range(count):
            await wire.send(b"%x\r\n%b\r\n" % (len(part), part) if is_chunked else part)
        if is_chunked:
            await wire.send(b"0\r\n\r\n")
        assert await wire.answer(20) == (200, b"100000000")
        assert _memory_kb() - before < 20_000


async def test_a_refused_upload_gets_its_answer_though_it_goes_on_sending() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(PUT.replace(b"echo", b"unread") + b"Content-Length: 5000000\r\n\r\n" + b"x" * 1_000_000)
        assert await wire.answer() == (413, b"no, thanks")
        assert await wire.rest() == b""


async def test_a_client_that_does_not_read_stops_the_application_not_the_memory() -> None:
    async with running() as server, await server.opens(limit=65536) as wire:
        await wire.send(get("/big"))
        await asyncio.sleep(0.5)
        sent = server.app.sent_parts
        await asyncio.sleep(0.3)
        assert server.app.sent_parts == sent < BIG_PARTS
        received = 0
        while received < len(BIG_PART) * BIG_PARTS:
            received += (await wire.reader.read(2**20)).count(b"b")


async def test_a_long_poll_hears_that_its_client_has_gone() -> None:
    async with running() as server:
        for leaves in ("closes", "resets"):
            server.app.polling.clear()
            server.app.gone.clear()
            wire = await server.opens()
            await wire.send(get("/poll"))
            await asyncio.wait_for(server.app.polling.wait(), 5)
            if leaves == "closes":
                wire.writer.close()
            else:
                wire.writer.transport.abort()
            await asyncio.wait_for(server.app.gone.wait(), 5)


async def test_what_asks_for_it_is_ended_when_its_client_has_gone() -> None:
    async with running() as server:
        wire = await server.opens()
        await wire.send(get("/direct"))
        await asyncio.wait_for(server.app.polling.wait(), 5)
        wire.writer.close()
        await asyncio.wait_for(server.app.gone.wait(), 5)


async def test_an_answer_of_one_piece_needs_no_messages() -> None:
    put = b"PUT /direct HTTP/1.%d\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    async with running() as server, await server.opens() as wire:
        for _ in range(2):
            await wire.send(put % 1)
            assert await wire.answer() == (200, b"hello")
        answers = await server.exchange(put % 0)
        assert b"x-direct: yes\r\n" in answers
        assert b"connection: close\r\n" in answers


async def test_a_request_whose_client_has_gone_is_finished() -> None:
    async with running() as server:
        wire = await server.opens()
        await wire.send(get("/late"))
        await asyncio.wait_for(server.app.polling.wait(), 5)
        wire.writer.close()
        server.app.go_on.set()
        async with await server.opens() as other:
            await other.send(get("/late"))
            assert (await other.answer())[0] == 200


async def test_a_half_closed_client_gets_its_answer() -> None:
    async with running() as server:
        server.app.go_on.set()
        assert statuses(await server.exchange(get("/late") + get("/echo"))) == [200, 200]


async def test_a_client_that_leaves_within_its_body_is_told_to_the_application() -> None:
    async with running() as server:
        wire = await server.opens()
        await wire.send(PUT + b"Content-Length: 500000\r\n\r\nhello")
        await asyncio.sleep(0.05)
        wire.writer.transport.abort()
        await asyncio.wait_for(server.app.gone.wait(), 5)


def _memory_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
