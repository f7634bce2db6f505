-- The highest of each hour: what long curves are made of.
CREATE TABLE occupancy_hour (
  ts          timestamptz NOT NULL, -- when the hour begins
  channel     text        COLLATE "C" NOT NULL,
  node_id     text        COLLATE "C" NOT NULL,
  connections bigint      NOT NULL,
  users       bigint      NOT NULL,
  PRIMARY KEY (channel, ts, node_id)
);
CREATE INDEX occupancy_hour_ts ON occupancy_hour (ts);
INSERT INTO occupancy_hour SELECT date_trunc('hour', ts, 'UTC'), channel, node_id, max(connections), max(users)
FROM occupancy GROUP BY 1, 2, 3;
