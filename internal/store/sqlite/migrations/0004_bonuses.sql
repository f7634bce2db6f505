-- Offers for a time: the first so many users who claim one have it.
CREATE TABLE bonus (
  bonus_id      TEXT    NOT NULL PRIMARY KEY,
  created_at    INTEGER NOT NULL,
  starts_at     INTEGER NOT NULL,
  deadline      INTEGER NOT NULL,
  tolerance     INTEGER NOT NULL, -- milliseconds behind the deadline at which a claim may still arrive
  closes_at     INTEGER NOT NULL, -- deadline and tolerance
  quota         INTEGER NOT NULL, -- 0 is any number
  claimed       INTEGER NOT NULL DEFAULT 0, -- how many have it
  ended_at      INTEGER,          -- when it ended, if that was before the deadline
  end_reason    TEXT    NOT NULL DEFAULT '', -- exhausted, withdrawn
  channel       TEXT    NOT NULL, -- the audience: where it is announced
  present_at    INTEGER,          -- when the user must have been there
  min_watched   INTEGER NOT NULL, -- milliseconds that the user must have watched
  watched_since INTEGER,
  data          TEXT    NOT NULL, -- the application's
  users         TEXT              -- whom it is for, an array; NULL for everybody
) STRICT;
CREATE INDEX bonus_created ON bonus (created_at, bonus_id);
CREATE INDEX bonus_channel ON bonus (channel, created_at, bonus_id);
CREATE INDEX bonus_closes ON bonus (closes_at);
CREATE INDEX bonus_named ON bonus (bonus_id) WHERE users IS NOT NULL;

-- Who has them: the journal.
CREATE TABLE bonus_claim (
  bonus_id   TEXT    NOT NULL,
  place      INTEGER NOT NULL, -- 1, 2, 3 ... without a hole
  user_id    TEXT,             -- NULL once it was forgotten
  claim_id   TEXT    NOT NULL, -- how who claimed named it; '' for not at all
  claimed_at INTEGER NOT NULL, -- when it arrived
  PRIMARY KEY (bonus_id, place)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX bonus_claim_user ON bonus_claim (user_id, bonus_id);

CREATE VIEW bonus_journal AS
SELECT c.bonus_id, c.place, c.user_id, strftime('%Y-%m-%d %H:%M:%f', c.claimed_at / 1000.0, 'unixepoch') AS claimed_at,
  c.claimed_at - b.starts_at AS ms, c.claim_id, b.channel, b.data
FROM bonus_claim c JOIN bonus b USING (bonus_id);
