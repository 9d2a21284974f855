### Texts of the client in English. Every id here is a typed key (keys.ts is written from this file).

app-name = Hearth

## Sign-in and sign-up
auth-sign-in-title = Sign in to { $server }
auth-sign-in-hint = Your name, or your full address if your account is on another server.
auth-expired = Your session has ended. Sign in again.
auth-no-password = This server does not take passwords.
auth-sign-up-title = Create an account
auth-sign-up-hint = Pick a name and a password. Your address will be { $address }.
auth-name = Name
auth-name-or-address = Name or @name:server
auth-password = Password
auth-server = Server
auth-server-own = Server: { $server }
auth-token = Invitation code
auth-token-hint = This server lets in people with an invitation code.
auth-token-wrong = This code is not valid.
auth-sign-in = Sign in
auth-sign-up = Sign up
auth-to-sign-up = Create an account
auth-to-sign-in = I have an account
auth-change-server = Change server
auth-show-password = Show password
auth-hide-password = Hide password
auth-caps-lock = Caps Lock is on
auth-strength-weak = Weak password
auth-strength-fair = Fair password
auth-strength-good = Good password
auth-strength-strong = Strong password
auth-name-taken = This name is taken. Try another one.
auth-name-invalid = Use small letters, digits and . _ = - / + in the name.
auth-password-short = Use at least 8 characters.
auth-name-free = This name is free

## Errors
error-forbidden = Wrong name or password.
error-forbidden-action = You are not allowed to do this.
error-user-deactivated = This account has been closed.
error-limit = Too many tries. Wait a moment and try again.
error-network = The server cannot be reached. Check the connection and try again.
error-not-a-server = No chat server was found at { $server }.
error-user-in-use = This name is taken. Try another one.
error-invalid-username = The server does not accept this name.
error-weak-password = The server asks for a stronger password.
error-registration-closed = This server does not take new accounts.
error-not-found = Nothing was found at this address.
error-encrypted = This chat is encrypted; this client cannot write to it yet.
error-unknown = Something went wrong. Try again.
error-code = Code: { $code }
error-screen-title = This part of the page stopped working
error-retry = Try again

## Chat list
list-search = Search
list-menu = Main menu
list-label = Chats
list-waiting = Waiting for network...
list-connecting = Connecting...
list-updating = Updating...
list-empty-title = No chats yet
list-empty-hint = Start one with the round button below.
list-nothing-found = Nothing found
list-new-chat = New chat
list-new-private = New private chat
list-new-group = New group
list-join = Join by address
list-invites = Invitations
list-accept = Join
list-decline = Decline
list-invited-by = { $name } invites you
list-invited = You are invited
list-draft = Draft:
list-you = You
list-pinned = Pinned
list-muted = Muted
list-mentions = Mentions
list-unread = { $count ->
    [one] { $count } unread message
   *[other] { $count } unread messages
  }
folder-all = All
folder-unread = Unread
folder-private = Private
folder-groups = Groups
row-mark-read = Mark as read
row-mark-unread = Mark as unread
row-pin = Pin
row-unpin = Unpin
row-mute = Mute
row-unmute = Unmute
row-leave = Leave the chat
row-leave-confirm = Leave “{ $name }”?
row-leave-hint = You will not get its messages any more.

## Main menu
menu-night = Night mode
menu-theme-auto = Follow the system
menu-appearance = Appearance
menu-sign-out = Sign out
menu-sign-out-confirm = Sign out of { $address }?

## Previews and service lines
preview-image = Photo
preview-video = Video
preview-audio = Audio
preview-voice = Voice message
preview-file = File
preview-sticker = Sticker
preview-location = Location
preview-encrypted = Encrypted message
preview-redacted = Deleted message
preview-poll = Poll
preview-unknown = Unsupported message
preview-empty = No messages yet
service-created = { $actor } created the group
service-joined = { $actor } joined
service-left = { $actor } left
service-invited = { $actor } invited { $target }
service-inviteRejected = { $actor } declined the invitation
service-inviteWithdrawn = { $actor } withdrew the invitation of { $target }
service-kicked = { $actor } removed { $target }
service-banned = { $actor } banned { $target }
service-unbanned = { $actor } unbanned { $target }
service-knocked = { $actor } asks to join
service-renamedSelf = { $before } is now called { $value }
service-changedAvatar = { $actor } changed the profile photo
service-roomNamed = { $actor } named the group “{ $value }”
service-roomNameRemoved = { $actor } removed the group name
service-topicSet = { $actor } changed the description to “{ $value }”
service-topicRemoved = { $actor } removed the description
service-roomAvatar = { $actor } changed the group photo
service-encryptionOn = { $actor } turned on encryption
service-pinned = { $actor } changed the pinned messages
service-powersChanged = { $actor } changed the rights in the group
service-upgraded = This group has been replaced by a new one
service-joinRule = { $actor } changed who can join
service-crowd-joined = { $names } joined
service-crowd-left = { $names } left
service-others = { $count ->
    [one] { $count } other
   *[other] { $count } others
  }
service-other = { $actor } changed the settings of the group

