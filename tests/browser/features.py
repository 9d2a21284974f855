"""What a person can see and do with the web client, and the story that shows it to the other person and a reload.

`docs/features.md` is written from this table by `tools/features.py`; `test_features.py` fails for a row whose story
does not exist, and for a document that is older than the table. Long because it is a list: one row for each feature.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """One capability. `story` "file::test" below tests/browser, "" when none shows it yet; `shown`: by what."""

    area: str
    name: str
    story: str = ""
    shown: str = ""


SIGN, LIST, SEARCH, TALK = "Sign in, sessions", "Chat list", "Search", "Conversation"
WRITE, MEDIA, ACT, GROUP = "Composer", "Media", "Acting on messages", "Groups and people"
TELL, SET = "Notifications", "Settings and platform"

ROWS = (
    Row(
        SIGN,
        "Name and password",
        "test_signing_up::test_a_wrong_password_is_told_and_the_right_one_lets_in",
        "a second browser of the same person",
    ),
    Row(
        SIGN,
        "Registration",
        "test_signing_up::test_a_name_that_is_taken_is_told_before_sending",
        "the name is taken for the next one",
    ),
    Row(
        SIGN,
        "Phone number and code",
        "test_phone::test_a_number_makes_an_account_and_signs_in_elsewhere",
        "the same chats on a second browser",
    ),
    Row(
        SIGN,
        "Two-step password, change of number",
        "test_phone_people::test_a_number_is_changed_and_a_password_asked_for_after_the_code",
        "the other browser is asked for the password",
    ),
    Row(
        SIGN,
        "Approval by another device",
        "test_phone::test_a_stolen_number_is_seen_and_stopped_on_the_devices_of_its_owner",
        "the other browser is refused, and let in in the story of number and code",
    ),
    Row(
        SIGN,
        "Coming back with nothing but the number",
        "test_phone::test_who_has_only_the_number_waits_a_week_and_a_browser_that_signed_out_does_not",
        "the chats of before on both browsers",
    ),
    Row(
        SIGN,
        "A number that is lost",
        "test_phone_people::test_a_lost_number_changes_after_a_week_and_can_be_kept_until_then",
        "reload",
    ),
    Row(
        SIGN,
        "No text messages",
        "test_phone::test_while_no_messages_can_be_sent_the_page_says_so_and_offers_other_ways",
        "in by name and password",
    ),
    Row(
        SIGN,
        "Single sign-on",
        "test_signing_up::test_one_signs_in_where_one_is_known_already",
        "reload; a second browser of the same person",
    ),
    Row(
        SIGN,
        "Sessions list",
        "test_people::test_another_device_is_named_and_signed_out_from_here",
        "the other device is at the sign-in page",
    ),
    Row(SIGN, "Remember and restore", "test_signing_up::test_a_reload_keeps_who_is_signed_in", "reload"),
    Row(
        SIGN,
        "Sign out",
        "test_signing_up::test_signing_out_forgets_everything_in_the_browser",
        "nothing is left in the browser's stores",
    ),
    Row(LIST, "Row anatomy", "test_look::test_the_page_measures_what_the_design_says", "measures"),
    Row(
        LIST,
        "Preview text",
        "test_chats::test_unread_messages_are_counted_and_reading_clears_them",
        "the row of the other; reload",
    ),
    Row(
        LIST,
        "Draft",
        "test_chat_list::test_archive_folders_and_drafts_are_the_same_on_all_devices",
        "the other device has it in its list and in its composer",
    ),
    Row(
        LIST, "Typing in the list", "test_chats::test_two_who_talk_in_private_see_each_other_online", "row of the other"
    ),
    Row(
        LIST,
        "Order and pinned chats",
        "test_chat_facts::test_chats_are_ordered_pinned_and_tell_what_was_shared",
        "the order of what others say; reload",
    ),
    Row(
        LIST,
        "Mute",
        "test_people::test_what_comes_while_one_looks_elsewhere_is_told",
        "no notice of what the other writes any more; reload",
    ),
    Row(
        LIST,
        "Unread badge",
        "test_chats::test_unread_messages_are_counted_and_reading_clears_them",
        "the writer's ticks; reload",
    ),
    Row(LIST, "Online dot", "test_chats::test_two_who_talk_in_private_see_each_other_online", "row of the other"),
    Row(
        LIST,
        "Invitations",
        "test_chat_list::test_an_unwanted_invitation_is_refused_with_its_sender",
        "the sender is refused; reload",
    ),
    Row(
        LIST,
        "Archive and folders",
        "test_chat_list::test_archive_folders_and_drafts_are_the_same_on_all_devices",
        "the other device",
    ),
    Row(
        LIST,
        "New chat button",
        "test_chats::test_two_who_talk_in_private_see_each_other_online",
        "the other is invited",
    ),
    Row(LIST, "Main menu", "test_people::test_privacy_is_kept_and_the_look_is_remembered", "reload"),
    Row(
        LIST,
        "Context menu",
        "test_chat_list::test_archive_folders_and_drafts_are_the_same_on_all_devices",
        "the other device",
    ),
    Row(
        LIST,
        "Connection state",
        "test_bad_networks::test_what_is_written_without_a_network_goes_out_in_order_even_after_a_reload",
        "reload without a network",
    ),
    Row(LIST, "Empty list", "test_signing_up::test_a_new_account_is_made_at_the_page", "the page of a new account"),
    Row(
        SEARCH,
        "Global search",
        "test_searching::test_messages_are_found_everywhere_and_in_one_chat",
        "what the other wrote is found, marked and gone to",
    ),
    Row(
        SEARCH,
        "Filters: from, in, date, kind",
        "test_searching::test_messages_are_found_by_day_sender_chat_and_kind",
        "what another wrote, by server and in the chat",
    ),
    Row(
        SEARCH,
        "By exact address",
        "test_searching::test_public_groups_are_explored_and_addresses_opened",
        "the one who is written to is invited",
    ),
    Row(
        SEARCH,
        "In-chat search",
        "test_searching::test_messages_are_found_everywhere_and_in_one_chat",
        "what the other wrote is gone to",
    ),
    Row(
        SEARCH,
        "Highlight",
        "test_searching::test_messages_are_found_everywhere_and_in_one_chat",
        "in what the other wrote",
    ),
    Row(
        SEARCH,
        "Jump to date",
        "test_timed::test_the_calendar_leads_to_the_first_message_of_a_day",
        "what another wrote that day is gone to, from its pill and from the search",
    ),
    Row(TALK, "Header", "test_chats::test_two_who_talk_in_private_see_each_other_online", "the other is there, types"),
    Row(TALK, "Bubble grouping", "test_look::test_the_page_measures_what_the_design_says", "measures"),
    Row(
        TALK,
        "Time and ticks",
        "test_two_servers::test_two_people_on_two_servers_talk_live",
        "the writer, when the other has read",
    ),
    Row(TALK, "Edited mark", "test_two_servers::test_two_people_on_two_servers_talk_live", "the other, live; reload"),
    Row(TALK, "Reply quote", "test_two_servers::test_two_people_on_two_servers_talk_live", "the other, live; reload"),
    Row(
        TALK,
        "Forward header",
        "test_acting::test_messages_are_reacted_to_pinned_starred_and_passed_on",
        "in the other chat, live",
    ),
    Row(
        TALK,
        "Reactions",
        "test_acting::test_messages_are_reacted_to_pinned_starred_and_passed_on",
        "the other joins in; reload",
    ),
    Row(TALK, "Sender colours", "test_look::test_the_page_measures_what_the_design_says", "measures"),
    Row(
        TALK,
        "Role label",
        "test_groups::test_a_role_is_made_and_given_and_what_it_allows_is_there_at_once",
        "at the member's own page",
    ),
    Row(TALK, "Date separator", "test_look::test_the_page_measures_what_the_design_says", "measures"),
    Row(
        TALK,
        "Unread separator",
        "test_chats::test_a_chat_opens_where_reading_ended_however_far_above_that_is",
        "on a device that had not read",
    ),
    Row(
        TALK,
        "Jump button",
        "test_acting::test_a_mention_is_found_by_its_button_in_a_long_chat",
        "to what another wrote",
    ),
    Row(
        TALK,
        "Follow the end",
        "test_chats::test_a_long_history_is_read_by_pages_and_never_all_in_the_document",
        "what another writes comes into sight",
    ),
    Row(
        TALK,
        "Mark as read",
        "test_chats::test_unread_messages_are_counted_and_reading_clears_them",
        "the writer's ticks; reload",
    ),
    Row(
        TALK,
        "Service messages",
        "test_chats::test_who_is_removed_while_the_chat_is_open_is_told_and_cannot_write",
        "at the page of the one who is removed",
    ),
    Row(
        TALK,
        "Endless history",
        "test_chats::test_a_long_history_is_read_by_pages_and_never_all_in_the_document",
        "what another wrote, in order and without holes",
    ),
    Row(
        TALK,
        "Smooth jump",
        "test_acting::test_a_mention_is_found_by_its_button_in_a_long_chat",
        "to what another wrote",
    ),
    Row(
        TALK,
        "Text entities",
        "test_writing::test_marks_mentions_emoji_and_commands_are_read_by_the_other",
        "the other; reload",
    ),
    Row(
        TALK,
        "Failed and pending",
        "test_bad_networks::test_what_is_written_without_a_network_goes_out_in_order_even_after_a_reload",
        "the other has each once; reload",
    ),
    Row(
        TALK,
        "Read-only, not a member",
        "test_chats::test_what_one_may_do_follows_the_roles_at_once",
        "at the member's page, at once",
    ),
    Row(
        TALK,
        "Threads",
        "test_threads::test_a_thread_is_answered_counted_and_read_by_itself",
        "the other, live; own unread mark; reload",
    ),
    Row(
        TALK,
        "Link preview",
        "test_links::test_a_link_is_previewed_unless_the_writer_or_the_reader_does_not_want_it",
        "the other; reload",
    ),
    Row(
        WRITE,
        "Several lines",
        "test_writing::test_marks_mentions_emoji_and_commands_are_read_by_the_other",
        "the other",
    ),
    Row(
        WRITE,
        "The button changes",
        "test_media::test_a_voice_message_is_recorded_heard_before_it_is_sent_and_played_by_the_other",
        "the other hears what was recorded",
    ),
    Row(
        WRITE, "Emoji picker", "test_writing::test_marks_mentions_emoji_and_commands_are_read_by_the_other", "the other"
    ),
    Row(
        WRITE,
        "Mentions",
        "test_writing::test_marks_mentions_emoji_and_commands_are_read_by_the_other",
        "the other; reload",
    ),
    Row(WRITE, "Drafts", "test_chat_list::test_archive_folders_and_drafts_are_the_same_on_all_devices", "other device"),
    Row(WRITE, "Edit the last", "test_chats::test_everything_can_be_done_by_keyboard", "reload"),
    Row(WRITE, "Reply bar", "test_two_servers::test_two_people_on_two_servers_talk_live", "the other, live; reload"),
    Row(WRITE, "Attach", "test_media::test_an_album_with_a_caption_is_seen_and_leafed_through", "the other; reload"),
    Row(
        WRITE,
        "Dialog before sending files",
        "test_media::test_an_album_with_a_caption_is_seen_and_leafed_through",
        "the other; reload",
    ),
    Row(WRITE, "Drop and paste", "test_media::test_pictures_come_by_paste_and_by_drop", "the other; reload"),
    Row(
        WRITE,
        "Voice message",
        "test_media::test_a_voice_message_is_recorded_heard_before_it_is_sent_and_played_by_the_other",
        "the other plays it; reload",
    ),
    Row(
        WRITE,
        "Formatting",
        "test_writing::test_marks_mentions_emoji_and_commands_are_read_by_the_other",
        "the other; reload",
    ),
    Row(
        WRITE,
        "Typing notice",
        "test_chats::test_two_who_talk_in_private_see_each_other_online",
        "in the chat and in the list of the other",
    ),
    Row(
        WRITE,
        "Spell check",
        "test_writing::test_marks_mentions_emoji_and_commands_are_read_by_the_other",
        "the field says so to the browser, in the language of the page",
    ),
    Row(
        WRITE, "Send without sound", "test_timed::test_a_silent_message_is_told_without_a_sound", "the other hears none"
    ),
    Row(
        WRITE,
        "Send later",
        "test_timed::test_a_message_waits_for_its_time_on_the_server",
        "reload; then the other, live and after a reload",
    ),
    Row(
        WRITE,
        "Slow mode",
        "test_timed::test_in_slow_mode_one_waits_and_sees_how_long",
        "the other's composer, at once; reload",
    ),
    Row(
        WRITE,
        "Own keys, recent emoji",
        "test_wishes::test_keys_emoji_and_words_are_ones_own_on_all_devices",
        "a second browser of the same person; reload",
    ),
    Row(WRITE, "Answer to a part", "test_wishes::test_a_part_of_a_message_is_answered", "the other; reload"),
    Row(
        WRITE,
        "Answer by a swipe",
        "test_wishes::test_a_finger_answers_a_message_by_moving_it",
        "the other gets the answer",
    ),
    Row(
        WRITE,
        "Files dropped onto a chat, pictures in its row",
        "test_wishes::test_a_picture_dropped_onto_a_chat_goes_there_and_is_in_its_row",
        "the other; reload",
    ),
    Row(
        MEDIA,
        "Small pictures first",
        "test_media::test_an_album_with_a_caption_is_seen_and_leafed_through",
        "the other; reload",
    ),
    Row(
        MEDIA,
        "Album and viewer",
        "test_media::test_an_album_with_a_caption_is_seen_and_leafed_through",
        "the other; reload; one deleted is gone for the other",
    ),
    Row(
        MEDIA,
        "Video, audio, files",
        "test_media::test_a_film_plays_a_sound_goes_on_in_other_chats_and_a_file_is_saved",
        "the other plays and saves them",
    ),
    Row(
        MEDIA,
        "Voice bubbles",
        "test_media::test_a_voice_message_is_recorded_heard_before_it_is_sent_and_played_by_the_other",
        "the other plays it; reload",
    ),
    Row(
        MEDIA,
        "Shared media",
        "test_chat_facts::test_chats_are_ordered_pinned_and_tell_what_was_shared",
        "what the other sent",
    ),
    Row(
        MEDIA,
        "Failed media",
        "test_media::test_an_upload_waits_for_the_network_is_given_up_or_goes_on_after_a_reload",
        "the other has it once; reload",
    ),
    Row(
        MEDIA,
        "Stickers and custom emoji",
        "test_stickers::test_a_group_keeps_stickers_which_all_send_and_write",
        "the other; reload; another chat",
    ),
    Row(
        ACT,
        "Context menu",
        "test_acting::test_messages_are_reacted_to_pinned_starred_and_passed_on",
        "the other device",
    ),
    Row(
        ACT,
        "Edit, delete",
        "test_acting::test_several_are_picked_and_deleted_for_oneself_or_for_everyone",
        "the other; reload",
    ),
    Row(
        ACT,
        "Forward",
        "test_acting::test_messages_are_reacted_to_pinned_starred_and_passed_on",
        "in the other chat, live",
    ),
    Row(ACT, "Star, save", "test_acting::test_messages_are_reacted_to_pinned_starred_and_passed_on", "reload"),
    Row(ACT, "Pin", "test_acting::test_messages_are_reacted_to_pinned_starred_and_passed_on", "the other; reload"),
    Row(
        ACT,
        "Select mode",
        "test_acting::test_several_are_picked_and_deleted_for_oneself_or_for_everyone",
        "gone for the other",
    ),
    Row(
        ACT,
        "Copy",
        "test_acting::test_messages_are_reacted_to_pinned_starred_and_passed_on",
        "the clipboard: words, link, several with names and times",
    ),
    Row(ACT, "Polls", "test_polls::test_a_poll_is_asked_voted_in_and_ended", "the other, live; reload"),
    Row(
        ACT,
        "Short cuts under the mouse",
        "test_acting::test_a_message_under_the_mouse_is_answered_and_liked_at_once",
        "the other, live; reload",
    ),
    Row(
        GROUP,
        "Write to a phone number",
        "test_phone_people::test_a_chat_begins_by_number_in_the_field_that_finds_people",
        "who has it, and who signs up with it, answer",
    ),
    Row(
        GROUP,
        "Invite by phone number",
        "test_phone_people::test_people_are_invited_by_number_whether_or_not_they_have_an_account",
        "both come in and talk",
    ),
    Row(
        GROUP,
        "Information beside the chat",
        "test_chats::test_a_group_is_renamed_and_filled_from_its_information",
        "the one who was invited from it is shown online",
    ),
    Row(
        GROUP,
        "Members list",
        "test_groups::test_a_role_is_made_and_given_and_what_it_allows_is_there_at_once",
        "changes are seen by all at once",
    ),
    Row(
        GROUP,
        "Create a group",
        "test_groups::test_a_public_group_is_found_by_name_and_closed_for_all",
        "another finds and joins it",
    ),
    Row(
        GROUP,
        "Edit name, photo, description",
        "test_chats::test_a_group_is_renamed_and_filled_from_its_information",
        "the new name is on the invitation of the other",
    ),
    Row(
        GROUP,
        "Private, by request, public",
        "test_groups::test_people_come_by_a_link_or_ask_to_be_let_in",
        "another asks and is let in",
    ),
    Row(
        GROUP,
        "Roles: create, edit",
        "test_groups::test_a_role_is_made_and_given_and_what_it_allows_is_there_at_once",
        "the other can ban at once",
    ),
    Row(
        GROUP,
        "Give roles",
        "test_groups::test_a_role_is_made_and_given_and_what_it_allows_is_there_at_once",
        "at the other's page",
    ),
    Row(GROUP, "Mute for a time", "test_groups::test_who_is_muted_writes_again_when_allowed", "the other's composer"),
    Row(
        GROUP,
        "Remove, ban, unban, recent actions",
        "test_groups::test_a_role_is_made_and_given_and_what_it_allows_is_there_at_once",
        "the owner's list of the banned, after a reload",
    ),
    Row(
        GROUP,
        "Invite by name and by link",
        "test_groups::test_people_come_by_a_link_or_ask_to_be_let_in",
        "another comes in by the link",
    ),
    Row(
        GROUP,
        "Leave, delete a group",
        "test_groups::test_a_public_group_is_found_by_name_and_closed_for_all",
        "gone for the other; reload",
    ),
    Row(GROUP, "Profile, contacts, common groups", "test_people::test_a_person_is_named_by_me_and_blocked", "reload"),
    Row(GROUP, "Block", "test_people::test_a_person_is_named_by_me_and_blocked", "nothing comes; reload"),
    Row(
        GROUP,
        "Public directory",
        "test_searching::test_public_groups_are_explored_and_addresses_opened",
        "the owner has a new member",
    ),
    Row(
        GROUP,
        "Federation",
        "test_two_servers::test_two_people_on_two_servers_talk_live",
        "people of two servers, in both directions",
    ),
    Row(
        GROUP,
        "Large groups",
        "test_large_groups::test_one_sees_how_many_members_of_a_large_group_are_here",
        "reload; gone when all are here",
    ),
    Row(
        GROUP,
        "Group that was replaced",
        "test_chat_facts::test_chats_are_ordered_pinned_and_tell_what_was_shared",
        "after the owner's change, live",
    ),
    Row(
        TELL,
        "While another chat is open",
        "test_people::test_what_comes_while_one_looks_elsewhere_is_told",
        "what another wrote",
    ),
    Row(
        TELL,
        "Desktop notification",
        "test_told::test_what_comes_to_a_hidden_page_is_told_by_the_system_and_by_a_sound",
        "gone when read on another device; none after a reload once it is off",
    ),
    Row(
        TELL,
        "Number in the title",
        "test_people::test_what_comes_while_one_looks_elsewhere_is_told",
        "what another wrote",
    ),
    Row(
        TELL,
        "Sound",
        "test_told::test_what_comes_to_a_hidden_page_is_told_by_the_system_and_by_a_sound",
        "none after a reload once it is off",
    ),
    Row(
        TELL,
        "Per chat and kind",
        "test_people::test_what_comes_while_one_looks_elsewhere_is_told",
        "nothing is told any more of what the other writes",
    ),
    Row(
        TELL,
        "Words to be told of",
        "test_wishes::test_keys_emoji_and_words_are_ones_own_on_all_devices",
        "what another writes is marked; reload",
    ),
    Row(
        TELL,
        "Web Push",
        "test_web_push::test_what_comes_while_no_page_is_open_is_told_by_the_browser",
        "what another wrote, by the browser without a page; reload",
    ),
    Row(SET, "Profile", "test_people::test_a_new_name_and_photo_are_seen_by_others", "the other, after a reload"),
    Row(
        SET,
        "Privacy",
        "test_people::test_privacy_is_kept_and_the_look_is_remembered",
        "the other sees neither presence nor receipts",
    ),
    Row(SET, "Appearance", "test_people::test_privacy_is_kept_and_the_look_is_remembered", "reload"),
    Row(SET, "Language", "test_people::test_privacy_is_kept_and_the_look_is_remembered", "reload"),
    Row(
        SET,
        "Bad answers",
        "test_errors::test_bad_answers_are_shown_where_they_belong_and_can_be_tried_again",
        "sent once, as the server has it",
    ),
    Row(SET, "Keyboard", "test_chats::test_everything_can_be_done_by_keyboard", "reload"),
    Row(SET, "Reduced motion", "test_told::test_who_wants_less_movement_gets_none", "reload"),
    Row(
        SET,
        "Offline",
        "test_bad_networks::test_what_is_written_without_a_network_goes_out_in_order_even_after_a_reload",
        "reload without a network",
    ),
    Row(SET, "Several tabs", "test_bad_networks::test_two_tabs_are_one_client", "the other tab"),
    Row(
        SET, "Deep links", "test_groups::test_people_come_by_a_link_or_ask_to_be_let_in", "another comes in by the link"
    ),
    Row(SET, "Phone", "test_chats::test_on_a_phone_one_page_lies_over_the_other", "Back of the browser"),
)
