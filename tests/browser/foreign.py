"""What the stories find at a server that is not ours: which of them are told there, and what the others fall back to.

Needs no browser: `test_foreign_stories.py` tells the stories, `docs/features.md` names them.
"""

from typing import NamedTuple


class Lacking(NamedTuple):
    """A story that needs an extension (docs/extensions.md) or a rule of our server, and what there is instead."""

    needs: str
    instead: str


LACKING = {
    "test_a_role_is_made_and_given_and_what_it_allows_is_there_at_once": Lacking(
        "app.hearth.roles", "no page of roles; the menu of a member makes administrators and moderators by power levels"
    ),
    "test_a_row_tells_of_reactions_mentions_and_drafts": Lacking(
        "a server that says which events move a chat", "over /v3/sync a reaction moves the chat, too"
    ),
    "test_roles_are_carried_and_what_the_removed_wrote_is_erased": Lacking(
        "app.hearth.roles", "no page of roles; what somebody wrote is erased all the same"
    ),
    "test_messages_are_found_by_day_sender_chat_and_kind": Lacking(
        "app.hearth.search", "pages are asked for until they are past the days; words are needed"
    ),
    "test_who_is_muted_writes_again_when_allowed": Lacking(
        "app.hearth.restrict_until", "no muting for a time in the menu of a member"
    ),
    "test_a_public_group_is_found_by_name_and_closed_for_all": Lacking(
        "app.hearth.close_room", "no button that closes the group for all; one leaves it"
    ),
    "test_people_come_by_a_link_or_ask_to_be_let_in": Lacking(
        "app.hearth.invites", "no page of links; people are invited by name, and may ask to be let in"
    ),
    "test_privacy_is_kept_and_the_look_is_remembered": Lacking(
        "app.hearth.privacy", "no switch for who sees me online; receipts, typing and invitations are kept"
    ),
    "test_an_unwanted_invitation_is_refused_with_its_sender": Lacking(
        "a server that refuses invitations by those who are ignored",
        "the invitation is answered with 200 and not shown",
    ),
    "test_a_new_account_is_made_at_the_page": Lacking(
        "app.hearth.server_name in the well-known file, or the keys of the server at the address of its client API",
        "the page names the address of the server in place of its name",
    ),
    "test_without_sockets_the_same_goes_over_http": Lacking(
        "a socket that could be refused", "all stories go over /v3/sync there"
    ),
    "test_in_slow_mode_one_waits_and_sees_how_long": Lacking(
        "app.hearth.slow_mode", "no row for slow mode in what is changed of a group"
    ),
    "test_a_silent_message_is_told_without_a_sound": Lacking(
        "app.hearth.silent", "a message is sent at once or later, and there is no third way in the menu"
    ),
    "test_one_sees_how_many_members_of_a_large_group_are_here": Lacking(
        "app.hearth.join_progress", "no line about members who are still fetched; the group is used with those who came"
    ),
    "test_what_comes_while_no_page_is_open_is_told_by_the_browser": Lacking(
        "a server that sends Web Push", "no switch for being told while no page is open"
    ),
    "test_nothing_that_others_write_is_read_as_markup": Lacking(
        "a server that takes messages whose fields have wrong types", "Synapse refuses them to its own users with 400"
    ),
}
"""Stories that are not told at a foreign server; `test_foreign_stories.py` shows what is there instead."""
