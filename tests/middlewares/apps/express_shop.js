// The payments application on Express; both instances append to the same file.
'use strict'
const crypto = require('crypto')
const fs = require('fs')

const ACCOUNTS = { sk_alice: 'alice', sk_bob: 'bob' }
const TAKES = 100

function accountOf(request) {
  return ACCOUNTS[(request.get('authorization') || '').replace('Bearer ', '')]
}

function charge(account, { amount, currency }) {
  const made = { id: `ch_${crypto.randomUUID()}`, amount, currency }
  const book = fs.openSync(process.env.CHARGES, 'a')
  fs.writeSync(book, `${JSON.stringify({ account, ...made })}\n`)
  fs.fsyncSync(book)
  fs.closeSync(book)
  return made
}

function chargesOf(account) {
  if (!fs.existsSync(process.env.CHARGES)) return []
  const lines = fs.readFileSync(process.env.CHARGES, 'utf-8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line)).filter((entry) => entry.account === account)
    .map(({ id, amount, currency }) => ({ id, amount, currency }))
}

async function createCharge(request) {
  await new Promise((resolve) => setTimeout(resolve, TAKES))
  const made = charge(accountOf(request), request.body)
  if (request.get('x-fail') === 'after-effect') throw new Error('the money has moved, and now this')
  return made
}

// Adds the routes; `hit` says whether a package has answered already.
function routes(app, hit = () => false) {
  app.post('/charges', async (request, response, next) => {
    if (hit(request)) return
    if (!accountOf(request)) return response.status(401).json({ code: 'stranger' })
    try {
      response.status(201).json(await createCharge(request))
    } catch (error) {
      next(error)
    }
  })
  app.get('/charges', (request, response) => response.json({ data: chargesOf(accountOf(request)) }))
}

function listen(app) {
  app.listen(Number(process.env.PORT), '127.0.0.1')
}

module.exports = { routes, listen }
