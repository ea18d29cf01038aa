"""Features built on the entities. None of them imports another."""
