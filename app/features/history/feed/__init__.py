"""The feed: all changes of the catalog in the order of their commits, by position."""
