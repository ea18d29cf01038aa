"""Authors: the people (and bodies) that contribute to books."""
