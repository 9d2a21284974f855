### Texts of the parts that are fetched later: pages, dialogs, menus.

## Chat list
list-nothing-found = Nothing found
row-mark-read = Mark as read
row-mark-unread = Mark as unread
row-pin = Pin
row-unpin = Unpin
row-mute = Mute
row-unmute = Unmute
row-leave = Leave the chat
row-leave-confirm = Leave “{ $name }”?
row-leave-hint = You will not get its messages any more.

## Conversation
message-discard = Delete
message-reply = Reply
message-edit = Edit
message-delete = Delete

## New chat and group
new-private-title = New private chat
new-group-title = New group
new-join-title = Join by address
new-address = @name:server
new-address-hint = The full address of a person, for example @ann:example.org
new-address-invalid = Write the address as @name:server.
new-address-self = This is your own address.
new-room-address = #group:server
new-room-invalid = Write the address as #group:server or !id:server.
new-group-name = Group name
new-group-people = People
new-create = Create
new-start = Start chat
new-join = Join
new-checking = Looking for the profile...
new-found = Profile found
new-not-found = This address has no profile. You can still try to write to it.

## Group info
info-title = Group info
info-title-person = Info
info-address = Address
info-id = Group id
info-members = Members
info-topic = Description
info-notifications = Notifications
info-leave = Leave the group
info-edit = Edit
info-edit-name = Group name
info-save = Save
info-invite = Invite
info-invite-title = Invite to the group
info-remove = Remove from the group
info-remove-confirm = Remove { $name } from the group?
info-ban = Ban
info-ban-confirm = Ban { $name }?
info-message = Send a message
info-role-invited = Invited
info-encrypted = Encrypted

page-back = Back
page-next = Next
load-more = Show more
order-up = Move up
order-down = Move down

## Settings
settings-edit-profile = Edit profile
settings-profile = My profile
settings-photo = Change the photo
settings-photo-remove = Remove the photo
settings-name = Name
settings-name-note = Everybody you share a chat with sees your name and your photo.
settings-saved = Saved
settings-notifications = Notifications and sounds
settings-privacy = Privacy and security
settings-sessions = Devices
settings-appearance = Appearance
settings-folders = Chat folders
settings-language = Language
settings-storage = Data and storage
settings-keyboard = Keyboard
notify-here = On this device
notify-desktop = Desktop notifications
notify-cards = Cards inside the page
notify-sound = Sound
notify-send-sound = Sound when I send
notify-volume = Volume
notify-previews = Show the text of messages
notify-blocked = The browser does not allow notifications of this page.
notify-of = Notify me of
notify-private = Private chats
notify-groups = Groups
notify-exceptions = Exceptions
notify-reset = Reset
privacy-blocked = Blocked people
privacy-password = Change the password
privacy-password-new = New password
privacy-others = Others see
privacy-presence = That I am online
privacy-receipts = What I have read
privacy-typing = That I am typing
privacy-invites = Let others invite me to chats
privacy-note = What you hide is hidden on other servers too.
blocked-empty = Nobody is blocked
blocked-hint = You see no messages and no invitations of people you block.
sessions-this = This device
sessions-others = Other devices
sessions-end = Sign out
sessions-end-others = Sign out of all other devices
sessions-rename = Rename
sessions-name = Name of the device
look-theme = Theme
look-light = Light
look-dark = Dark
look-contrast = High contrast
look-contrast-note = High contrast makes small text easier to read.
look-calm = Less movement
look-size = Text size
look-sample = This is how messages will look.
storage-used = Used by this page
storage-free = Free
storage-photos = Photos
storage-films = Videos
storage-sounds = Music and voice
storage-files = Other files
storage-messages = Messages
storage-page = The page itself
storage-kept = Kept files
storage-clear-kind = Press to clear
storage-clear = Clear kept photos and files
storage-cleared = Kept files are gone
storage-note = Photos and files are kept on this device so that they open at once. They stay on the server.
keys-chats = Chats
keys-chat = In a chat
keys-writing = Writing
keys-search = Search
keys-next = Next chat
keys-previous = Previous chat
keys-next-unread = Next unread chat
keys-previous-unread = Previous unread chat
keys-folder = Folder 1 to 9
keys-saved = Saved messages
keys-mute = Mute the chat
keys-close = Close what is on top
keys-help = This page
keys-search-chat = Search in the chat
keys-edit-last = Edit the last message
keys-reply = Reply to the message above
keys-reply-below = Reply to the message below
keys-scroll = Scroll the messages
keys-ends = First of the loaded messages, newest message
keys-menu = Menu of the chat or message with the focus
keys-bold = Bold
keys-italic = Italic
keys-underline = Underlined
keys-strike = Struck through
keys-mono = Monospace
keys-spoiler = Spoiler
keys-link = Link
keys-viewing = Photos and videos
keys-leaf = Previous and next
keys-zoom = Larger, smaller, as it was
keys-play = Play or pause
keys-seek = 10 seconds back or on
keys-sound = Sound on or off
keys-whole = Full screen
reader-title = With a screen reader
reader-places = The page has three parts: your chats, the open chat, and information beside it. Each is a landmark.
reader-chats = Your chats are a list: the arrow keys go through them, Enter opens one.
reader-messages = Messages are a log: come to it by Tab, then the arrow keys go from message to message.
reader-new = What others write in the open chat is read aloud when it comes. What is loaded from the past is not.
folders-note = Each folder and each of your spaces is a tab over your chats, on all your devices. Drag them into another order.
folders-empty = No folders yet
folders-emoji = Emoji of the folder
folders-without-muted = Without muted chats
folders-without-read = Without chats that are read
folders-without-archived = Without archived chats
folders-chats = Chats of the folder
folders-include = Always in it ({ $count })
folders-exclude = Never in it ({ $count })
folders-space-hidden = Space, without a tab
contacts-empty = No contacts yet
contacts-hint = People you write with appear here.
archive-empty = The archive is empty
archive-hint = Put chats here from their menu.

