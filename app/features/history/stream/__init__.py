"""The feed as server-sent events: each change is sent to all followers soon after its commit."""
