"""The name and the version that the service says of itself."""

NAME = "Catalog"
VERSION = "0.1.0"
