"""History: every change of the catalog, as a feed and by record, and its undoing."""
