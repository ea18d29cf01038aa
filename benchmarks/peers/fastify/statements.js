// The SQL. Each statement has a name, so that a connection plans it once and keeps it prepared.

const SCALARS = `title, subtitle, isbn, published, publisher, language, page_count, description, series,
  series_position, subjects, cover_url, identifiers`

const BOOKS = `
  SELECT id, ${SCALARS},
    coalesce((
      SELECT json_agg(
        json_build_object('id', a.id, 'name', a.name, 'role', c.role, 'credited_as', c.credited_as) ORDER BY c.position
      )
      FROM contributions c JOIN authors a ON a.id = c.author_id
      WHERE c.book_id = books.id
    ), '[]') AS authors,
    created_at, updated_at
  FROM books`

export const firstPage = { name: 'first-page', text: `${BOOKS} ORDER BY id LIMIT $1` }

export const pageAfter = { name: 'page-after', text: `${BOOKS} WHERE id > $2 ORDER BY id LIMIT $1` }

export const bookById = { name: 'book-by-id', text: `${BOOKS} WHERE id = $1` }

export const bookByIsbn = { name: 'book-by-isbn', text: `${BOOKS} WHERE isbn = $1` }

export const authorsByName = {
  name: 'authors-by-name',
  text: `
    SELECT authors.id, authors.name
    FROM unnest($1::text[]) AS wanted (name)
    JOIN authors ON authors.name_key = left(fold(wanted.name), 200) AND authors.name = wanted.name`
}

export const insertAuthors = {
  name: 'insert-authors',
  text: 'INSERT INTO authors (name, sort_name) SELECT name, name FROM unnest($1::text[]) AS name RETURNING id, name'
}

export const insertBook = {
  name: 'insert-book',
  text: `
    INSERT INTO books (${SCALARS})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    RETURNING id, ${SCALARS}, created_at, updated_at`
}

export const insertContributions = {
  name: 'insert-contributions',
  text: `
    INSERT INTO contributions (book_id, author_id, role, position)
    SELECT $1, author_id, 'author', number - 1 FROM unnest($2::bigint[]) WITH ORDINALITY AS given (author_id, number)`
}
