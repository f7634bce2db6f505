-- Users' maps: a row for each map, for each key, and for each change that may be repeated.
-- Times are milliseconds since 1970, as clients see them. Names compare by bytes.
CREATE TABLE user_state (
  user_id    text COLLATE "C" PRIMARY KEY,
  epoch      text   NOT NULL,
  version    bigint NOT NULL,
  updated_at bigint NOT NULL
);

CREATE TABLE user_state_entry (
  user_id    text COLLATE "C" NOT NULL,
  key        text COLLATE "C" NOT NULL,
  value      text   NOT NULL, -- JSON; as text, because a jsonb has no \u0000
  version    bigint NOT NULL,
  updated_at bigint NOT NULL,
  expires_at bigint NOT NULL, -- 0: never
  PRIMARY KEY (user_id, key)
);
CREATE INDEX user_state_entry_expires ON user_state_entry (expires_at) WHERE expires_at > 0;

CREATE TABLE user_state_mutation (
  user_id    text COLLATE "C" NOT NULL,
  mutation   text COLLATE "C" NOT NULL,
  key        text   NOT NULL,
  version    bigint NOT NULL,
  mutated_at bigint NOT NULL,
  PRIMARY KEY (user_id, mutation)
);
CREATE INDEX user_state_mutation_at ON user_state_mutation (mutated_at);
