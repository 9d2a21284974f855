"""A house with people in it: the chats of webclient/tests/scenes, made on a real server through its API."""

from dataclasses import dataclass

from tests.support.client import Server, User

LONG = (
    "All green on desktop and on the phone layout. The reply bar slides in 150 ms and the send button morphs to a "
    "tick while editing."
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What was made; `viewer` is the one to sign in at the page."""

    viewer: User
    mia: User
    boris: User
    crew: str
    crew_name: str
    last_read: str


async def furnish(server: Server, name: str) -> Scene:
    """Make the chats of one viewer, called `name`, who has not read the last message of the crew."""
    viewer, mia, boris, anna = await server.users(name, f"{name}.mia", f"{name}.boris", f"{name}.anna")
    for user, shown in ((mia, "Mia"), (boris, "Boris"), (anna, "Anna Petrova")):
        await user.call("PUT", f"/v3/profile/{user.user_id}/displayname", {"displayname": shown})

    muted = await _group(mia, "Matrix HQ", viewer)
    await mia.says("still here", muted)
    rule = {"actions": [], "conditions": [{"kind": "event_match", "key": "room_id", "pattern": muted}]}
    await viewer.call("PUT", f"/v3/pushrules/global/override/{muted}", rule)
    await viewer.call("PUT", f"/v3/user/{viewer.user_id}/account_data/m.direct", {})

    private = await anna.creates_room(inviting=viewer, is_direct=True, preset="trusted_private_chat")
    await viewer.joins(private)
    await viewer.call("PUT", f"/v3/user/{viewer.user_id}/account_data/m.direct", {anna.user_id: [private]})
    await viewer.says("on my way", private)
    await anna.call("PUT", f"/v3/presence/{anna.user_id}/status", {"presence": "online"})

    crew = await _group(mia, "Design crew", viewer, boris)
    await mia.says("Morning! The new build is on staging.", crew)
    asked = await mia.says("shall we ship the new composer?", crew)
    await viewer.says("Let me run the visual snapshots first", crew)
    await viewer.sends(
        crew,
        "m.room.message",
        {"msgtype": "m.text", "body": LONG, "m.relates_to": {"m.in_reply_to": {"event_id": asked}}},
    )
    nice = await boris.says("Nice.", crew)
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": nice, "key": "👍"}}
    await mia.sends(crew, "m.reaction", reaction)
    await viewer.call("POST", f"/v3/rooms/{crew}/receipt/m.read/{nice}", {})
    await mia.says("Looks good from here too 🎉", crew)
    await boris.says("And from here", crew)

    unread = await _group(boris, "Weekend hikers", viewer)
    await boris.says("see you at the station", unread)
    return Scene(viewer, mia, boris, crew, "Design crew", nice)


async def _group(owner: User, name: str, *members: User) -> str:
    room_id = await owner.creates_room(name=name, inviting=list(members))
    for member in members:
        await member.joins(room_id)
    return room_id
