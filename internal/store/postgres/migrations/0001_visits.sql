-- Names are compared as bytes (COLLATE "C"): pages go by that order.

-- A process's claim to the visits that it has open.
CREATE TABLE node_lease (
  node_epoch  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node_id     text        COLLATE "C" NOT NULL,
  started_at  timestamptz NOT NULL,
  beat_at     timestamptz NOT NULL, -- the node's present at its last flush: a crash ends its visits here
  seen_at     timestamptz NOT NULL, -- when that flush arrived, by the store's clock
  flushed_seq bigint      NOT NULL DEFAULT 0,
  state       smallint    NOT NULL DEFAULT 0, -- 0 live, 1 released, 2 fenced, 3 superseded
  reason      text        NOT NULL DEFAULT ''  -- what its visits end with, once it is not live
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX node_lease_live ON node_lease (node_id) WHERE state = 0;

-- Visits that have not ended. Rows come and go all the time.
CREATE TABLE online (
  user_id    text        COLLATE "C" NOT NULL,
  node_epoch bigint      NOT NULL,
  channel    text        COLLATE "C" NOT NULL, -- '' is the whole service
  kind       smallint    NOT NULL, -- 0 connected, 1 watching
  started_at timestamptz NOT NULL,
  left_at    timestamptz,          -- when the last client went, while it is awaited
  visit_no   bigint      NOT NULL,
  PRIMARY KEY (channel, kind, user_id, node_epoch)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX online_user ON online (user_id);
CREATE INDEX online_lease ON online (node_epoch);
CREATE INDEX online_started ON online (channel, kind, started_at);

-- Visits that ended, a partition for each day of UTC: visit_log_20060102.
CREATE TABLE visit_log (
  user_id    text        COLLATE "C" NOT NULL,
  node_epoch bigint      NOT NULL,
  channel    text        COLLATE "C" NOT NULL,
  kind       smallint    NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at   timestamptz NOT NULL,
  reason     text        NOT NULL, -- left, drained, crashed, moved
  visit_no   bigint      NOT NULL
) PARTITION BY RANGE (ended_at);
CREATE INDEX visit_log_started ON visit_log (started_at, node_epoch, visit_no);
CREATE INDEX visit_log_channel ON visit_log (channel, kind, started_at, node_epoch, visit_no);
CREATE INDEX visit_log_user ON visit_log (user_id, started_at);

-- What ended visits add up to, by days of UTC.
CREATE TABLE watch_daily (
  user_id      text     COLLATE "C" NOT NULL,
  channel      text     COLLATE "C" NOT NULL,
  kind         smallint NOT NULL,
  day          date     NOT NULL,
  milliseconds bigint   NOT NULL,
  visits       bigint   NOT NULL, -- that began on that day
  PRIMARY KEY (day, channel, kind, user_id)
) WITH (fillfactor = 80);
CREATE INDEX watch_daily_user ON watch_daily (user_id, channel, kind, day);

-- How many were somewhere at a time.
CREATE TABLE occupancy (
  ts          timestamptz NOT NULL,
  channel     text        COLLATE "C" NOT NULL,
  node_id     text        COLLATE "C" NOT NULL,
  connections bigint      NOT NULL,
  users       bigint      NOT NULL,
  PRIMARY KEY (channel, ts, node_id)
);
CREATE INDEX occupancy_ts ON occupancy (ts);

CREATE VIEW watching_times AS
SELECT v.user_id, v.channel, CASE v.kind WHEN 1 THEN 'watching' ELSE 'connected' END AS kind, l.node_id,
  v.started_at, v.ended_at, round(extract(epoch FROM v.ended_at - v.started_at), 3) AS seconds, v.reason
FROM visit_log v LEFT JOIN node_lease l USING (node_epoch)
UNION ALL
SELECT o.user_id, o.channel, CASE o.kind WHEN 1 THEN 'watching' ELSE 'connected' END, l.node_id, o.started_at, NULL,
  round(extract(epoch FROM greatest('0'::interval,
    coalesce(o.left_at, CASE l.state WHEN 0 THEN clock_timestamp() ELSE l.beat_at END) - o.started_at)), 3), NULL
FROM online o JOIN node_lease l USING (node_epoch);
