"""Access control: rights, credentials, and the check before each view."""
