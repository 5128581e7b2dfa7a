-- Named assistants that people and owners make. Which one answers in a chat stands in its settings.
CREATE TABLE assistants (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  name         TEXT NOT NULL,
  -- who made it, e.g. telegram:123
  person       TEXT NOT NULL,
  -- person: for whoever made it, in all of their chats; chat: for everybody in chat_id; all
  reach        TEXT NOT NULL CHECK (reach IN ('person', 'chat', 'all')),
  chat_id      INTEGER REFERENCES chats (id) ON DELETE CASCADE,
  instructions TEXT NOT NULL,
  -- empty: the chat's
  model        TEXT NOT NULL DEFAULT '',
  -- JSON array of tools' names; null: the chat's
  tools        TEXT,
  saved_at     REAL NOT NULL
) STRICT;

CREATE INDEX assistants_by_person ON assistants (person);
CREATE INDEX assistants_by_chat ON assistants (chat_id);
CREATE INDEX assistants_for_all ON assistants (reach) WHERE reach = 'all';
