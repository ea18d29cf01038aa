// The schemas of requests and responses, by which Fastify validates and serializes.

const text = { type: 'string' }
const unknownText = { type: 'string', nullable: true }
const strings = { type: 'array', items: text }

// The members of a book that a client can write.
const scalars = {
  title: { type: 'string', minLength: 1, maxLength: 4000 },
  subtitle: unknownText,
  isbn: { type: 'string', nullable: true, pattern: '^97[89][0-9]{10}$' },
  published: unknownText,
  publisher: unknownText,
  language: unknownText,
  page_count: { type: 'integer', nullable: true, minimum: 1, maximum: 100000 },
  description: unknownText,
  series: unknownText,
  series_position: { type: 'number', nullable: true, minimum: 0, maximum: 100000 },
  subjects: { ...strings, maxItems: 200 },
  cover_url: unknownText,
  identifiers: { type: 'object', additionalProperties: strings }
}

const newBook = {
  type: 'object',
  required: ['title'],
  properties: {
    ...scalars,
    subjects: { ...scalars.subjects, default: [] },
    identifiers: { ...scalars.identifiers, default: {} },
    authors: {
      type: 'array',
      maxItems: 200,
      default: [],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string', minLength: 1, maxLength: 1000 } }
      }
    }
  }
}

const contributor = {
  type: 'object',
  properties: { id: { type: 'integer' }, name: text, role: text, credited_as: unknownText }
}

const book = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    ...scalars,
    authors: { type: 'array', items: contributor },
    created_at: { type: 'string', format: 'date-time' },
    updated_at: { type: 'string', format: 'date-time' }
  }
}

const page = {
  type: 'object',
  properties: {
    data: { type: 'array', items: book },
    meta: { type: 'object', properties: { count: { type: 'integer' }, limit: { type: 'integer' } } },
    links: { type: 'object', properties: { self: text, next: unknownText, prev: unknownText } }
  }
}

const integer = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }

const pageQuery = {
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 }, after: integer }
}

const byId = { type: 'object', properties: { id: integer } }

const byIsbn = { type: 'object', properties: { isbn: { type: 'string', pattern: '^[0-9]{13}$' } } }

// The schemas of each route.
export const listBooks = { querystring: pageQuery, response: { 200: page } }
export const getBook = { params: byId, response: { 200: book } }
export const getBookByIsbn = { params: byIsbn, response: { 200: book } }
export const createBook = { body: newBook, response: { 201: book } }