## People
person-open = Open the profile
person-foreign = On another server
person-contact-add = Add to contacts
person-contact-edit = Edit the contact
person-contact-name = Your name for this person
person-contact-remove = Remove
person-block = Block
person-block-confirm = Block { $name }?
person-unblock = Unblock
person-unblock-confirm = Unblock { $name }?
person-report = Report
person-reported = Thank you. The administrators will look at it.
person-common = { $count ->
    [one] { $count } group in common
   *[other] { $count } groups in common
  }
picker-search = Name or @name:server
picker-search-number = Name, @name:server or phone number
number-chat = Write to this number
number-chat-ask = Write to { $number }?
number-chat-hint = Whoever has the number is invited. Who has no account yet gets a text message.
picker-number = Invite by number; a text message tells who has no account yet

## Groups
group-photo = Group photo
group-access = Who can join
group-roles = Roles
group-links = Invitation links
group-banned = Banned people
group-requests = Requests to join
group-log = Recent actions
group-close = Delete the group for everyone
group-close-confirm = Delete “{ $name }” for everyone?
group-close-hint = All members are removed, and nobody can come back.
access-private = Private
access-knock = By request
access-private-hint = Only people who are invited can join.
access-knock-hint = Anybody can ask to join; members who may invite decide.
access-public-hint = Anybody can find the group and join it.
access-name = Public name
access-name-hint = The address will be { $address }
access-name-free = This name is free
access-name-taken = This name is taken
access-name-bad = Use small letters, digits, dots, dashes and underscores.
roles-note = The highest role comes first. Members with a role stand above those with lower ones.
roles-unsaved = Unsaved changes
roles-reset = Reset
role-new = New role
role-new-name = New role
role-name = Role name
role-colour = Colour
role-no-colour = No colour
role-remove = Delete the role
role-remove-confirm = Delete the role “{ $name }”?
role-everyone = Everyone
role-owner-sub = May do everything
role-local-only = Kept by this server alone
role-holders = { $count ->
    [one] { $count } member
   *[other] { $count } members
  }
permission-send = Send messages
permission-media = Send photos and files
permission-links = Send links
permission-react = React
permission-pin = Pin messages
permission-invite = Invite people
permission-kick = Remove people
permission-ban = Ban people
permission-redact = Delete messages of others
permission-info = Change name, photo and description
permission-roles = Manage lower roles
permission-mention_all = Notify everyone
permission-call = Start calls
member-roles = Roles
member-roles-of = Roles of { $name }
member-mute-hour = Mute for an hour
member-mute-day = Mute for a day
member-unmute = Let write again
member-muted = Muted
removal-reason = Reason
removal-erase = { $count ->
    [one] Also delete { $count } message
   *[other] Also delete { $count } messages
  }
