// express-idempotency, as a middleware, with its own store or its adapter for Redis; failures are reported where it is configured.
'use strict'
const express = require('express')
const idempotency = require('express-idempotency')
const { routes, listen } = require('./express_shop')

async function main() {
  const options = {}
  if (process.env.STORE === 'Redis') {
    const Adapter = require('express-idempotency-redis-adapter').default
    options.dataAdapter = new Adapter({ connectionConfig: { url: process.env.REDIS_URL } })
    await options.dataAdapter.connect()
  }
  const app = express()
  app.use(express.json())
  app.use(idempotency.idempotency(options))
  routes(app, (request) => idempotency.getSharedIdempotencyService().isHit(request))
  if (process.env.SCOPE === 'configured') {
    app.use(async (error, request, response, next) => {
      await idempotency.getSharedIdempotencyService().reportError(request)
      next(error)
    })
  }
  listen(app)
}

main()