## Conversation
chat-back = Back
chat-menu = Chat menu
chat-empty-name = Empty chat
chat-choose = Select a chat to start messaging
chat-history = Messages
chat-announce = { $name }: { $text }
chat-unread = Unread messages
chat-today = Today
chat-yesterday = Yesterday
chat-jump = Go to the newest message
chat-online = online
chat-last-seen = last seen { $when }
chat-members = { $count ->
    [one] { $count } member
   *[other] { $count } members
  }
chat-members-online = { $members }, { $count } online
chat-typing = typing
chat-typing-one = { $name } is typing
chat-typing-two = { $first } and { $second } are typing
chat-typing-many = { $count ->
    [one] { $count } person is typing
   *[other] { $count } people are typing
  }
chat-empty-title = No messages yet
chat-empty-hint = Say hello.
chat-load-failed = Messages could not be loaded
message-edited = edited
message-deleted = Message deleted
message-encrypted = Encrypted: open in another client
message-missing = Deleted message
message-sending = Sending
message-sent = Sent
message-read = Read
message-failed = Not sent
message-retry = Send again
message-discard = Delete
message-reply = Reply
message-edit = Edit
message-copy = Copy text
message-delete = Delete
message-delete-confirm = Delete this message for everyone?
message-copied = Copied
message-reaction = { $count ->
    [one] { $key }, { $count } reaction
   *[other] { $key }, { $count } reactions
  }

## Composer
composer-placeholder = Message
composer-send = Send
composer-save = Save the edit
composer-reply-to = Reply to { $name }
composer-editing = Edit message
composer-cancel = Cancel
composer-encrypted = This chat is encrypted. Nothing is sent from here in plain text: open it in another client.
composer-not-allowed = You may not write in this group.
composer-left = You are not a member of this chat.
composer-join = Join

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
new-cancel = Cancel
new-checking = Looking for the profile...
new-found = Profile found
new-not-found = This address has no profile. You can still try to write to it.

## Group info
info-title = Group info
info-title-person = Info
info-close = Close
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
info-copy-address = Copy the address
info-role-owner = Owner
info-role-admin = Admin
info-role-moderator = Moderator
info-role-invited = Invited
info-encrypted = Encrypted
info-resize = Resize the chat list

## Media in messages
media-gone = File is gone from the server
media-failed = Could not be loaded
media-cancel = Cancel
media-save = Save { $name }
media-voice = Voice message
media-play = Play
media-pause = Pause
media-seek = Position
media-open-photo = Open the photo
media-open-video = Open the video
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
text-code = Code
text-copy-code = Copy the code
text-spoiler = Hidden text { $reason }

## Acting on messages
message-forward = Forward
message-forwarded = Forwarded from { $name }
message-forwarded-hidden = Forwarded message
message-pin = Pin
message-unpin = Unpin
message-star = Add a star
message-unstar = Remove the star
message-starred = Starred
message-select = Select
message-copy-link = Copy the link
message-save = Save to my notes
message-saved = Saved to your notes
message-delete-title = Delete the message?
message-delete-many = Delete { $count } messages?
message-delete-everyone = Delete for everyone
message-delete-me = Delete for me
message-more-reactions = More reactions
message-reacted-by = { $key } { $names }
message-react = React
select-count = Selected: { $count }
select-close = Stop selecting
select-copy = Copy
forward-title = Forward to...
forward-search = Search chats
forward-comment = Add a comment
forward-hide-sender = Hide the sender's name
forward-send = Send
forward-done = Forwarded to { $name }
forward-encrypted = Encrypted: nothing can be sent there
pins-title = Pinned message
pins-title-number = Pinned message #{ $number }
pins-unpin = Unpin this message
pins-list = All pinned messages
stars-title = Starred messages
stars-empty = No starred messages yet
saved-title = Saved messages
chat-jump-mention = Go to the next mention
chat-seen-by = Seen by

## Writing
composer-attach = Attach
composer-attach-photo = Photo or video
composer-attach-file = File
composer-emoji = Emoji
composer-voice = Record a voice message
composer-voice-send = Send the voice message
composer-voice-cancel = Discard the recording
composer-voice-stop = Stop the recording
composer-voice-denied = The microphone cannot be used.
composer-long = This message is too long. Send it as a file?
composer-unknown-command = There is no command { $name }. Send it as text?
composer-command-failed = This command needs { $hint }
composer-banned = You were banned from this chat.
composer-banned-reason = You were banned from this chat: { $reason }
composer-invited = You are invited to this chat.
composer-knocked = You have asked to join.
composer-everyone = Notify everyone
composer-bold = Bold
composer-italic = Italic
composer-underline = Underline
composer-strike = Strikethrough
composer-mono = Monospace
composer-spoiler = Spoiler
composer-link = Link
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
drop-photo = Drop here to send as photos
drop-file = Drop here to send as files
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
error-too-large = The file is too large for this server.
error-storage = There is no room left on this device.
service-history = { $actor } changed who can read the history
service-alias = { $actor } set the public address { $value }
service-servers = { $actor } changed which servers may take part
service-roles = { $actor } changed the roles
service-role = { $actor } changed the roles of { $target }
wordings-title = Edit history

## Main menu, archive, folders, notices
settings-title = Settings
menu-contacts = Contacts
menu-explore = Explore groups
list-archived = Archived chats
folder-empty = No chats in this folder
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
notice-new = New message
access-public = Public
invite-block = Decline and block
invite-report = Decline, block and report
invite-report-reason = Unwanted invitation
