"""The ranks of favorites: locks, orders, and where a favorite goes."""
