-- Where a platform listens that brings no message twice, and how far it was read there.
CREATE TABLE places (
  chat_id     INTEGER PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
  -- every message there is for the bot
  is_followed INTEGER NOT NULL,
  -- the platform's id of the last message that was read
  seen        TEXT NOT NULL,
  saved_at    REAL NOT NULL
) STRICT;
