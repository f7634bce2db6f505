-- Times are milliseconds since 1970 (UTC), names are UTF-8; the view watching_times at
-- the end shows both to people.

-- A process's claim to the visits that it has open.
CREATE TABLE node_lease (
  node_epoch  INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice
  node_id     TEXT    NOT NULL,
  started_at  INTEGER NOT NULL,
  beat_at     INTEGER NOT NULL, -- the node's present at its last flush: a crash ends its visits here
  seen_at     INTEGER NOT NULL, -- when that flush arrived, by the store's clock
  flushed_seq INTEGER NOT NULL DEFAULT 0,
  state       INTEGER NOT NULL DEFAULT 0, -- 0 live, 1 released, 2 fenced, 3 superseded
  reason      TEXT    NOT NULL DEFAULT ''  -- what its visits end with, once it is not live
) STRICT;
CREATE UNIQUE INDEX node_lease_live ON node_lease (node_id) WHERE state = 0;

-- Visits that have not ended.
CREATE TABLE online (
  user_id    TEXT    NOT NULL,
  node_epoch INTEGER NOT NULL,
  channel    TEXT    NOT NULL, -- '' is the whole service
  kind       INTEGER NOT NULL, -- 0 connected, 1 watching
  started_at INTEGER NOT NULL,
  left_at    INTEGER,          -- when the last client went, while it is awaited
  visit_no   INTEGER NOT NULL,
  PRIMARY KEY (channel, kind, user_id, node_epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX online_user ON online (user_id);
CREATE INDEX online_lease ON online (node_epoch);
CREATE INDEX online_started ON online (channel, kind, started_at);

-- Visits that ended.
CREATE TABLE visit_log (
  user_id    TEXT    NOT NULL,
  node_epoch INTEGER NOT NULL,
  channel    TEXT    NOT NULL,
  kind       INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL,
  reason     TEXT    NOT NULL, -- left, drained, crashed, moved
  visit_no   INTEGER NOT NULL,
  PRIMARY KEY (started_at, node_epoch, visit_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_log_user ON visit_log (user_id, started_at);
CREATE INDEX visit_log_channel ON visit_log (channel, kind, started_at);

-- The longest visit of the log: how far before a period one may begin that is in it.
CREATE TABLE longest_visit (milliseconds INTEGER NOT NULL) STRICT;
INSERT INTO longest_visit VALUES (0);

-- What ended visits add up to, by days of UTC.
CREATE TABLE watch_daily (
  user_id      TEXT    NOT NULL,
  channel      TEXT    NOT NULL,
  kind         INTEGER NOT NULL,
  day          TEXT    NOT NULL, -- 2006-01-02
  milliseconds INTEGER NOT NULL,
  visits       INTEGER NOT NULL, -- that began on that day
  PRIMARY KEY (day, channel, kind, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX watch_daily_user ON watch_daily (user_id, channel, kind, day);

-- How many were somewhere at a time.
CREATE TABLE occupancy (
  ts          INTEGER NOT NULL,
  channel     TEXT    NOT NULL,
  node_id     TEXT    NOT NULL,
  connections INTEGER NOT NULL,
  users       INTEGER NOT NULL,
  PRIMARY KEY (channel, ts, node_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX occupancy_ts ON occupancy (ts);

CREATE VIEW watching_times AS
SELECT v.user_id, v.channel, iif(v.kind = 1, 'watching', 'connected') AS kind, l.node_id,
  strftime('%Y-%m-%d %H:%M:%f', v.started_at / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%d %H:%M:%f', v.ended_at / 1000.0, 'unixepoch') AS ended_at,
  (v.ended_at - v.started_at) / 1000.0 AS seconds, v.reason
FROM visit_log v LEFT JOIN node_lease l USING (node_epoch)
UNION ALL
SELECT o.user_id, o.channel, iif(o.kind = 1, 'watching', 'connected'), l.node_id,
  strftime('%Y-%m-%d %H:%M:%f', o.started_at / 1000.0, 'unixepoch'), NULL,
  max(0, coalesce(o.left_at, iif(l.state = 0, CAST(unixepoch('subsec') * 1000 AS INTEGER), l.beat_at)) - o.started_at) / 1000.0, NULL
FROM online o JOIN node_lease l USING (node_epoch);