banned-empty = Nobody is banned
ban-by = by { $name }, { $when }
ban-lift = Unban
ban-lift-confirm = Unban { $name }?
requests-empty = No requests
request-accept = Let in
links-note = Whoever has a link can join the group through it, on your behalf.
link-new = New link
link-name = Name of the link
link-limit = Number of uses
link-life = Valid for
life-never = No end
life-hour = An hour
life-day = A day
life-week = A week
link-uses = { $count ->
    [one] { $count } use
   *[other] { $count } uses
  }
link-of = of { $count }
link-until = until { $when }
link-approval = With approval
link-copy = Copy the link
link-revoke = Revoke the link
invite-blocked = takes no invitations
invite-number-denied = gets no messages from this server
invite-number-limit = enough numbers were invited for today
log-all = All
log-members = Members
log-settings = Settings
log-roles = Roles
log-empty = Nothing yet
info-shared = Members and what was shared
shared-media = Media
shared-files = Files
shared-links = Links
shared-voice = Voice
shared-empty-media = No photos or videos
shared-empty-files = No files
shared-empty-links = No links
shared-empty-voice = No voice messages

## Search, explore
search-all = All
search-people = People
search-groups = Groups
search-messages = Messages
search-media = Media
search-files = Files
search-links = Links
search-voice = Voice
search-chats = Chats and contacts
search-address = Open this address
search-failed = The search did not work
search-by = From whom
search-count = { $at } of { $total }
search-older = Older
search-newer = Newer
search-recent = You looked for
search-forget = Forget these searches
row-new-tab = Open in a new tab
filter-label = Filters
filter-me = Me
filter-in = In chat
filter-when = Date
filter-kind = Kind
filter-week = Last 7 days
filter-month = Last 30 days
filter-choose = Choose days
filter-first = Choose the first day
filter-last = { $day } – choose the last day, or search this one
filter-days = { $first } – { $last }
filter-take = Search
filter-clear = Remove the filter “{ $filter }”
explore-server = Server
explore-server-hint = Empty for { $server }
explore-empty = No public groups were found
crop-title = Choose what is shown
crop-label = The picture under the frame: arrow keys move it, plus and minus zoom
crop-zoom = Zoom
crop-done = Use
space-title = Space
space-rooms = Rooms
space-empty = There are no rooms here yet
space-join = Join the space
space-in = You are in
space-asked = Asked
space-by-invitation = By invitation
space-tab = Show as a tab
space-leave = Leave the space
space-leave-hint = You stay in its rooms. You can come back only if you are invited, or if it is public.

## Media in messages
media-speed = Speed
media-volume = Volume
media-mute = Mute the sound
media-next = Next
media-previous = Previous
media-fullscreen = Full screen
media-pip = Picture in picture
media-zoom-in = Zoom in
media-zoom-out = Zoom out
media-rotate = Rotate
media-viewer = Media viewer
media-show-in-chat = Show in the chat
media-player = Player
media-close-player = Close the player

## Acting on messages
message-forward = Forward
message-pin = Pin
message-unpin = Unpin
message-star = Add a star
message-unstar = Remove the star
message-select = Select
message-copy-link = Copy the link
message-save = Save to my notes
message-saved = Saved to your notes
message-more-reactions = More reactions
select-count = Selected: { $count }
select-close = Stop selecting
select-copy = Copy
forward-title = Forward to...
forward-search = Search chats
forward-comment = Add a comment
forward-hide-sender = Hide the sender's name
forward-hide-captions = Hide the captions
forward-send = Send
forward-done = Forwarded to { $name }
forward-encrypted = Encrypted: nothing can be sent there
pins-title = Pinned message
pins-title-number = Pinned message #{ $number }
pins-unpin = Unpin this message
pins-list = All pinned messages
stars-title = Starred messages
stars-empty = No starred messages yet
chat-seen-by = Seen by
reactions-title = Reactions
wallpaper-title = Behind the messages
wallpaper-number = Colours { $number }
wallpaper-own = A picture of my own
wallpaper-remove = Remove the picture
welcome-wave = Wave
welcome-saved = Notes, files and messages that you keep for yourself.
welcome-share = Copy the link
welcome-invite = Invite people
talk-double = Double click on a message
talk-double-react = Reaction
talk-favourite = First reaction
talk-hover = Buttons beside the message under the mouse
talk-trace = Show where messages were deleted in groups

## Writing
send-title-photo = Send { $count ->
    [one] a photo
   *[other] { $count } photos
  }
