-- 'Parl': tells our databases from those of other programs.
PRAGMA application_id = 1348563564;

-- A conversation under the name it has today.
CREATE TABLE chats (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  platform           TEXT NOT NULL,
  chat               TEXT NOT NULL,
  thread             TEXT NOT NULL DEFAULT '',
  -- JSON object; holds only what differs from the defaults
  settings           TEXT NOT NULL DEFAULT '{}',
  -- exchanges up to and with this id are outside the window
  window_start       INTEGER NOT NULL DEFAULT 0,
  -- exchanges up to and with this id were left behind by /new
  reset_through      INTEGER NOT NULL DEFAULT 0,
  summary            TEXT NOT NULL DEFAULT '',
  summarised_through INTEGER NOT NULL DEFAULT 0,
  UNIQUE (platform, chat, thread)
) STRICT;

-- Names that a conversation had before the platform renamed it.
CREATE TABLE chat_aliases (
  platform TEXT NOT NULL,
  chat     TEXT NOT NULL,
  thread   TEXT NOT NULL,
  chat_id  INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  PRIMARY KEY (platform, chat, thread)
) STRICT, WITHOUT ROWID;

CREATE INDEX chat_aliases_by_chat ON chat_aliases (chat_id);

-- A question with its answer: neither can be here without the other.
CREATE TABLE exchanges (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  chat_id             INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  ordinal             INTEGER NOT NULL,
  -- who asked, e.g. telegram:123
  person              TEXT NOT NULL,
  answered_at         REAL NOT NULL,
  question            TEXT NOT NULL,
  answer              TEXT NOT NULL,
  author              TEXT NOT NULL,
  quote               TEXT NOT NULL,
  state               TEXT NOT NULL,
  model               TEXT NOT NULL,
  -- JSON arrays of text
  question_message_ids TEXT NOT NULL,
  answer_message_ids  TEXT NOT NULL,
  is_spoken           INTEGER NOT NULL
) STRICT;

-- Entries of one chat are sorted by id, which every SQLite index holds as its last column.
CREATE INDEX exchanges_by_chat ON exchanges (chat_id);

CREATE TABLE exchange_media (
  exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  sha256      TEXT NOT NULL,
  mime        TEXT NOT NULL,
  width       INTEGER NOT NULL,
  height      INTEGER NOT NULL,
  PRIMARY KEY (exchange_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX exchange_media_by_file ON exchange_media (sha256);

-- What came in. A finished row keeps its key, to tell a second delivery, and nothing that was said.
CREATE TABLE inbox (
  id          INTEGER PRIMARY KEY,
  key         TEXT NOT NULL UNIQUE,
  received_at REAL NOT NULL,
  chat_id     INTEGER REFERENCES chats (id) ON DELETE CASCADE,
  person      TEXT,
  -- JSON of IncomingMessage
  message     TEXT,
  -- set when the answer was stored
  answered_at REAL,
  exchange_id INTEGER NOT NULL DEFAULT 0,
  -- JSON of Delivery
  delivery    TEXT,
  -- set when it was told that there is no answer: it is kept for a while, to be tried again
  failed_at   REAL,
  done_at     REAL
) STRICT;

CREATE INDEX inbox_unfinished ON inbox (id) WHERE done_at IS NULL AND failed_at IS NULL;
CREATE INDEX inbox_failed ON inbox (failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX inbox_done ON inbox (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX inbox_by_chat ON inbox (chat_id) WHERE chat_id IS NOT NULL;

CREATE TABLE inbox_steps (
  inbox_id INTEGER NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
  name     TEXT NOT NULL,
  value    TEXT NOT NULL,
  PRIMARY KEY (inbox_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox_sent (
  inbox_id INTEGER NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
  slot     TEXT NOT NULL,
  -- JSON array of text
  ids      TEXT NOT NULL,
  PRIMARY KEY (inbox_id, slot)
) STRICT, WITHOUT ROWID;

-- One row a call to the service. It outlives the chat: the bill does, too.
CREATE TABLE usage (
  id            INTEGER PRIMARY KEY,
  at            REAL NOT NULL,
  person        TEXT NOT NULL,
  chat_id       INTEGER REFERENCES chats (id) ON DELETE SET NULL,
  capability    TEXT NOT NULL,
  model         TEXT NOT NULL,
  input_tokens  INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  seconds       REAL NOT NULL,
  characters    INTEGER NOT NULL,
  images        INTEGER NOT NULL,
  -- NULL: the price is unknown
  cost_usd      REAL,
  is_estimate   INTEGER NOT NULL
) STRICT;

CREATE INDEX usage_by_person ON usage (person, at);
CREATE INDEX usage_by_chat ON usage (chat_id, at);
