"""Books: editions, and who contributed to them."""
