"""The input file: its bytes, its options, its detected format, and its rejected records."""
