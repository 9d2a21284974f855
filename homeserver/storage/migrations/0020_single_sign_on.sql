-- Accounts of other services that log in here, and logins through them that are under way.
CREATE TABLE external_ids (
  provider text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  created_ts bigint NOT NULL,
  PRIMARY KEY (provider, subject)
);
COMMENT ON COLUMN external_ids.provider IS 'The id of the provider in the configuration.';
COMMENT ON COLUMN external_ids.subject IS 'What the provider calls the person, for good.';
CREATE INDEX external_ids_user ON external_ids (user_id);

CREATE TABLE sso_flows (
  flow_id text COLLATE "C" PRIMARY KEY,
  secret_hash bytea NOT NULL,
  provider text COLLATE "C" NOT NULL,
  step text COLLATE "C" NOT NULL,
  redirect_url text,
  ui_auth_session text COLLATE "C",
  subject text COLLATE "C",
  localpart text COLLATE "C",
  display_name text,
  user_id text COLLATE "C",
  created_ts bigint NOT NULL
);
COMMENT ON COLUMN sso_flows.secret_hash IS 'SHA-256 of what only the browser that began has, in a cookie.';
COMMENT ON COLUMN sso_flows.step IS 'What comes next: away (at the provider), name, consent; checking while the provider is asked.';
COMMENT ON COLUMN sso_flows.ui_auth_session IS 'Of a confirmation; redirect_url is of a login.';
CREATE INDEX sso_flows_created ON sso_flows (created_ts);
