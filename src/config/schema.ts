import { z } from 'zod'
import {
  bytes,
  choice,
  complaint,
  duration,
  filePath,
  flag,
  isMapping,
  list,
  namedDuration,
  secret,
  section,
  text,
  url,
  whole,
} from './fields.ts'
import { mappingSchema } from './mapping-schema.ts'
import { didYouMean } from './nearest.ts'

/*
 * Everything an operator can write: kinds of value, bounds, defaults and descriptions, in one place.
 * Durations are written with a unit and parse to milliseconds; sizes are whole numbers of bytes.
 */

const required = (...keys: string[]) => `write its keys under it; required are ${keys.join(', ')}`

const topicName = () =>
  text("a topic's name: letters, digits, dot, dash and underscore, at most 249", /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/)

const startWords = complaint('write earliest, latest or an ISO time with its zone, like 2026-01-31T00:00:00Z')
const isStart = (input: string) =>
  ['earliest', 'latest'].includes(input) || z.iso.datetime({ offset: true }).safeParse(input).success
const startFrom = z
  .string({ error: startWords })
  .refine(isStart, { error: startWords })
  .meta({ pattern: '^(earliest|latest|\\d{4}-\\d{2}-\\d{2}T.+)$' })
  .transform((input) => (input === 'earliest' || input === 'latest' ? input : Date.parse(input)))

const ssl = z.union(
  [
    flag(),
    section({
      caFile: filePath()
        .exactOptional()
        .describe(
          'Certificate authority that signed the certificates of the brokers, PEM; read anew for each connection, as all certificates are.',
        ),
      certFile: filePath().exactOptional().describe('Certificate that the service shows to the brokers, PEM; with keyFile.'),
      keyFile: filePath().exactOptional().describe('Private key of that certificate, PEM.'),
    }),
  ],
  { error: complaint('write true, false or { caFile: …, certFile: …, keyFile: … }') },
)

const password = {
  password: secret().exactOptional().describe('Secret; or passwordFile.'),
  passwordFile: filePath().exactOptional().describe('File that holds the password; read again when it changes.'),
}

const mechanismNames = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']
const mechanisms = 'plain, scram-sha-256, scram-sha-512 or oauthbearer'

/** zod gives the whole mapping where it is its mechanism that is wrong. */
function saslComplaint({ input }: { readonly input?: unknown }): string {
  if (!isMapping(input)) return complaint('write { mechanism: …, username: …, passwordFile: … }')({ input })
  return complaint(`write ${mechanisms}`)({ input: input.mechanism }) + didYouMean(input.mechanism, mechanismNames)
}

const sasl = z.discriminatedUnion(
  'mechanism',
  [
    section({
      mechanism: choice(['plain', 'scram-sha-256', 'scram-sha-512']).describe(`How the service proves who it is: ${mechanisms}.`),
      username: text('a user name').describe('Name of the user at the brokers.'),
      ...password,
    }),
    section({
      mechanism: z.literal('oauthbearer').describe('Tokens fetched from tokenEndpoint.'),
      tokenEndpoint: url('https://auth.example.com/token').describe('Where tokens are fetched.'),
      clientId: text('a client id').describe('Name of the client there.'),
      clientSecret: secret().exactOptional().describe('Secret; or clientSecretFile.'),
      clientSecretFile: filePath().exactOptional().describe('File that holds the client secret; read again when it changes.'),
      scope: text('a scope').exactOptional().describe('Scope that is asked for.'),
      caFile: filePath().exactOptional().describe("Certificate authority of the token endpoint's certificate, PEM."),
    }),
  ],
  { error: saslComplaint },
)

const kafka = section(
  {
    brokers: list(text('host:port', /^(\[[0-9A-Fa-f:.]+\]|[^\s:/,]+):\d{1,5}$/), 'brokers, each host:port', {
      min: 1,
      max: 100,
    }).describe('Brokers to ask first, each host:port.'),
    groupId: text('letters, digits, dot, dash and underscore, at most 200', /^[A-Za-z0-9._-]{1,200}$/).describe(
      'Consumer group; the names of the retry and dead-letter topics begin with it.',
    ),
    topics: list(topicName(), 'topics', { min: 1, max: 1000 }).describe('Topics to deliver.'),
    startFrom: startFrom.describe(
      'Where a group without any commit begins: earliest, latest or an ISO time. A partition or topic added later is read from its start.',
    ),
    clientId: text('a name').exactOptional().describe('Name that the brokers log; default: groupId.'),
    ssl: ssl.prefault(false).describe('Encrypted connections: true, false, or the files to use.'),
    sasl: sasl.exactOptional().describe('How the service proves to the brokers who it is.'),
    sessionTimeout: duration({ min: '1s', max: '30m' })
      .prefault('30s')
      .describe('Silence after which the group takes a member for dead.'),
    rebalanceTimeout: duration({ min: '1s', max: '1h' })
      .prefault('60s')
      .describe('How long the group waits for a member to rejoin.'),
    maxBytesPerPartition: bytes({ min: 1024, max: 1_073_741_824 })
      .prefault(262_144)
      .describe('Bytes of one partition in one fetch.'),
    maxBytesPerFetch: bytes({ min: 1024, max: 1_073_741_824 }).prefault(2_097_152).describe('Bytes of one fetch.'),
  },
  required('brokers', 'groupId', 'topics', 'startFrom'),
)

