// @node-idempotency/core, called before and after the handler as its documentation shows it.
'use strict'
const express = require('express')
const { Idempotency } = require('@node-idempotency/core')
const { routes, listen } = require('./express_shop')

const STATUSES = { REQUEST_IN_PROGRESS: 409, IDEMPOTENCY_FINGERPRINT_MISSMATCH: 422 }

async function storage() {
  if (process.env.STORE === 'Redis') {
    const { RedisStorageAdapter } = require('@node-idempotency/storage-adapter-redis')
    const adapter = new RedisStorageAdapter({ url: process.env.REDIS_URL })
    await adapter.connect()
    return adapter
  }
  const { MemoryStorageAdapter } = require('@node-idempotency/storage-adapter-memory')
  return new MemoryStorageAdapter()
}

function around(idempotency) {
  return async (request, response, next) => {
    const { method, headers, body, path } = request
    const prefix = `shop:${headers.authorization}`
    const options = process.env.SCOPE === 'configured' ? { cacheKeyPrefix: prefix } : {}
    const asked = { method, headers, body, path, options }
    try {
      const stored = await idempotency.onRequest(asked)
      if (stored) return response.status(stored.additional.status).json(stored.body)
    } catch (error) {
      return response.status(STATUSES[error.code] || 400).json({ code: error.code })
    }
    const json = response.json.bind(response)
    response.json = (answer) => {
      idempotency.onResponse(asked, { body: answer, additional: { status: response.statusCode } }).then(() => json(answer))
      return response
    }
    next()
  }
}

async function main() {
  const app = express()
  app.use(express.json())
  app.post('/charges', around(new Idempotency(await storage())))
  routes(app)
  app.use((error, request, response, next) => response.status(500).json({ code: 'failed' }))
  listen(app)
}

main()
