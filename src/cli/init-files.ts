/** What `init` writes: a configuration for an invented shop, to be changed into one's own. */
import { configJsonSchema } from '../config/json-schema.ts'

export const CONFIG_FILE = 'sink.yaml'
const SCHEMA_FILE = 'sink.schema.json'
const EVENT_FILE = 'schemas/com.shop.users.UserRegistered.avsc'

/** Contents by paths below the directory, in the order in which a person reads them. */
export function initFiles(): ReadonlyMap<string, string> {
  return new Map([
    [CONFIG_FILE, config],
    ['sink.test.yaml', tests],
    [EVENT_FILE, event],
    [SCHEMA_FILE, `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ])
}

const config = `# yaml-language-server: $schema=./${SCHEMA_FILE}
#
# What mytracker-sink delivers, from where, and how. Change what is marked "yours"; every key that is not here has a default.
# Values like \${NAME} or \${NAME:-default} come from the environment. Every secret x can stand in a file instead: xFile: PATH.

kafka:
  brokers: ["\${KAFKA_BROKER:-localhost:9092}"]                 # yours
  # The consumer group. The retry and dead-letter topics are named after it: choose it once.
  groupId: mytracker-sink                                      # yours
  topics: [shop.users]                                         # yours
  # Where a new group begins: earliest, latest, or an ISO time like 2026-01-31T00:00:00Z.
  startFrom: latest

schemaRegistry:
  url: \${SCHEMA_REGISTRY_URL:-http://localhost:8081}           # yours
  # How producers name subjects; for check --online, explain and test only: topic, record or topic-record.
  subjects: topic

tracker:
  # The stand-in that "mytracker-sink simulate" starts. The tracker itself is https://tracker-s2s.my.com.
  endpoint: \${TRACKER_ENDPOINT:-http://localhost:8090}
  apps:
    # The names are yours to choose; ids and S2S tokens are the tracker's.
    - name: shop-android
      idApp: 666
      token: \${SHOP_ANDROID_TOKEN:-change-me-android}
    - name: shop-ios
      idApp: 667
      token: \${SHOP_IOS_TOKEN:-change-me-ios}

# From events to the tracker's parameters; the first mapping that is for a record is taken. sink.test.yaml tests them.
# The canonical records mytracker.Registration, mytracker.Login and mytracker.CustomEvent need none.
mappings:
  - record: com.shop.users.UserRegistered                      # yours: the Avro full name
    # Only these; a record that no mapping is for is skipped.
    when: { field: platform, in: [ANDROID, IOS] }
    app: { field: platform, cases: { ANDROID: shop-android, IOS: shop-ios } }
    method: registration                                       # registration, login or customEvent
    params:
      # The tracker's parameter on the left, a path into the event on the right.
      customUserId: userId
      eventTimestamp: occurredAt
      idGender: { field: profile.gender, cases: { MALE: 1, FEMALE: 2 } }
      ipv4: clientIp

# What becomes of a record without a mapping: dead-letter or skip.
unmapped: dead-letter
# What becomes of an optional parameter that breaks a rule of the tracker: drop or reject (the whole record).
invalidParams: drop
`

const tests = `# Tests of the mappings in ${CONFIG_FILE}: an event, and the hit that it must become.
# Run them with: mytracker-sink test --config ${CONFIG_FILE}
tests:
  - name: a registration on Android, with all that is known
    schema: { file: ${EVENT_FILE} }
    event:
      userId: u-1
      occurredAt: 2026-01-31T12:00:00Z
      platform: ANDROID
      profile: { gender: FEMALE }
      clientIp: 192.0.2.7
    hit:
      app: shop-android
      method: registration
      params: { customUserId: u-1, eventTimestamp: 1769860800, idGender: 2, ipv4: 192.0.2.7 }

  - name: an address that is none is left out
    schema: { file: ${EVENT_FILE} }
    event: { userId: u-2, occurredAt: 2026-01-31T12:00:00Z, platform: IOS, clientIp: unknown }
    hit:
      app: shop-ios
      method: registration
      params: { customUserId: u-2, eventTimestamp: 1769860800 }

  - name: other platforms are left out
    schema: { file: ${EVENT_FILE} }
    event: { userId: u-3, occurredAt: 2026-01-31T12:00:00Z, platform: WEB }
    skip: filtered
`

const event = `{
  "type": "record",
  "name": "UserRegistered",
  "namespace": "com.shop.users",
  "fields": [
    { "name": "userId", "type": "string" },
    { "name": "occurredAt", "type": { "type": "long", "logicalType": "timestamp-millis" } },
    { "name": "platform", "type": { "type": "enum", "name": "Platform", "symbols": ["ANDROID", "IOS", "WEB"] } },
    {
      "name": "profile",
      "type": [
        "null",
        {
          "type": "record",
          "name": "Profile",
          "fields": [{ "name": "gender", "type": { "type": "enum", "name": "Gender", "symbols": ["UNKNOWN", "MALE", "FEMALE"] } }]
        }
      ],
      "default": null
    },
    { "name": "clientIp", "type": ["null", "string"], "default": null }
  ]
}
`