const schemaRegistry = section(
  {
    url: url('http://localhost:8081').describe('Where the registry answers.'),
    username: text('a user name').exactOptional().describe('User at the registry; with password or passwordFile.'),
    ...password,
    bearerToken: secret().exactOptional().describe('Secret, instead of username and password; or bearerTokenFile.'),
    bearerTokenFile: filePath().exactOptional().describe('File that holds the bearer token; read again when it changes.'),
    caFile: filePath().exactOptional().describe("Certificate authority of the registry's certificate, PEM."),
    subjects: choice(['topic', 'record', 'topic-record'])
      .prefault('topic')
      .describe('How subjects are named, for `check --online` and `explain` only: {topic}-value, {record}, or {topic}-{record}.'),
  },
  required('url'),
)

const app = section(
  {
    name: text('a name of your choice for the app').describe('What mappings, canonical records, logs and metrics call it.'),
    idApp: whole({ min: 1, max: 2_147_483_647 }).describe("The app's id at the tracker."),
    token: secret().exactOptional().describe('Secret: the S2S token of the app; or tokenFile.'),
    tokenFile: filePath().exactOptional().describe('File that holds the token; read again when it changes.'),
    vkMiniApp: flag().prefault(false).describe('Whether the app is a VK Mini App, for which other parameters are required.'),
  },
  required('name', 'idApp', 'token or tokenFile'),
)

const tracker = section(
  {
    endpoint: url('https://tracker-s2s.my.com').describe('Where the tracker answers.'),
    timeout: duration({ min: '100ms', max: '5m' })
      .prefault('10s')
      .describe('Of one attempt: queue, connect, headers and body together.'),
    caFile: filePath().exactOptional().describe("Certificate authority of a proxy's certificate, PEM."),
    apps: list(app, 'apps, each { name: …, idApp: …, tokenFile: … }', { min: 1, max: 1000 }).describe(
      'The apps that hits belong to.',
    ),
  },
  required('endpoint', 'apps'),
)

const batch = section({
  maxEvents: whole({ min: 1, max: 20 }).prefault(20).describe('Events in one request; the tracker takes at most 20.'),
  maxBytes: bytes({ min: 200, max: 10_000 })
    .prefault(10_000)
    .describe("Bytes of one request's body; the tracker takes at most 10000."),
  linger: duration({ min: '0ms', max: '1m' }).prefault('250ms').describe('How long the first event of a batch waits for others.'),
})

const delivery = section({
  ordering: choice(['key', 'none'])
    .prefault('key')
    .describe(
      'key: no record is sent before every earlier one of its topic, partition and key has an outcome; none: as they come.',
    ),
  maxInFlight: whole({ min: 1, max: 10_000 })
    .prefault(64)
    .describe('Requests under way, whole process; the adaptive limit moves below it.'),
  maxInFlightPerPartition: whole({ min: 1, max: 10_000 })
    .prefault(8)
    .describe("Requests under way for one partition; 1 keeps the partition's own order."),
  requestsPerSecond: z
    .number({ error: complaint('write a number of requests per second, or 0 for no limit') })
    .min(0, { error: complaint('write 0 or more requests per second') })
    .prefault(0)
    .describe('Requests per second of this replica; 0: no fixed limit.'),
  windowEvents: whole({ min: 1, max: 1_000_000 }).prefault(2000).describe('Open records of one partition.'),
  windowBytes: bytes({ min: 65_536, max: 17_179_869_184 })
    .prefault(33_554_432)
    .describe('Bytes of open records, whole process, retries included: raw record plus serialised hit.'),
  commitInterval: duration({ min: '10ms', max: '1m' }).prefault('250ms').describe('Time between two commits of offsets.'),
  drainTimeout: duration({ min: '100ms', max: '10m' })
    .prefault('20s')
    .describe('How long leaving waits for requests under way; keep it below the grace period of whoever stops the process.'),
})

