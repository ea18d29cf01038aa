"""Contributors of books: the field `authors`, its filters, and how they are stored."""
