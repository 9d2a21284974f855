-- What an account may do, and to whom it belongs.

ALTER TABLE users
  ADD COLUMN is_suspended boolean NOT NULL DEFAULT false,
  ADD COLUMN is_shadow_banned boolean NOT NULL DEFAULT false,
  ADD COLUMN is_approved boolean NOT NULL DEFAULT true,
  ADD COLUMN user_type text,
  ADD COLUMN appservice_id text COLLATE "C",
  ADD COLUMN messages_per_second real,
  ADD COLUMN message_burst integer;
COMMENT ON COLUMN users.is_shadow_banned IS 'What it sends seems to be sent, and is not.';
COMMENT ON COLUMN users.is_approved IS 'False: waits for an admin before it can log in.';
COMMENT ON COLUMN users.user_type IS 'A word of the admin API: bot, support; NULL: a person.';
COMMENT ON COLUMN users.messages_per_second IS 'In place of the bucket `message`; both 0: no limits at all.';
CREATE INDEX users_guests ON users (user_id) WHERE is_guest;
CREATE INDEX users_erased ON users (user_id) WHERE is_erased;
