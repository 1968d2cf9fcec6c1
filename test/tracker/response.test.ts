import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AttemptTimeout, answerOf, answerOfError } from '../../src/tracker/response.ts'

// Away from Greenwich, so that a date read as local time shows.
process.env.TZ = 'Asia/Tokyo'

const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const html = '<html>secret-payload</html>'

/** Kind and reason in one word. */
const verdict = (status: number, body = html): string => {
  const answer = answerOf(status, body, undefined, now)
  return 'reason' in answer ? `${answer.kind} ${answer.reason}` : answer.kind
}

test('200 is delivered, whatever the text', () => {
  for (const body of ['', '{"message": "OK"}', '{"message": "ОK"}', '{"error": "Bad Request"}', html])
    assert.equal(verdict(200, body), 'delivered')
})

test('a 400 is read by its error word', () => {
  const words: [string, string][] = [
    ['{"error": "Bad Request"}', 'reject rejected'],
    ['{"error":"Bad Request","more":[1]}\r\n', 'reject rejected'],
    ['{"error": "Empty post data"}', 'retry corrupted'],
    ['{"error": "Bad json"}', 'retry corrupted'],
    ['{"error": "Bad api version"}', 'halt misconfigured'],
    ['{"error": "Something new"}', 'retry corrupted'],
    ['{"error": ["Bad Request"]}', 'retry corrupted'],
    ['{"message": "Bad Request"}', 'retry corrupted'],
    ['Bad Request', 'retry corrupted'],
    ['<html><h1>400 Bad Request</h1></html>', 'retry corrupted'],
    ['{"error": "Bad Req', 'retry corrupted'],
    ['null', 'retry corrupted'],
    ['[]', 'retry corrupted'],
    ['', 'retry corrupted'],
  ]
  for (const [body, expected] of words) assert.equal(verdict(400, body), expected, body)
})

test('every status that HTTP has is classified, and only 200 is a success', () => {
  for (let status = 201; status < 600; status++) {
    const expected =
      { 400: 'retry corrupted', 401: 'halt forbidden', 403: 'halt forbidden', 408: 'retry unavailable', 413: 'reject too-large' }[
        status
      ] ??
      { 425: 'retry unavailable', 429: 'pace' }[status] ??
      (status >= 500 ? 'retry unavailable' : 'halt misconfigured')
    assert.equal(verdict(status), expected, String(status))
  }
})

test('the error word counts with status 400 alone', () => {
  for (const status of [403, 404, 500, 302]) assert.equal(verdict(status, '{"error": "Bad Request"}'), verdict(status))
})

test('a detail names the status and nothing of the body', () => {
  for (let status = 201; status < 600; status++) {
    const answer = answerOf(status, '{"error": "secret-payload"}', undefined, now)
    assert.ok('detail' in answer)
    assert.match(answer.detail, new RegExp(String(status)))
    assert.doesNotMatch(answer.detail, /secret-payload/)
  }
})

test('Retry-After slows by seconds or until a date, from one second to ten minutes', () => {
  const paces: [string | undefined, number][] = [
    [undefined, 1_000],
    ['', 1_000],
    ['0', 1_000],
    ['1', 1_000],
    ['2', 2_000],
    [' 30 ', 30_000],
    ['600', 600_000],
    ['601', 600_000],
    ['99999999999999999999999', 600_000],
    ['-5', 1_000],
    ['1.5', 1_000],
    ['soon', 1_000],
    ['2026-01-02T03:05:05Z', 1_000],
    ['Fri, 02 Jan 2026 03:04:35 GMT', 30_000],
    ['Friday, 02-Jan-26 03:04:35 GMT', 30_000],
    ['Fri Jan  2 03:04:35 2026', 30_000],
    ['Fri, 02 Jan 2026 03:14:05 GMT', 600_000],
    ['Fri, 02 Jan 2026 03:14:06 GMT', 600_000],
    ['Fri, 02 Jan 2026 03:04:04 GMT', 1_000],
    ['Friday', 1_000],
  ]
  for (const [header, afterMs] of paces) {
    assert.deepEqual(answerOf(429, '', header, now), { kind: 'pace', afterMs, detail: '429: too many requests' }, header)
  }
})

const coded = (code: string) => Object.assign(new Error('secret-payload'), { code })

test('what the network does is tried again', () => {
  const codes = [
    'ECONNREFUSED',
    'ECONNRESET',
    'UND_ERR_SOCKET',
    'UND_ERR_CONNECT_TIMEOUT',
    'HPE_INVALID_CONSTANT',
    'CERT_HAS_EXPIRED',
  ]
  for (const code of [...codes, 'UND_ERR_DESTROYED', 'ESOMETHINGNEW']) {
    const answer = answerOfError(coded(code))
    assert.ok(answer.kind === 'retry' && answer.reason === 'unavailable', code)
    assert.match(answer.detail, new RegExp(code))
    assert.doesNotMatch(answer.detail, /secret-payload/)
  }
})

test('a time-out says what was waited for', () => {
  const detail = 'timed out after 150 ms waiting for the answer'
  assert.deepEqual(answerOfError(new AttemptTimeout(150, 'answer')), { kind: 'retry', reason: 'unavailable', detail })
})

test('what nobody classified halts: it is neither the record’s fault nor the network’s', () => {
  for (const error of [
    new TypeError('secret-payload'),
    coded('UND_ERR_INVALID_ARG'),
    coded('ERR_ASSERTION'),
    'text',
    undefined,
  ]) {
    const answer = answerOfError(error)
    assert.ok(answer.kind === 'halt' && answer.reason === 'misconfigured')
    assert.doesNotMatch(answer.detail, /secret-payload/)
  }
})
