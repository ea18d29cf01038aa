"""The files of imports: the upload and its rejects, in a folder for each import."""
