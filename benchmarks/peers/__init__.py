"""What the benchmark compares the catalog with: the same tables, served by four other stacks."""
