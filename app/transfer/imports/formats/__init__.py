"""The import formats. To add one, add a module and a line in `registry`."""
