"""Books in bibliographic formats: BibTeX, RIS and MARC. To add one, add a file with a `Bibliographic`."""
