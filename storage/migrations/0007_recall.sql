-- Which exchanges hold which words. Made by storage/word_index.py: one row an exchange, under its
-- id, of tokens like 17_hello: the chat's id stands in each, so that a search reads of one chat only
-- and costs the same however many there are. The words themselves are not kept a second time.
CREATE VIRTUAL TABLE recall_words USING fts5 (
  tokens, tokenize = "ascii tokenchars '_'", content = '', detail = none, columnsize = 0
);
-- Fewer merges while an answer is stored; a search takes more segments instead.
INSERT INTO recall_words (recall_words, rank) VALUES ('automerge', 8);

-- One row.
CREATE TABLE recall_backlog (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  -- exchanges with ids below this one are not in recall_words yet; 0: all are
  below   INTEGER NOT NULL,
  -- by which rules the tokens were made; what was made by others is made anew
  folding TEXT NOT NULL
) STRICT;
INSERT INTO recall_backlog SELECT 1, iif(count(*) = 0, 0, max(id) + 1), '' FROM exchanges;

-- Exchanges of which another chat's number stands in the tokens still, since two chats became one.
CREATE TABLE recall_moved (
  exchange_id INTEGER PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE,
  -- that number; its chat is gone
  number      INTEGER NOT NULL
) STRICT;

-- What exchanges mean.
CREATE TABLE recall_vectors (
  exchange_id INTEGER PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE,
  -- vectors of two models cannot be compared
  model       TEXT NOT NULL,
  -- float32, little-endian, of length 1
  vector      BLOB NOT NULL
) STRICT;

-- Which exchanges of a chat have vectors: all with ids from oldest to newest.
CREATE TABLE recall_reach (
  chat_id INTEGER PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
  model   TEXT NOT NULL,
  -- 0: from the chat's first
  oldest  INTEGER NOT NULL,
  newest  INTEGER NOT NULL
) STRICT;

-- What searches found, for their next pages; kept for a day.
CREATE TABLE recall_searches (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  at      REAL NOT NULL,
  words   TEXT NOT NULL,
  -- JSON array of ids of exchanges, the best first
  found   TEXT NOT NULL
) STRICT;

CREATE INDEX recall_searches_by_chat ON recall_searches (chat_id);
CREATE INDEX recall_searches_by_age ON recall_searches (at);

-- Facts that people asked to be remembered about themselves. One that is erased leaves an empty row,
-- of nobody (storage/memories.py says why).
CREATE TABLE memories (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  -- e.g. telegram:123
  person   TEXT NOT NULL,
  -- where it was told and is used: empty for private chats, else the group, e.g. telegram:-1001
  place    TEXT NOT NULL,
  -- of the person's list; what is changed keeps it
  position INTEGER NOT NULL,
  fact     TEXT NOT NULL,
  told_at  REAL NOT NULL
) STRICT;

CREATE INDEX memories_by_person ON memories (person, place, position);
CREATE INDEX memories_by_place ON memories (place) WHERE place != '';
