"""Discord: what is said there in, replies out. The only importer of discord."""
