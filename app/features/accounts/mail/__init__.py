"""Mail: what the service writes to people, and how it is sent."""
