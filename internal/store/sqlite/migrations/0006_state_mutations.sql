-- Changes that may be repeated lie in the order in which they were made: the last ones of a
-- user are read, and the others removed, without looking at the rest.
CREATE TABLE user_state_mutation_next (
  user_id    TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  mutation   TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  mutated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, version)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO user_state_mutation_next SELECT user_id, version, mutation, key, mutated_at FROM user_state_mutation;
DROP TABLE user_state_mutation;
ALTER TABLE user_state_mutation_next RENAME TO user_state_mutation;
CREATE INDEX user_state_mutation_at ON user_state_mutation (mutated_at);
