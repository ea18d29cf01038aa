"""The audit: every recorded change, of the catalog, accounts and tokens, for administrators."""
