-- Whether a picture is one of several that were taken from a video: those are shown in low detail.
ALTER TABLE exchange_media ADD COLUMN is_frame INTEGER NOT NULL DEFAULT 0;
