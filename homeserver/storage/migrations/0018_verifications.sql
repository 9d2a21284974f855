-- Proving that an address is one's own: one row for each session, kept a day so that failed tries are counted.
CREATE TABLE verifications (
  sid text COLLATE "C" PRIMARY KEY,
  medium text COLLATE "C" NOT NULL,
  address_index bytea NOT NULL,
  address bytea NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  secret bytea NOT NULL,
  send_attempt int NOT NULL,
  next_link text,
  code bytea,
  reference text COLLATE "C",
  tries int NOT NULL DEFAULT 0,
  failures int NOT NULL DEFAULT 0,
  created_ts bigint NOT NULL,
  expires_ts bigint NOT NULL,
  validated_ts bigint,
  used_ts bigint
);
COMMENT ON COLUMN verifications.address IS 'Sealed; address_index finds it again.';
COMMENT ON COLUMN verifications.user_id IS 'The account it is for; empty where there is none yet.';
CREATE UNIQUE INDEX verifications_press ON verifications (secret, address_index, purpose, user_id);
CREATE INDEX verifications_address ON verifications (address_index, created_ts);
CREATE INDEX verifications_age ON verifications (created_ts);

-- Every text message that was paid for, or may have been: what the spend guard counts.
CREATE TABLE sms_sends (
  send_nid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  number_index bytea NOT NULL,
  prefix_index bytea NOT NULL,
  country text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  device bytea NOT NULL,
  sent_ts bigint NOT NULL,
  completed_ts bigint
);
COMMENT ON COLUMN sms_sends.address IS 'Where it was asked for: an IPv4 address or a /64.';
COMMENT ON COLUMN sms_sends.device IS 'A digest of what the browser calls itself.';
CREATE INDEX sms_sends_age ON sms_sends (sent_ts);
CREATE INDEX sms_sends_number ON sms_sends (number_index, sent_ts);

-- A phone number is found by its blind index (in address) and shown to its owner from what is sealed.
ALTER TABLE threepids ADD COLUMN sealed bytea;
