-- Users' maps: a row for each map, for each key, and for each change that may be repeated.
CREATE TABLE user_state (
  user_id    TEXT    PRIMARY KEY,
  epoch      TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_state_entry (
  user_id    TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  value      TEXT    NOT NULL, -- JSON
  version    INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, -- 0: never
  PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_state_entry_expires ON user_state_entry (expires_at) WHERE expires_at > 0;

CREATE TABLE user_state_mutation (
  user_id    TEXT    NOT NULL,
  mutation   TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  mutated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, mutation)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_state_mutation_at ON user_state_mutation (mutated_at);
