/**
 * Who may import whom. Folders named after what they talk to are strangers to each other;
 * they meet in service.ts (the composition root) and in the commands.
 */
const rooms = {
  core: [],
  config: ['core'],
  telemetry: ['core'],
  ops: ['core', 'telemetry'],
  tls: [],
  avro: ['core', 'tls'],
  tracker: ['core', 'tls'],
  kafka: ['core', 'tls'],
  pipeline: ['core'],
  'dead-letters': ['core'],
  check: ['core'],
  'mapping-test': ['core', 'config'],
  mapping: ['core', 'tracker'],
  // Not the tracker: its rules are written twice, so that one mistake cannot hide in both.
  simulator: ['core'],
  // The cluster of demo and tests speaks to the broker through the same repaired client as the service.
  stack: ['core', 'kafka'],
}

const strangers = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room}-imports-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
}))

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...strangers,
    {
      name: 'service-without-simulator-stack-cli',
      severity: 'error',
      from: { path: '^src/service\\.ts$' },
      to: { path: '^src/(simulator|stack|cli|shop)/' },
    },
    {
      name: 'only-the-stack-knows-docker',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/stack/' },
      to: { path: 'node_modules/testcontainers' },
    },
    {
      name: 'only-kafka-and-stack-know-kafkajs',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(kafka|stack)/' },
      to: { path: 'node_modules/kafkajs/' },
    },
    {
      name: 'only-the-demo-imports-the-shop',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli/demo\\.ts|shop/)' },
      to: { path: '^src/shop/' },
    },
    {
      name: 'only-main-imports-commands',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|cli/)' },
      to: { path: '^src/cli/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
