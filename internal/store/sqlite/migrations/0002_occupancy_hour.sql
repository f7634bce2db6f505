-- The highest of each hour: what long curves are made of.
CREATE TABLE occupancy_hour (
  ts          INTEGER NOT NULL, -- when the hour begins
  channel     TEXT    NOT NULL,
  node_id     TEXT    NOT NULL,
  connections INTEGER NOT NULL,
  users       INTEGER NOT NULL,
  PRIMARY KEY (channel, ts, node_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX occupancy_hour_ts ON occupancy_hour (ts);
INSERT INTO occupancy_hour SELECT ts / 3600000 * 3600000, channel, node_id, max(connections), max(users)
FROM occupancy GROUP BY 1, 2, 3;
