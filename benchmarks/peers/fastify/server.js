// Two worker processes behind one port.

import cluster from 'node:cluster'

import { build } from './app.js'

const WORKERS = 2

if (cluster.isPrimary) {
  for (let i = 0; i < WORKERS; i++) cluster.fork()
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => Object.values(cluster.workers).forEach((worker) => worker.process.kill(signal)))
  }
} else {
  const app = build({ connectionString: process.env.DATABASE_URL, connections: Number(process.env.POOL ?? 8) })
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await app.close()
      process.exit()
    })
  }
  await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
}