const off = z.literal('off', { error: complaint('write off') })

const breaker = z.union(
  [
    off,
    section({
      failures: whole({ min: 1, max: 1000 })
        .prefault(10)
        .describe('Failures in a row, over all partitions, that mean the tracker is down.'),
      probeAfter: duration({ min: '100ms', max: '1m' })
        .prefault('5s')
        .describe('Wait before one request tries again; doubles up to a minute.'),
    }),
  ],
  { error: complaint('write off or { failures: …, probeAfter: … }') },
)

const retry = section({
  inPlace: section({
    attempts: whole({ min: 1, max: 100 }).prefault(4).describe('Attempts before a record is parked, the first one included.'),
    delay: duration({ min: '1ms', max: '1m' })
      .prefault('250ms')
      .describe('Longest wait before the second attempt; doubles with each one.'),
    maxDelay: duration({ min: '1ms', max: '10m' }).prefault('5s').describe('Longest wait before any attempt.'),
  })
    .prefault({})
    .describe('Attempts while the record holds its place in the partition.'),
  tiers: list(namedDuration({ min: '100ms', max: '7d' }), 'durations', { min: 1, max: 10 })
    .prefault(['30s', '5m', '30m'])
    .describe('Waits of a parked record, one retry topic each, rising; the last one repeats.'),
  giveUp: duration({ min: '1s', max: '365d' })
    .prefault('24h')
    .describe('After the first failure: the record becomes a dead letter.'),
  createTopics: flag().prefault(true).describe('Whether missing retry and dead-letter topics are made.'),
  partitions: whole({ min: 1, max: 10_000 })
    .exactOptional()
    .describe('Partitions of a topic that is made; default: the most any source topic has.'),
  replicationFactor: whole({ min: -1, max: 32_767 })
    .refine((value) => value !== 0, { error: complaint("write 1 or more copies, or -1 for the broker's default") })
    .prefault(-1)
    .describe("Copies of a topic that is made; -1: the broker's default."),
  retention: duration({ min: '1m', max: '3650d' })
    .prefault('7d')
    .describe('How long a retry topic that is made keeps its records.'),
})

const share = complaint('write off or a share above 0 and up to 1, like 0.5')
const deadLetters = section({
  brake: z
    .union([off, z.number({ error: share }).gt(0, { error: share }).max(1, { error: share })], { error: share })
    .prefault(0.5)
    .describe("Hold when more than this share of a topic's last 1000 records (at least 200) would be dead letters; or off."),
  retention: duration({ min: '1m', max: '3650d' })
    .prefault('30d')
    .describe('How long a dead-letter topic that is made keeps its records.'),
})

const http = section({
  host: text('a host name or address').prefault('0.0.0.0').describe("Address that the operator's HTTP listens on."),
  port: whole({ min: 0, max: 65_535 }).prefault(8080).describe('Its port; 0: any free one.'),
})

const log = section({
  level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
    .prefault('info')
    .describe('The least important message that is logged.'),
})

/** The whole file as an operator writes it. What the program gets is `Config`, where secrets and files are bound. */
export const configSchema = section(
  {
    kafka: kafka.describe('The brokers, and what is read from them.'),
    schemaRegistry: schemaRegistry.describe('Where the schemas of the records are.'),
    tracker: tracker.describe('Where hits go.'),
    mappings: list(mappingSchema, 'mappings', { min: 0, max: 10_000 })
      .prefault([])
      .describe('What becomes of which record; the first match wins. Canonical records need none.'),
    unmapped: choice(['dead-letter', 'skip'])
      .prefault('dead-letter')
      .describe('What becomes of a record that no mapping matches.'),
    invalidParams: choice(['drop', 'reject'])
      .prefault('drop')
      .describe(
        'What becomes of an optional parameter that breaks a rule: it goes alone, or its hit is rejected. eventTimestamp never goes alone.',
      ),
    batch: batch.prefault({}).describe('How many events share a request.'),
    delivery: delivery.prefault({}).describe('How much is under way at once, and in which order.'),
    breaker: breaker.prefault({}).describe('When the tracker counts as down; or off.'),
    retry: retry.prefault({}).describe('What becomes of records that the tracker or the network failed.'),
    deadLetters: deadLetters.prefault({}).describe('Records that nothing else can become of.'),
    http: http.prefault({}).describe("The operator's HTTP: health, metrics, status."),
    log: log.prefault({}).describe('The log on standard output.'),
  },
  required('kafka', 'schemaRegistry', 'tracker'),
)

/** The file after types and defaults, before secrets and files are bound. */
export type Written = z.output<typeof configSchema>
