"""Tables: their dialect, the fields of their columns, and records from their rows."""
