"""The server: how gunicorn's workers take requests in and send answers out."""
