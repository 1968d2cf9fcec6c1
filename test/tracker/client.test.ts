import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { Hit, Route } from '../../src/core/hit.ts'
import type { Answer } from '../../src/core/outcome.ts'
import type { TrackerClient, TrackerClientOptions } from '../../src/tracker/client.ts'
import { createTrackerClient } from '../../src/tracker/client.ts'
import { serialiseHit } from '../../src/tracker/request.ts'
import { addressOf, oddServer } from './odd-server.ts'

const route: Route = { app: 'shop', method: 'registration' }
const hit: Hit = serialiseHit(route, { customUserId: 'ю😀' })

const clientOf = (context: TestContext, endpoint: string, options: Partial<TrackerClientOptions> = {}): TrackerClient => {
  const apps = [{ name: 'shop', idApp: 666, token: () => 't0ken' }]
  const client = createTrackerClient({ endpoint, timeoutMs: 5_000, connections: 1, apps, ...options })
  context.after(() => client.destroy())
  return client
}

const verdict = (answer: Answer): string => ('reason' in answer ? `${answer.kind} ${answer.reason}` : answer.kind)

/** Milliseconds that an attempt took, and its answer. */
const timed = async (attempt: Promise<Answer>): Promise<[Answer, number]> => {
  const start = performance.now()
  return [await attempt, performance.now() - start]
}

const timeoutMs = 400
/** Generous: a timer counts from the turn of the event loop it was set in, and the machine may be busy; a deadline that does not hold never ends at all. */
const assertDeadline = (elapsedMs: number) => assert.ok(elapsedMs >= timeoutMs - 25 && elapsedMs < 2_000, `${elapsedMs} ms`)

