-- Whether all visits of a lease are in the log: what the index told that each coming and
-- going was written to.
ALTER TABLE node_lease ADD COLUMN swept INTEGER NOT NULL DEFAULT 0; -- 1: nothing is open by it any more
DROP INDEX online_lease;

-- Sums of all users over many days are read from the index alone, in its order.
DROP INDEX watch_daily_user;
CREATE INDEX watch_daily_user ON watch_daily (user_id, channel, kind, day, milliseconds, visits);
