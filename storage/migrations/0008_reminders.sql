-- What a person is to be told at a time.
CREATE TABLE reminders (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  chat_id    INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  -- who asked for it, e.g. telegram:123
  person     TEXT NOT NULL,
  -- JSON of Sender
  sender     TEXT NOT NULL,
  is_group   INTEGER NOT NULL,
  -- the message that asked for it; empty if it cannot be replied to
  message_id TEXT NOT NULL,
  text       TEXT NOT NULL,
  -- seconds since the epoch, UTC
  due_at     REAL NOT NULL,
  -- local time of the first one and its zone, e.g. 2026-11-21T09:00 and Europe/Berlin
  begins     TEXT NOT NULL,
  timezone   TEXT NOT NULL,
  -- an RFC 5545 RRULE; empty for once
  rule       TEXT NOT NULL,
  created_at REAL NOT NULL
) STRICT;

CREATE INDEX reminders_by_due ON reminders (due_at);
CREATE INDEX reminders_by_chat ON reminders (chat_id, person);

-- What people said of themselves that holds in all of their chats.
CREATE TABLE people (
  -- e.g. telegram:123
  person   TEXT PRIMARY KEY,
  -- IANA name, e.g. Europe/Berlin; empty if unknown
  timezone TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
