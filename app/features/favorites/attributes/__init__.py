"""The attributes of favorites: definitions, values, filters."""
