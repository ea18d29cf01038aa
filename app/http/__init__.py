"""HTTP around every request: bodies, headers, problems, responses, middleware. It knows no resource."""
