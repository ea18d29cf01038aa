"""What the application shares: database, cache, CORS. Nothing here knows a book; nothing here imports ``app``."""
