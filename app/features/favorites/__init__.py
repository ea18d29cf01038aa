"""Favorites: what an account likes, in categories with attributes of their own, in an order of its own."""
