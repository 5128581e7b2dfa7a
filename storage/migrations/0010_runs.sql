-- Where a chat's code is run, at the service.
CREATE TABLE containers (
  chat_id      INTEGER PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
  -- as the service names it; it may have ended there since
  container_id TEXT NOT NULL,
  -- JSON list of what people sent that is in it: its path and the attachment that brings it again
  uploads      TEXT NOT NULL,
  -- the path of the font in it; empty if it has none
  font         TEXT NOT NULL,
  saved_at     REAL NOT NULL
) STRICT;

-- Runs that are at the service, each until it is erased there.
CREATE TABLE runs (
  -- as the service names it
  run_id    TEXT PRIMARY KEY,
  -- from when on nobody here asks for it any more
  forget_at REAL NOT NULL
) STRICT;

CREATE INDEX runs_to_forget ON runs (forget_at);

-- The command that alone can answer it again: analyze; empty: any message would be answered so.
ALTER TABLE exchanges ADD COLUMN command TEXT NOT NULL DEFAULT '';