send-title-file = Send { $count ->
    [one] a file
   *[other] { $count } files
  }
send-caption = Caption
send-as-file = Send as files
send-as-album = Send as an album
send-remove = Remove
send-preparing = Preparing...
emoji-search = Search emoji
emoji-recent = Recent
emoji-people = Smileys and people
emoji-nature = Animals and nature
emoji-food = Food and drink
emoji-travel = Travel and places
emoji-activities = Activities
emoji-objects = Objects
emoji-symbols = Symbols
emoji-flags = Flags
wordings-title = Edit history

## Main menu, archive, folders, notices
settings-title = Settings
row-archive = Archive
row-unarchive = Unarchive
mute-hour = For an hour
mute-hours = For 8 hours
mute-week = For a week
mute-forever = Until I turn it on
mute-mentions = Only mentions
order-pin-up = Move up
order-pin-down = Move down
notify-all = All messages
notify-mentions = Only mentions
notify-none = Off
starred-title = Starred messages
message-retry-all = Send all again
message-discard-all = Delete all that were not sent

## Signing in by phone number
phone-country = Country
phone-country-none = No such country
phone-number = Phone number
phone-number-hint = Check the country and enter your phone number. A code will come by text message.
phone-number-wrong = This is not a phone number. Check it, please.
phone-number-denied = This number gets no messages from this server. Check it, or sign in another way.
phone-limit = { $seconds ->
    [one] Too many codes were asked for. Try again in { $seconds } second.
   *[other] Too many codes were asked for. Try again in { $seconds } seconds.
  }
phone-down = No text messages can be sent at the moment. Try again in a minute, or sign in another way.
phone-check-down = The code cannot be checked at the moment. Try again in a minute.
phone-edit = Change the number
phone-code = Code
phone-code-hint = A text message with the code is on its way.
phone-code-wrong = That is not the code.
phone-code-spent = Too many wrong codes. Ask for a new one.
phone-code-late = The code is too old by now. Ask for a new one.
phone-resend = Send another code
phone-resend-in = Another code in { $seconds } s
phone-name-title = Your name
phone-name-hint = There is no account with this number yet. What shall others call you?
phone-name = Name
phone-username = User name (optional)
phone-username-hint = People find you by it without your number.
phone-password-title = Your password
phone-password-hint = This account asks for its password too.
phone-password-idle = This account was not used for a long time. If it is yours, enter its password.
phone-not-mine = This account is not mine
phone-more-title = Is it you?
phone-more-hint = Open the app where you are signed in already, and enter this number there.
phone-more-alone = Your number alone does not open this account on a new device.
phone-more-waiting = Waiting for your answer there
phone-more-refused = You were refused on another device. Ask for a new code to try again.
phone-more-due = Your number alone opens this account from { $date } on, if nobody objects. Come back then.
phone-more-use-device = Use another device
phone-recover = I have no such device any more
phone-recover-neither = I have neither
phone-recover-hint = Then your number alone opens the account in seven days. Until then it is shown on all its devices, and each of them can stop it.
phone-recover-yes = Wait for seven days
phone-recover-stopped = Somebody who is signed in to this account stopped that. Try again tomorrow.
phone-no-picture = That file is no picture.
phone-forbidden = This is not the password, or this server does not let you in.

## Polls
poll-new = New poll
poll-question = Question
poll-answer = Answer { $number }
poll-several = Several answers
poll-hide = Hide the results
poll-hide-hint = Everybody sees them when the poll is over.
poll-open = Poll
poll-hidden = Poll, results come at the end
poll-ended = Final results
poll-most = { $count ->
    [one] up to { $count } answer
   *[other] up to { $count } answers
  }
poll-people = { $count ->
    [0] Nobody has voted yet
    [one] { $count } vote
   *[other] { $count } votes
  }
poll-vote = Vote
poll-mine = your answer
poll-retract = Take my vote back
poll-end = End the poll
poll-end-confirm = End this poll? Nobody can vote any more.

