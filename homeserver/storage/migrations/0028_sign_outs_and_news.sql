-- Signing out everywhere ends tickets; what is to be told of recoveries outlives the process that began to tell it.
ALTER TABLE phone_accounts ADD COLUMN sign_outs integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN phone_accounts.sign_outs IS 'How often all devices were signed out; tickets of before are void.';

CREATE TABLE recovery_news (
  user_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  claimed_until_ts bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, kind)
);
COMMENT ON TABLE recovery_news IS 'What the owner of an account has to be told about its recovery.';
COMMENT ON COLUMN recovery_news.kind IS 'planned or opened.';
