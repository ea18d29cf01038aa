"""Books and their contributors. Each book is one edition."""
