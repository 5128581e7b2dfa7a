-- JSON Schemas that a chat keeps under a name, for /json.
CREATE TABLE schemas (
  chat_id  INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  -- in lower case
  name     TEXT NOT NULL,
  -- the schema, as JSON
  text     TEXT NOT NULL,
  saved_at REAL NOT NULL,
  PRIMARY KEY (chat_id, name)
) STRICT, WITHOUT ROWID;
