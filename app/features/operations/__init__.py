"""What administrators see of the running service."""