const until = async (holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + 5_000
  while (!holds()) {
    assert.ok(performance.now() < deadline, 'never came to hold')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('a request is what the documentation asks for', async (context) => {
  const server = await oddServer(context, (_, response) => response.end('{"message": "ОK"}'))
  const client = clientOf(context, `${server.endpoint}/proxy/`)
  assert.deepEqual(await client.send(route, [hit]), { kind: 'delivered' })
  assert.deepEqual(await client.send({ app: 'shop', method: 'customEvent' }, [hit, hit]), { kind: 'delivered' })
  const [single, batch] = server.received
  assert.ok(single !== undefined && batch !== undefined)
  assert.equal(`${single.method} ${single.url}`, 'POST /proxy/v1/registration/?idApp=666')
  assert.equal(single.headers.authorization, 't0ken')
  assert.equal(single.headers['content-type'], 'application/json')
  assert.equal(single.headers['content-length'], String(hit.bytes))
  assert.equal(single.body, hit.json)
  assert.equal(batch.url, '/proxy/v1/customEventBatch/?idApp=666')
  assert.deepEqual(JSON.parse(batch.body), [{ customUserId: 'ю😀' }, { customUserId: 'ю😀' }])
})

test('a token that changes is used from the next request on', async (context) => {
  const server = await oddServer(context, (_, response) => response.end())
  let token = 'old'
  const client = clientOf(context, server.endpoint, { apps: [{ name: 'shop', idApp: 1, token: () => token }] })
  await client.send(route, [hit])
  token = 'new'
  await client.send(route, [hit])
  token = 'two\r\nlines'
  assert.equal(verdict(await client.send(route, [hit])), 'halt forbidden')
  token = ''
  assert.equal(verdict(await client.send(route, [hit])), 'halt forbidden')
  assert.deepEqual(
    server.received.map(({ headers }) => headers.authorization),
    ['old', 'new'],
  )
})

test('a connection is used again after 200, 400, 429 and 500, with bodies of any kind', async (context) => {
  const answers: [number, string][] = [
    [200, '{"message": "OK"}'],
    [500, '<html>Internal Server Error</html>'],
    [400, '{"error": "Bad Request"}'],
    [200, 'x'.repeat(60_000)],
    [429, ''],
    [503, 'x'.repeat(60_000)],
    [200, ''],
  ]
  const server = await oddServer(context, (_, response, nth) => {
    const [status, body] = answers[nth - 1] ?? [599, '']
    response.writeHead(status, { 'retry-after': '7' }).end(body)
  })
  const client = clientOf(context, server.endpoint)
  const verdicts: string[] = []
  for (const _ of answers) verdicts.push(verdict(await client.send(route, [hit])))
  const expected = ['delivered', 'retry unavailable', 'reject rejected', 'delivered', 'pace', 'retry unavailable', 'delivered']
  assert.deepEqual(verdicts, expected)
  assert.equal(server.sockets.length, 1)
})

test('Retry-After is handed on', async (context) => {
  const server = await oddServer(context, (_, response) => response.writeHead(429, { 'Retry-After': '7' }).end())
  assert.deepEqual(await clientOf(context, server.endpoint).send(route, [hit]), {
    kind: 'pace',
    afterMs: 7_000,
    detail: '429: too many requests',
  })
})

test('a redirect is an answer, not a way', async (context) => {
  const server = await oddServer(context, (_, response) => response.writeHead(307, { location: '/elsewhere' }).end())
  assert.equal(verdict(await clientOf(context, server.endpoint).send(route, [hit])), 'halt misconfigured')
  assert.equal(server.received.length, 1)
})

test('the body of a redirect is read, so that its connection is used again', async (context) => {
  const server = await oddServer(context, (_, response) => {
    response.writeHead(302, { location: 'http://elsewhere.test/' }).end('x'.repeat(60_000))
  })
  const client = clientOf(context, server.endpoint)
  for (const _ of [1, 2, 3]) assert.equal(verdict(await client.send(route, [hit])), 'halt misconfigured')
  assert.equal(server.received.length, 3)
  assert.equal(server.sockets.length, 1)
})

test('an announcement (1xx) before the answer changes nothing', async (context) => {
  const server = await oddServer(context, (_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.writeHead(200).end('{}')
  })
  assert.equal(verdict(await clientOf(context, server.endpoint).send(route, [hit])), 'delivered')
})

test('an announcement (1xx) is no answer by itself', async (context) => {
  const server = await oddServer(context, ({ socket }, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => socket.destroy())
  })
  assert.equal(verdict(await clientOf(context, server.endpoint).send(route, [hit])), 'retry unavailable')
})

test('a server that never answers is given up at the deadline, and the next request gets a connection', async (context) => {
  const server = await oddServer(context, (_, response, nth) => {
    if (nth > 1) response.end()
  })
  const client = clientOf(context, server.endpoint, { timeoutMs })
  const [answer, elapsedMs] = await timed(client.send(route, [hit]))
  assert.deepEqual(answer, { kind: 'retry', reason: 'unavailable', detail: 'timed out after 400 ms waiting for the answer' })
  assertDeadline(elapsedMs)
  assert.equal(verdict(await client.send(route, [hit])), 'delivered')
})

test('headers that drip are given up at the deadline', async (context) => {
  const server = await oddServer(context, ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const drip = setInterval(() => socket.write('x-drip: 1\r\n'), 10)
    socket.on('close', () => clearInterval(drip))
  })
  const [answer, elapsedMs] = await timed(clientOf(context, server.endpoint, { timeoutMs }).send(route, [hit]))
  assert.equal(verdict(answer), 'retry unavailable')
  assertDeadline(elapsedMs)
})

for (const [status, expected] of [
  [200, 'delivered'],
  [400, 'retry corrupted'],
  [403, 'halt forbidden'],
  [500, 'retry unavailable'],
] as const) {
  test(`a ${status} whose body drips past the deadline is judged by its status`, async (context) => {
    const server = await oddServer(context, (_, response) => {
      response.writeHead(status).write('{"error": "Bad Req')
      const drip = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(drip))
    })
    const [answer, elapsedMs] = await timed(clientOf(context, server.endpoint, { timeoutMs }).send(route, [hit]))
    assert.equal(verdict(answer), expected)
    assertDeadline(elapsedMs)
  })

  test(`a ${status} whose body breaks off is judged by its status`, async (context) => {
    const server = await oddServer(context, (_, response) => {
      response.writeHead(status, { 'content-length': '1000' })
      response.write('{"error": "Bad Req', () => response.destroy())
    })
    assert.equal(verdict(await clientOf(context, server.endpoint).send(route, [hit])), expected)
  })

  test(`a ${status} whose body has no end is read up to a bound and judged by its status`, async (context) => {
    const block = Buffer.alloc(65_536, 0x20)
    const server = await oddServer(context, (_, response) => {
      response.writeHead(status)
      const pour = () => {
        while (!response.destroyed && response.write(block));
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    })
    const client = clientOf(context, server.endpoint)
    const [answer, elapsedMs] = await timed(client.send(route, [hit]))
    assert.equal(verdict(answer), expected)
    assert.ok(elapsedMs < 4_000, 'the bound on the body ends it, not the deadline')
    const [socket] = server.sockets
    assert.ok(socket !== undefined)
    await until(() => socket.destroyed)
    assert.equal(server.received.length, 1)
  })
}

