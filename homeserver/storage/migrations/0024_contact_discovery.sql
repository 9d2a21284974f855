-- Who finds whom by number: only people who both want it and have each other's numbers.

ALTER TABLE phone_accounts ADD COLUMN found boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN phone_accounts.found IS 'Whether those whose numbers the user has find the user by number.';

ALTER TABLE threepids ADD COLUMN lookup_index bytea;
COMMENT ON COLUMN threepids.lookup_index IS 'Blind index of the hash by which a number is asked for; while its user wants to be found.';
CREATE INDEX threepids_lookup ON threepids (lookup_index) WHERE lookup_index IS NOT NULL;

CREATE TABLE contacts (
  user_id text COLLATE "C" NOT NULL,
  lookup_index bytea NOT NULL,
  PRIMARY KEY (user_id, lookup_index)
);
COMMENT ON TABLE contacts IS 'The numbers that people have of others, as blind indexes of hashes.';

CREATE TABLE found_contacts (
  finder text COLLATE "C" NOT NULL,
  lookup_index bytea NOT NULL,
  found_ts bigint NOT NULL,
  PRIMARY KEY (finder, lookup_index)
);
COMMENT ON TABLE found_contacts IS 'What was told already, to whom: a day has room for only so much that is new.';

CREATE TABLE identity_tokens (
  token_hash bytea PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  created_ts bigint NOT NULL
);
COMMENT ON TABLE identity_tokens IS 'Sessions of the Identity Service API.';
CREATE INDEX identity_tokens_user ON identity_tokens (user_id);