## One's own phone number
sign-in-title = Is it you who signs in?
sign-in-hint = Somebody who gave the code of your phone number wants to come in on another device.
sign-in-browser = Browser
sign-in-place = Address
sign-in-time = Time
sign-in-number = Number
sign-in-number-hint = The two digits that are shown there
sign-in-no = It is not me
sign-in-yes = Let in
sign-in-approved = The other device is let in
sign-in-refused = The other device is refused
sign-in-wrong-number = That is not the number. The other device is refused.
sign-in-late = Nobody waits for that answer any more
recovery-title = Is it you who comes back?
recovery-hint = Somebody who gave the code of your phone number has neither your password nor a device of yours. From { $date } on your number alone opens this account, unless you stop it.
recovery-mine = It is me
recovery-stop = Stop it
recovery-stopped = Nobody comes in by waiting
phone-settings = Phone number
phone-note = Only you see your number.
phone-add = Add a phone number
phone-add-hint = A code comes by text message. You can then sign in with this number.
phone-change = Change the number
phone-change-hint = Enter your new number. A code comes to it by text message.
phone-remove = Remove the number
phone-remove-ask = Remove { $number }?
phone-remove-hint = You can no longer sign in with it.
phone-last-way = This number is the only way into your account. Set a password first.
phone-show = Show the number
phone-hide = Hide the number
phone-in-use = Another account has this number.
phone-wrong-password = That is not your password.
phone-added = The number was added
phone-changed = The number was changed
phone-will-change = The number changes in seven days
phone-pending = Changes to { $number } on { $date }
phone-pending-note = Somebody asked for this without the password and without the old number. If it was not you, keep the number and set a new password.
phone-keep = Keep the old number
phone-confirm = Show that it is you.
phone-confirm-code = A code will be sent to { $number }.
phone-send-code = Send the code
phone-use-code = Use a code
phone-use-password = Use the password
phone-lost = I no longer have the old number
phone-lost-hint = Then your number changes in seven days. Until then you see it on all your devices and can stop it there.
phone-lost-yes = Change it then
phone-second-factor = Two-step verification
phone-second-factor-on = Ask for my password after the code
phone-second-factor-note = Then a new device needs your password besides the code, and nothing else takes its place.
phone-second-factor-begin = Turn on
phone-second-factor-end = Turn off
phone-set-password = Set a password
phone-find = Who can find me by my number
phone-find-nobody = Nobody
phone-find-contacts = People whose number I have looked up
phone-find-note = They find you only if they have your number and you have theirs.
phone-invites = Let people who know my number invite me
phone-invites-note = Who invites you by it sees which account is yours.
message-copy-picture = Copy the picture

## Links
link-leave-out = Send without the preview
privacy-links = Previews of links
privacy-links-note = Your server looks at the pages that messages lead to. Those pages do not learn who you are.

## Threads
threads-title = Threads
threads-empty = Nothing has been answered in a thread yet.
thread-title = Thread
thread-answer = Answer in a thread
thread-notify = Notifications of this thread
thread-follow = Every answer
thread-as-chat = As in the chat
thread-mute = Mentions only

## Stickers
stickers-search = Search stickers
stickers-empty = No stickers here yet. Groups have packs of them: see the information of a group.
stickers-own = My pack
stickers-emoji = Emoji
stickers-everywhere = Use this pack in all chats
stickers-note = Everybody in the group sends them as stickers, and writes them as :name: in messages.
stickers-name = Name of the pack
stickers-code = Name of the picture
stickers-add = Add pictures
stickers-save = Save
stickers-remove = Remove the picture
message-report = Report the message
message-report-block = Block { $name } too

## Slow mode, sending later, days
slow-title = Slow mode
slow-off = Off
slow-wait = Slow mode: you can write in { $left }
send-silent = Send without sound
send-later = Send later
later-time = Time
later-past = This time is over.
later-send-today = Send today at { $time }
later-send-on = Send on { $day } at { $time }
later-title = Scheduled messages
later-done = It will be sent { $day } at { $time }
later-now = Send now
later-again = Change the time
calendar-earlier = Earlier month
calendar-later = Later month
day-title = Go to a day
day-none = There are no messages to go to.
hover-react = React with { $sign }
join-progress-begun = Fetching the members of this group
join-progress = Fetching the members of this group: { $done } of { $total }
sending-title = Sending
sending-enter = Send with Enter
sending-enter-hint = Shift+Enter begins a new line
sending-ctrl-enter = Send with Ctrl+Enter
sending-ctrl-enter-hint = Enter begins a new line
message-reply-part = Reply to the selection
notify-away = When Hearth is closed
notify-away-hint = The browser tells of messages, sealed on their way
keywords-title = Words to be told of
keywords-note = Messages with these words are told of like mentions, in all chats.
keywords-word = Word
keywords-add = Add
keywords-remove = Remove
row-copy-address = Copy the address
