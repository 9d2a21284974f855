-- Sign-ins by number that need more than the code: another device's approval, or a week.
CREATE TABLE sign_in_requests (
  request_id text COLLATE "C" PRIMARY KEY,
  sid text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  number text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL DEFAULT 'waiting',
  ip text COLLATE "C" NOT NULL,
  user_agent text NOT NULL,
  created_ts bigint NOT NULL,
  expires_ts bigint NOT NULL,
  CONSTRAINT sign_in_requests_sid UNIQUE (sid)
);
COMMENT ON TABLE sign_in_requests IS 'Who came with a code and waits for an answer on a device of the account.';
COMMENT ON COLUMN sign_in_requests.sid IS 'Of the verification whose proof the answer belongs to.';
COMMENT ON COLUMN sign_in_requests.number IS 'Two digits that the new device shows and the other one has to give.';
COMMENT ON COLUMN sign_in_requests.state IS 'waiting, approved or refused.';
CREATE INDEX sign_in_requests_user ON sign_in_requests (user_id);
CREATE INDEX sign_in_requests_end ON sign_in_requests (expires_ts);

CREATE TABLE recoveries (
  user_id text COLLATE "C" PRIMARY KEY,
  ip text COLLATE "C" NOT NULL,
  user_agent text NOT NULL,
  created_ts bigint NOT NULL,
  due_ts bigint NOT NULL,
  stopped_ts bigint
);
COMMENT ON TABLE recoveries IS 'Accounts whose number alone will open them once, when nobody objected until then.';
COMMENT ON COLUMN recoveries.stopped_ts IS 'When a device of the account said no.';
CREATE INDEX recoveries_due ON recoveries (due_ts);

ALTER TABLE phone_accounts ADD COLUMN left_ts bigint;
COMMENT ON COLUMN phone_accounts.left_ts IS 'When the newest of the devices that are gone was used last.';
