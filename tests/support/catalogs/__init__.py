"""Example records, and catalogs that are filled with them."""
