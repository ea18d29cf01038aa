"""Request headers: negotiation, conditional requests, cache control."""
