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
auth-sso = Sign in elsewhere
auth-sso-with = Continue with { $name }
auth-sso-failed = That sign-in is over or was not begun here. Try again.
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
part-missing = This part cannot be fetched now. Trying again...
part-old = A new version is here
part-reload = Reload
part-not-now = Later

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
preview-reaction = { $name } reacted { $sign } to: { $text }
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

## New chat and group
new-cancel = Cancel
