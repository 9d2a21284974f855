-- Numbers that change, and people who are invited by theirs.

ALTER TABLE phone_accounts ADD COLUMN invitable boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN phone_accounts.invitable IS 'Whether who knows the number may invite by it.';

CREATE TABLE number_changes (
  user_id text COLLATE "C" PRIMARY KEY,
  old_address text COLLATE "C" NOT NULL,
  new_address text COLLATE "C" NOT NULL,
  sealed bytea NOT NULL,
  validated_ts bigint NOT NULL,
  due_ts bigint NOT NULL
);
COMMENT ON TABLE number_changes IS 'Changes that nobody could confirm: they wait, so that the owner can take them back.';
COMMENT ON COLUMN number_changes.old_address IS 'Blind index, as in threepids.';
CREATE INDEX number_changes_due ON number_changes (due_ts);

CREATE TABLE number_invites (
  token text COLLATE "C" PRIMARY KEY,
  address text COLLATE "C" NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL,
  created_ts bigint NOT NULL
);
COMMENT ON TABLE number_invites IS 'Invites that wait until somebody has the number.';
COMMENT ON COLUMN number_invites.token IS 'The state key of the m.room.third_party_invite.';
COMMENT ON COLUMN number_invites.address IS 'Blind index, as in threepids.';
CREATE INDEX number_invites_address ON number_invites (address);
CREATE INDEX number_invites_age ON number_invites (created_ts);

CREATE TABLE number_asks (
  user_id text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  asked_ts bigint NOT NULL,
  PRIMARY KEY (user_id, address)
);
COMMENT ON TABLE number_asks IS 'Numbers that somebody invited within a day: so many and no more.';
CREATE INDEX number_asks_age ON number_asks (asked_ts);

ALTER TABLE sms_sends ADD COLUMN invite boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN sms_sends.invite IS 'An invitation: nothing is given back, and device stands for who invites.';
