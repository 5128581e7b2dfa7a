-- Documents that are searched at the service: what is there, and what is to be removed there.

-- A vector store for each chat, and one for all.
CREATE TABLE hosted_shelves (
  -- as the service names it
  store    TEXT PRIMARY KEY,
  -- NULL: for every chat
  chat_id  INTEGER REFERENCES chats (id) ON DELETE CASCADE,
  saved_at REAL NOT NULL
) STRICT;

CREATE UNIQUE INDEX hosted_shelf_of_chat ON hosted_shelves (coalesce(chat_id, -1));

CREATE TABLE hosted_files (
  document_id INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
  store       TEXT NOT NULL REFERENCES hosted_shelves (store) ON DELETE CASCADE,
  -- as the service names it; empty if the service could do nothing with it
  file        TEXT NOT NULL,
  -- pending, ready, refused
  state       TEXT NOT NULL,
  saved_at    REAL NOT NULL
) STRICT;

CREATE INDEX hosted_files_of_store ON hosted_files (store);

-- What nobody here knows any more; removed at the service, then here.
CREATE TABLE hosted_rubbish (
  id   TEXT PRIMARY KEY,
  -- file, store
  kind TEXT NOT NULL
) STRICT;

CREATE TRIGGER hosted_shelf_removed AFTER DELETE ON hosted_shelves BEGIN
  INSERT OR IGNORE INTO hosted_rubbish (id, kind) VALUES (old.store, 'store');
END;

CREATE TRIGGER hosted_file_removed AFTER DELETE ON hosted_files BEGIN
  INSERT OR IGNORE INTO hosted_rubbish (id, kind) SELECT old.file, 'file' WHERE old.file != '';
  DELETE FROM hosted_shelves WHERE store = old.store
    AND NOT EXISTS (SELECT 1 FROM hosted_files WHERE store = old.store);
END;

-- Whose it is now has another vector store.
CREATE TRIGGER document_moved AFTER UPDATE OF chat_id ON documents
WHEN old.chat_id IS NOT new.chat_id BEGIN
  DELETE FROM hosted_files WHERE document_id = old.id;
END;
