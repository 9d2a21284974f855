-- Mutes that end at a time: what is still to be ended.

CREATE TABLE restrictions (
  room_id text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  until_ts bigint NOT NULL,
  set_by text COLLATE "C" NOT NULL,
  CONSTRAINT restrictions_user PRIMARY KEY (room_id, user_id)
);
CREATE INDEX restrictions_until ON restrictions (until_ts);
COMMENT ON COLUMN restrictions.set_by IS 'In whose name it is ended.';
