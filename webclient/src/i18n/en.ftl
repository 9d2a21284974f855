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
auth-name-or-address = Name, @name:server or e-mail
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
auth-by-phone = Use a phone number
auth-by-name = Use a name and a password
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
error-offline = No connection
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
list-full = No space left on this device
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
info-role-owner = Owner
info-role-admin = Admin
info-role-moderator = Moderator
info-role-invited = Invited
info-encrypted = Encrypted
info-resize = Resize the chat list
