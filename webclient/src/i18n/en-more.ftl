### Texts of the chats: of what is there when the page has opened.

## Chat list
list-search = Search
list-full = No space left on this device
list-memory = This browser keeps nothing
list-menu = Main menu
list-label = Chats
list-waiting = Waiting for network...
list-connecting = Connecting...
list-retry = No connection, again in { $seconds } s
list-reaction = A reaction to your message
list-updating = Updating...
list-empty-title = No chats yet
list-empty-hint = Start one with the round button below.
list-new-chat = New chat
list-new-private = New private chat
list-new-group = New group
list-new-public = New public group
list-join = Join by address
list-invites = Invitations
list-invite-space = { $name } (space)
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
message-copy = Copy text
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

## Group info
info-close = Close
info-role-owner = Owner
info-role-admin = Admin
info-role-moderator = Moderator
info-resize = Resize the chat list

## Settings
folder-new = New folder
folder-edit = Edit the folder
folder-name = Folder name
folder-remove = Remove the folder
folder-kind-dm = All private chats
folder-kind-group = All groups

## Search, explore
preview-title = Group
preview-ask = Ask to join
preview-asked = You have asked to join

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
media-fetch = Load it
media-open-video = Open the video
text-code = Code
text-copy-code = Copy the code
text-whole-quote = The whole quote
text-spoiler = Hidden text { $reason }

## Acting on messages
message-forwarded = Forwarded from { $name }
message-forwarded-hidden = Forwarded message
message-delete-title = Delete the message?
message-delete-many = Delete { $count } messages?
message-delete-everyone = Delete for everyone
message-delete-me = Delete for me
message-delete-ban = Delete all of { $name } and ban
message-delete-all = Delete all of { $name } ({ $count })
message-reacted-by = { $key } { $names }
saved-title = Saved messages
chat-jump-mention = Go to the next mention

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
composer-paste-long = The pasted text is long. Send it as a file?
composer-paste-keep = Leave it here
composer-muted = You are muted until { $when }.
composer-attach-camera = Camera
composer-banned = You were banned from this chat.
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
drop-photo = Drop here to send as photos
drop-file = Drop here to send as files
error-too-large = The file is too large for this server.
error-storage = There is no room left on this device.
service-history = { $actor } changed who can read the history
service-alias = { $actor } set the public address { $value }
service-servers = { $actor } changed which servers may take part
service-slowMode = { $actor } turned on slow mode: one message in { $value }
service-slowModeOff = { $actor } turned off slow mode
service-roles = { $actor } changed the roles
service-role = { $actor } changed the roles of { $target }

## Main menu, archive, folders, notices
menu-contacts = Contacts
menu-explore = Explore groups
list-archived = Archived chats
folder-empty = No chats in this folder
space-of = You are in { $mine } of { $all } rooms
bar-replaced = This group continues in a new one
bar-requests = { $count ->
    [one] { $count } request to join
   *[other] { $count } requests to join
  }
notice-new = New message
notice-answer = Answer
access-public = Public
invite-block = Decline and block
invite-report = Decline, block and report
invite-report-reason = Unwanted invitation
composer-replaced = This group continues in a new one.
composer-follow = Go to the new group

## Threads
threads-unread = New answers in threads
thread-count = { $count ->
    [0] No answers yet
    [one] { $count } answer
   *[other] { $count } answers
  }

## Stickers
stickers-title = Stickers and emoji
composer-suggestions = Suggestions
search-in-chat = Search in this chat
later-open = Scheduled messages
