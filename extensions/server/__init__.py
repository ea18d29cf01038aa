"""What serves the application: the gunicorn worker, its limits on clients, and the threads that run requests."""
