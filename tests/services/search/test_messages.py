"""Searching messages in many scripts, by everything the spec lets one choose, as far as one may see."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.client import Json, Refused, Server, User

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

TEXTS = {
    "English": ("The quick brown fox", ["quick", "QUICK", "row", "fox brown", '"quick brown"', "qu"]),
    "German": ("Straßenbahn über Heidelberg", ["strassenbahn", "STRASSE", "uber", "berg", "Heidel"]),
    "French": ("Déjà vu à l'école", ["deja", "ÉCOLE", "vu"]),
    "Turkish": ("İstanbul'da ılık bir gün", ["istanbul", "ILIK", "gun"]),
    "Russian": ("Ещё один ёжик идёт домой", ["еще", "ЁЖИК", "домо", "ид"]),
    "Greek": ("Ο σκύλος της Αθήνας", ["ΣΚΥΛΟΣ", "αθηνας", "θην"]),
    "Arabic": ("مُحَمَّد يكتب رسالة", ["محمد", "رسا", "يك"]),
    "Hebrew": ("שָׁלוֹם לכל העולם", ["שלום", "עולם"]),
    "Hindi": ("मैं हिन्दी बोलता हूँ", ["हिन्दी", "बोल"]),
    "Chinese": ("我明天去北京出差", ["北", "北京", "明天", "京出差"]),
    "Japanese": ("東京タワーへ行きました", ["東", "東京", "タワー", "行き", "ﾀﾜｰ"]),
    "Korean": ("내일 서울에서 만나요", ["서울", "만", "내일"]),
    "Thai": ("สวัสดีครับวันนี้", ["สวัสดี", "วันนี้"]),
    "Emoji": ("what a party 🎉🎂", ["🎉", "🎉🎂"]),
}


@pytest.fixture(scope="module")
async def house(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """One server for all: each test has users and rooms of its own."""
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path_factory.mktemp("search")) as (_, server):
        yield server


async def asked(user: User, term: str, next_batch: str | None = None, **more: Any) -> Json:
    """The answer of the category `room_events`."""
    query = {} if next_batch is None else {"next_batch": next_batch}
    body = {"search_categories": {"room_events": {"search_term": term, "order_by": "recent", **more}}}
    answer = await user.call("POST", "/v3/search", body, **query)
    found: Json = answer["search_categories"]["room_events"]
    return found


async def found(user: User, term: str, **more: Any) -> list[str]:
    """Bodies of what is found, newest first."""
    answer = await asked(user, term, **more)
    return [one["result"]["content"].get("body", "") for one in answer["results"]]


@pytest.mark.parametrize("language", TEXTS)
async def test_words_and_parts_of_them_are_found_in(house: Server, language: str) -> None:
    alice = await house.register()
    room = await alice.creates_room()
    text, terms = TEXTS[language]
    await alice.says("nothing of all that", room)
    await alice.says(text, room)
    for term in terms:
        assert await found(alice, term) == [text], term
    assert await found(alice, "zzz") == []


async def test_all_words_must_be_there_and_a_phrase_as_it_stands(house: Server) -> None:
    alice = await house.register()
    room = await alice.creates_room()
    for text in ("red apples and green pears", "green apples", "red pears"):
        await alice.says(text, room)
    assert await found(alice, "red pears") == ["red pears", "red apples and green pears"]
    assert await found(alice, '"green pears"') == ["red apples and green pears"]
    assert await found(alice, "green plums") == []
    assert await found(alice, "") == []
    assert await found(alice, "!?") == []


async def test_whoever_left_finds_what_was_said_before_and_strangers_find_nothing(house: Server) -> None:
    alice, bob, carol = await house.register(), await house.register(), await house.register()
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    await alice.says("lantern one", room)
    await bob.leaves(room)
    await alice.says("lantern two", room)
    assert await found(alice, "lantern") == ["lantern two", "lantern one"]
    assert await found(bob, "lantern") == ["lantern one"]
    assert await found(carol, "lantern") == []


async def test_an_edit_is_found_by_its_new_words_alone(house: Server) -> None:
    alice = await house.register()
    room = await alice.creates_room()
    event_id = await alice.says("hippopotamus", room)
    assert await found(alice, "hippo") == ["hippopotamus"]
    new = {"msgtype": "m.text", "body": "rhinoceros"}
    relates = {"rel_type": "m.replace", "event_id": event_id}
    await alice.sends(room, "m.room.message", {**new, "m.new_content": new, "m.relates_to": relates})
    answer = await asked(alice, "rhino")
    assert [one["result"]["event_id"] for one in answer["results"]] == [event_id]
    assert await found(alice, "hippo") == []


async def test_what_was_redacted_is_not_found(house: Server) -> None:
    alice = await house.register()
    room = await alice.creates_room()
    event_id = await alice.says("regrettable", room)
    assert await found(alice, "regrettable") == ["regrettable"]
    await alice.redacts(room, event_id)
    assert await found(alice, "regrettable") == []


async def test_names_and_topics_are_found_by_their_keys(house: Server) -> None:
    alice = await house.register()
    room = await alice.creates_room(name="Cartographers", topic="cartographers draw maps")
    await alice.says("we cartographers", room)
    types = {"content.body": "m.room.message", "content.name": "m.room.name", "content.topic": "m.room.topic"}
    for key, event_type in types.items():
        answer = await asked(alice, "cartographers", keys=[key])
        assert [one["result"]["type"] for one in answer["results"]] == [event_type]
    assert len((await asked(alice, "cartographers"))["results"]) == 3


async def test_nothing_of_an_encrypted_room_is_found(house: Server) -> None:
    alice = await house.register()
    room = await alice.creates_room()
    await alice.says("submarine", room)
    assert await found(alice, "submarine") == ["submarine"]
    await alice.sets(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await alice.says("submarine in clear", room)
    assert await found(alice, "submarine") == []


async def test_filters_choose_rooms_senders_kinds_and_times(house: Server) -> None:
    alice, bob = await house.register(), await house.register()
    one, two = await alice.creates_room(inviting=bob), await alice.creates_room(inviting=bob)
    for room in (one, two):
        await bob.joins(room)
    await alice.says("kiwi of alice", one)
    await bob.says("kiwi of bob", one)
    await bob.says("kiwi elsewhere https://kiwi.example", two)
    await bob.sends(two, "m.room.message", {"msgtype": "m.image", "body": "kiwi.png", "url": "mxc://a/b"})
    assert await found(alice, "kiwi", filter={"rooms": [one]}) == ["kiwi of bob", "kiwi of alice"]
    assert await found(alice, "kiwi", filter={"rooms": [one], "senders": [bob.user_id]}) == ["kiwi of bob"]
    assert await found(alice, "kiwi", filter={"not_rooms": [two], "not_senders": [bob.user_id]}) == ["kiwi of alice"]
    assert await found(alice, "kiwi", filter={"contains_url": True}) == ["kiwi.png"]
    assert await found(alice, "kiwi", filter={"types": ["m.room.topic"]}) == []
    assert await found(alice, "kiwi", **{"app.hearth.media": "image"}) == ["kiwi.png"]
    assert await found(alice, "", **{"app.hearth.media": "link"}) == ["kiwi elsewhere https://kiwi.example"]
    ts = (await alice.history(one))[-1]["origin_server_ts"]
    assert await found(alice, "kiwi", **{"app.hearth.until": ts}) == ["kiwi of bob", "kiwi of alice"]
    assert len(await found(alice, "kiwi", **{"app.hearth.since": ts})) == 3


async def test_pages_follow_each_other_without_gap_or_repeat(house: Server) -> None:
    alice = await house.register()
    rooms = [await alice.creates_room() for _ in range(3)]
    said = [f"walnut {number}" for number in range(23)]
    for number, text in enumerate(said):
        await alice.says(text, rooms[number % 3])
    for order, expected in (("recent", said[::-1]), ("rank", None)):
        token, seen = None, []
        while True:
            answer = await asked(alice, "walnut", token, order_by=order, filter={"limit": 5})
            seen += [one["result"]["content"]["body"] for one in answer["results"]]
            token = answer.get("next_batch")
            if token is None:
                break
        assert seen == expected if expected else sorted(seen) == sorted(said)
    with pytest.raises(Refused, match="next_batch"):
        await asked(alice, "walnut", "nonsense")


async def test_groups_have_their_own_pages(house: Server) -> None:
    alice = await house.register()
    one, two = await alice.creates_room(), await alice.creates_room()
    for number in range(4):
        await alice.says(f"almond {number}", one)
        await alice.says(f"almond {number}", two)
    group = {"groupings": {"group_by": [{"key": "room_id"}, {"key": "sender"}]}, "filter": {"limit": 4}}
    answer = await asked(alice, "almond", **group)
    by_room = answer["groups"]["room_id"]
    assert sorted(by_room) == sorted([one, two])
    assert [len(by_room[room]["results"]) for room in (one, two)] == [2, 2]
    assert answer["groups"]["sender"][alice.user_id]["results"] == [
        hit["result"]["event_id"] for hit in answer["results"]
    ]
    more = await asked(alice, "almond", by_room[one]["next_batch"], **group)
    assert [hit["result"]["room_id"] for hit in more["results"]] == [one, one]
    assert [hit["result"]["content"]["body"] for hit in more["results"]] == ["almond 1", "almond 0"]


async def test_whole_words_rank_before_parts(house: Server) -> None:
    alice = await house.register()
    room = await alice.creates_room()
    for text in ("fig", "figure", "configure this and that", "fig tree"):
        await alice.says(text, room)
    assert await found(alice, "fig", order_by="rank") == ["fig", "fig tree", "figure", "configure this and that"]
    ranks = [one["rank"] for one in (await asked(alice, "fig", order_by="rank"))["results"]]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 4


async def test_the_past_of_an_upgraded_room_is_searched_with_it(house: Server) -> None:
    alice = await house.register()
    old = await alice.creates_room()
    await alice.says("gazelle of old", old)
    new = await alice.creates_room(creation_content={"predecessor": {"room_id": old, "event_id": "$x"}})
    await alice.says("gazelle of new", new)
    assert await found(alice, "gazelle", filter={"rooms": [new]}) == ["gazelle of new", "gazelle of old"]


async def test_hits_come_with_what_was_around_them_and_the_state_of_their_room(house: Server) -> None:
    alice = await house.register("wanda")
    await alice.call("PUT", f"/v3/profile/{alice.user_id}/displayname", {"displayname": "wanda"})
    room = await alice.creates_room()
    for text in ("one", "two", "needle", "four", "five", "six"):
        await alice.says(text, room)
    answer = await asked(
        alice,
        "needle",
        event_context={"before_limit": 1, "after_limit": 2, "include_profile": True},
        include_state=True,
        filter={"lazy_load_members": True},
    )
    context = answer["results"][0]["context"]
    assert [event["content"]["body"] for event in context["events_before"]] == ["two"]
    assert [event["content"]["body"] for event in context["events_after"]] == ["four", "five"]
    assert context["profile_info"] == {alice.user_id: {"displayname": "wanda"}}
    before = await alice.call("GET", f"/v3/rooms/{room}/messages", None, dir="b", limit=1, **{"from": context["start"]})
    assert before["chunk"][0]["content"]["body"] == "one"
    assert {"m.room.create", "m.room.member"} <= {event["type"] for event in answer["state"][room]}
    assert answer["highlights"] == ["needle"]
    assert answer["count"] == 1


async def test_messages_of_ignored_users_are_not_found(house: Server) -> None:
    alice, bob = await house.register(), await house.register()
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    await bob.says("papaya", room)
    assert await found(alice, "papaya") == ["papaya"]
    path = f"/v3/user/{alice.user_id}/account_data/m.ignored_user_list"
    await alice.call("PUT", path, {"ignored_users": {bob.user_id: {}}})
    assert await found(alice, "papaya") == []
