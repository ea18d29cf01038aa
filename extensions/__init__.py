"""Infrastructure: database, cache, CORS, server. Independent of the catalog: never imports ``app``."""