test('a connection that breaks before the answer is tried again by whoever asked, never in here', async (context) => {
  const server = await oddServer(context, ({ socket }, _, nth) => {
    if (nth === 1) socket.resetAndDestroy()
    else socket.destroy()
  })
  const client = clientOf(context, server.endpoint)
  assert.deepEqual(await client.send(route, [hit]), {
    kind: 'retry',
    reason: 'unavailable',
    detail: 'no answer: connection reset (ECONNRESET)',
  })
  assert.equal(verdict(await client.send(route, [hit])), 'retry unavailable')
  assert.equal(server.received.length, 2)
})

test('what is no HTTP is no answer', async (context) => {
  const server = await oddServer(context, ({ socket }) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))
  assert.equal(verdict(await clientOf(context, server.endpoint).send(route, [hit])), 'retry unavailable')
})

test('a refused connection is no answer', async (context) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://${addressOf(server)}`
  server.close()
  await once(server, 'close')
  assert.deepEqual(await clientOf(context, endpoint).send(route, [hit]), {
    kind: 'retry',
    reason: 'unavailable',
    detail: 'no answer: connection refused (ECONNREFUSED)',
  })
})

test('a TLS handshake that never ends is given up at the deadline', async (context) => {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const client = clientOf(context, `https://${addressOf(server)}`, { timeoutMs })
  const [answer, elapsedMs] = await timed(client.send(route, [hit]))
  assert.deepEqual(answer, { kind: 'retry', reason: 'unavailable', detail: 'timed out after 400 ms waiting for a connection' })
  assertDeadline(elapsedMs)
})

test('no more sockets than connections, and every request is answered', async (context) => {
  const server = await oddServer(context, (_, response) => setImmediate(() => response.end()))
  const client = clientOf(context, server.endpoint, { connections: 3 })
  const answers = await Promise.all(Array.from({ length: 60 }, () => client.send(route, [hit])))
  assert.ok(answers.every(({ kind }) => kind === 'delivered'))
  assert.ok(server.sockets.length <= 3, String(server.sockets.length))
})

test('close waits for what is under way; destroy gives it up; both may be called again', async (context) => {
  const held: (() => void)[] = []
  const server = await oddServer(context, (_, response) => void held.push(() => response.end()))
  const client = clientOf(context, server.endpoint)
  const sent = client.send(route, [hit])
  await until(() => held.length === 1)
  const closed = client.close()
  assert.equal(verdict(await client.send(route, [hit])), 'retry unavailable')
  held[0]?.()
  assert.equal(verdict(await sent), 'delivered')
  await closed

  const other = clientOf(context, server.endpoint)
  const lost = [other.send(route, [hit]), other.send(route, [hit])]
  await until(() => held.length === 2)
  await other.destroy()
  assert.deepEqual((await Promise.all(lost)).map(verdict), ['retry unavailable', 'retry unavailable'])
  await other.destroy()
  await other.close()
})

test('bugs and bad settings throw', (context) => {
  const client = clientOf(context, 'http://127.0.0.1:9')
  assert.throws(() => client.send({ app: 'nobody', method: 'login' }, [hit]), RangeError)
  assert.throws(() => client.send(route, []), RangeError)
  for (const endpoint of ['ftp://h', 'http://h/?a=1', 'http://h/#a', 'http://u:p@h/', 'tracker']) {
    assert.throws(() => clientOf(context, endpoint), TypeError, endpoint)
  }
})
