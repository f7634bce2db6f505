-- Offers for a time: the first so many users who claim one have it.
CREATE TABLE bonus (
  bonus_id      text        COLLATE "C" PRIMARY KEY,
  created_at    timestamptz NOT NULL,
  starts_at     timestamptz NOT NULL,
  deadline      timestamptz NOT NULL,
  tolerance     bigint      NOT NULL, -- milliseconds behind the deadline at which a claim may still arrive
  closes_at     timestamptz NOT NULL, -- deadline and tolerance
  quota         bigint      NOT NULL, -- 0 is any number
  claimed       bigint      NOT NULL DEFAULT 0, -- how many have it
  ended_at      timestamptz,          -- when it ended, if that was before the deadline
  end_reason    text        NOT NULL DEFAULT '', -- exhausted, withdrawn
  channel       text        COLLATE "C" NOT NULL, -- the audience: where it is announced
  present_at    timestamptz,          -- when the user must have been there
  min_watched   bigint      NOT NULL, -- milliseconds that the user must have watched
  watched_since timestamptz,
  data          text        NOT NULL, -- the application's
  users         text[]                -- whom it is for; NULL for everybody
) WITH (fillfactor = 70);
CREATE INDEX bonus_created ON bonus (created_at, bonus_id);
CREATE INDEX bonus_channel ON bonus (channel, created_at, bonus_id);
CREATE INDEX bonus_closes ON bonus (closes_at);
CREATE INDEX bonus_named ON bonus (bonus_id) WHERE users IS NOT NULL;

-- Who has them: the journal.
CREATE TABLE bonus_claim (
  bonus_id   text        COLLATE "C" NOT NULL,
  place      bigint      NOT NULL, -- 1, 2, 3 … without a hole
  user_id    text        COLLATE "C", -- NULL once it was forgotten
  claim_id   text        NOT NULL, -- how who claimed named it; '' for not at all
  claimed_at timestamptz NOT NULL, -- when it arrived
  PRIMARY KEY (bonus_id, place)
);
CREATE UNIQUE INDEX bonus_claim_user ON bonus_claim (user_id, bonus_id);

CREATE VIEW bonus_journal AS
SELECT c.bonus_id, c.place, c.user_id, c.claimed_at, round(extract(epoch FROM c.claimed_at - b.starts_at) * 1000)::bigint AS ms,
  c.claim_id, b.channel, b.data
FROM bonus_claim c JOIN bonus b USING (bonus_id);
