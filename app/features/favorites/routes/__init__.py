"""The routes of categories and favorites."""
