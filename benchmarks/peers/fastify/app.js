// The application of one worker process: its connection pool and its routes.

import Fastify from 'fastify'
import pg from 'pg'

import * as schemas from './schemas.js'
import * as sql from './statements.js'

pg.types.setTypeParser(pg.types.builtins.INT8, Number)

const UNIQUE_VIOLATION = '23505'

export function build ({ connectionString, connections }) {
  const pool = new pg.Pool({ connectionString, max: connections })
  const app = Fastify({ logger: false })
  app.addHook('onClose', () => pool.end())

  const read = async (statement, values) => (await pool.query({ ...statement, values })).rows

  app.get('/books', { schema: schemas.listBooks }, async (request) => {
    const { limit, after } = request.query
    const rows = after === undefined
      ? await read(sql.firstPage, [limit + 1])
      : await read(sql.pageAfter, [limit + 1, after])
    const data = rows.slice(0, limit)
    const here = `/books?limit=${limit}`
    return {
      data,
      meta: { count: data.length, limit },
      links: {
        self: after === undefined ? here : `${here}&after=${after}`,
        next: rows.length > limit ? `${here}&after=${data.at(-1).id}` : null,
        prev: null
      }
    }
  })

  app.get('/books/:id', { schema: schemas.getBook }, async (request, reply) => {
    const [book] = await read(sql.bookById, [request.params.id])
    return book ?? reply.callNotFound()
  })

  app.get('/books/isbn/:isbn', { schema: schemas.getBookByIsbn }, async (request, reply) => {
    const [book] = await read(sql.bookByIsbn, [request.params.isbn])
    return book ?? reply.callNotFound()
  })

  app.post('/books', { schema: schemas.createBook }, async (request, reply) => {
    reply.code(201)
    return transaction(pool, (run) => createBook(run, request.body))
  })

  app.setErrorHandler((error, request, reply) => {
    if (error.code === UNIQUE_VIOLATION) {
      return reply.code(409).send({ error: 'This conflicts with what is stored.' })
    }
    return reply.send(error)
  })

  return app
}

async function transaction (pool, work) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const result = await work(async (statement, values) => (await client.query({ ...statement, values })).rows)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function createBook (run, body) {
  const names = [...new Set(body.authors.map(({ name }) => name))]
  const found = await run(sql.authorsByName, [names])
  const ids = new Map(found.map(({ id, name }) => [name, id]))
  const missing = names.filter((name) => !ids.has(name))
  if (missing.length > 0) {
    for (const { id, name } of await run(sql.insertAuthors, [missing])) ids.set(name, id)
  }
  const [book] = await run(sql.insertBook, [
    body.title, body.subtitle, body.isbn, body.published, body.publisher, body.language, body.page_count,
    body.description, body.series, body.series_position, body.subjects, body.cover_url, body.identifiers
  ])
  await run(sql.insertContributions, [book.id, names.map((name) => ids.get(name))])
  book.authors = names.map((name) => ({ id: ids.get(name), name, role: 'author', credited_as: null }))
  return book
}
