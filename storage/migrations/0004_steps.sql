-- What was done on the way to an answer: a tool that was called, code that was run.
CREATE TABLE exchange_steps (
  exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  -- JSON of Step
  step        TEXT NOT NULL,
  -- Whether it belongs to an answer whose place another took: its pictures have buttons still
  is_replaced INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (exchange_id, position)
) STRICT, WITHOUT ROWID;

-- Whether a picture was made on the way to the answer: it is not asked about, but sent.
ALTER TABLE exchange_media ADD COLUMN is_made INTEGER NOT NULL DEFAULT 0;
-- Whether a picture says where another was to be changed: no model is shown it.
ALTER TABLE exchange_media ADD COLUMN is_mask INTEGER NOT NULL DEFAULT 0;
