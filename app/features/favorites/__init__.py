"""Favorites: the favorite books of an account, in categories with attributes and an order of their own."""
