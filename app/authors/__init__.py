"""Authors: the persons and organizations that contribute to books."""
