"""The WSGI layer in front of Flask: response cache, CORS, access log."""
