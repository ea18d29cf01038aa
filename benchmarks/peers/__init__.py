"""The peers of the benchmark: four other stacks that serve the same tables."""
