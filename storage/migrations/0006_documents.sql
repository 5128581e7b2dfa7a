-- Files that people asked about or had learned, cut into passages.
CREATE TABLE documents (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  -- NULL: for every chat
  chat_id      INTEGER REFERENCES chats (id) ON DELETE CASCADE,
  sha256       TEXT NOT NULL,
  name         TEXT NOT NULL,
  -- page, slide, sheet, file; what count counts
  unit         TEXT NOT NULL,
  count        INTEGER NOT NULL,
  size_bytes   INTEGER NOT NULL,
  passages     INTEGER NOT NULL,
  -- there was more than is kept
  is_cut       INTEGER NOT NULL,
  -- who brought it, e.g. telegram:123, and the name that people saw
  person       TEXT NOT NULL,
  author       TEXT NOT NULL,
  added_at     REAL NOT NULL,
  -- every question is answered from it; otherwise only until recent_until
  is_learned   INTEGER NOT NULL DEFAULT 0,
  recent_until REAL NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX documents_by_chat ON documents (chat_id, sha256) WHERE chat_id IS NOT NULL;
CREATE UNIQUE INDEX documents_for_all ON documents (sha256) WHERE chat_id IS NULL;
CREATE INDEX documents_unlearned ON documents (recent_until) WHERE is_learned = 0;

CREATE TABLE passages (
  id          INTEGER PRIMARY KEY,
  document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  -- from 0, as one reads
  place       INTEGER NOT NULL,
  -- p. 12; slide 3; empty if the document has no parts
  label       TEXT NOT NULL,
  text        TEXT NOT NULL,
  -- the words of text as a search compares them
  words       TEXT NOT NULL,
  UNIQUE (document_id, place)
) STRICT;

-- words are ready to be compared: dense scripts are pairs of signs, with spaces between them.
CREATE VIRTUAL TABLE passage_words USING fts5 (
  words, content = 'passages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER passage_added AFTER INSERT ON passages BEGIN
  INSERT INTO passage_words (rowid, words) VALUES (new.id, new.words);
END;

CREATE TRIGGER passage_removed AFTER DELETE ON passages BEGIN
  INSERT INTO passage_words (passage_words, rowid, words) VALUES ('delete', old.id, old.words);
END;

-- What passages mean, many in one row: reading a row each takes ten times as long.
CREATE TABLE passage_vectors (
  document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  -- vectors of different models cannot be compared
  model       TEXT NOT NULL,
  -- the place of the passage that the first vector is of; the others follow
  first       INTEGER NOT NULL,
  count       INTEGER NOT NULL,
  -- float32, little-endian, each of length 1
  vectors     BLOB NOT NULL,
  PRIMARY KEY (document_id, model, first)
) STRICT;
