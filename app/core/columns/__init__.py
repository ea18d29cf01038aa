"""SQL of single columns: expressions, indexes, conditions, timestamps, search."""
