/** Which proxy leads to an endpoint, by the usual environment variables. Pure. */
import { BlockList, isIP } from 'node:net'
import { StartError } from '../core/errors.ts'

/** Variables by name, as in `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>

export interface HttpProxy {
  /** `http:` or `https:`, host and port; without the credentials, so that it may be shown. */
  readonly origin: string
  /** The `Proxy-Authorization` header. A function, so that no log shows it. */
  readonly authorization: () => string | undefined
}

/**
 * `HTTPS_PROXY` for an https endpoint, `HTTP_PROXY` for an http one, unless `NO_PROXY` names its host. A lower-case name goes before its upper-case one,
 * even an empty one. An endpoint on this machine is never reached through a proxy: it would be another machine's.
 */
export const proxyOf = (endpoint: string, variables: Variables): HttpProxy | undefined => {
  const { protocol, hostname, port } = new URL(endpoint)
  const host = bare(hostname)
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const written = variable(variables, name).trim()
  if (written === '' || isLoopback(host)) return undefined
  const at = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  const exceptions = variable(variables, 'NO_PROXY').split(/[\s,]+/)
  return exceptions.some((exception) => covers(exception.toLowerCase(), host, at)) ? undefined : parse(name, written)
}

const variable = (variables: Variables, name: string): string => variables[name.toLowerCase()] ?? variables[name] ?? ''

/** The messages never show the address: it may hold a password. */
const parse = (name: string, written: string): HttpProxy => {
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(written) ? written : `http://${written}`
  if (!URL.canParse(text)) throw new StartError(`${name} is no address; write http://host:port`)
  const { protocol, host, username, password } = new URL(text)
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new StartError(`${name} names a proxy of a kind that is not spoken, ${protocol}//; write http://host:port`)
  }
  const authorization = username === '' ? undefined : basic(name, username, password)
  return { origin: `${protocol}//${host}`, authorization: () => authorization }
}

const basic = (name: string, username: string, password: string): string => {
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return `Basic ${Buffer.from(credentials).toString('base64')}`
  } catch {
    throw new StartError(`${name} holds a % in its user or password that begins no %XX; write %25 for it`)
  }
}

/** Whether an entry of `NO_PROXY` means this host: `*`, a name and all below it, `*.name` for those below alone, an address, a subnet; each with a port or without. */
const covers = (exception: string, host: string, port: number): boolean => {
  if (exception === '') return false
  const { name, only } = withoutPort(exception)
  if (only !== undefined && only !== port) return false
  if (name === '*' || name === host) return true
  if (name.includes('/')) return isInSubnet(name, host)
  if (isIP(name) !== 0) return false
  const below = name.replace(/^\*?\.?/, '').replace(/\.$/, '')
  if (below === '') return false
  return host.endsWith(`.${below}`) || (host === below && !name.startsWith('*'))
}

const withoutPort = (exception: string): { name: string; only?: number } => {
  const { bracketed, plain, port } = /^(?:\[(?<bracketed>.+)\]|(?<plain>[^:]+))(?::(?<port>\d+))?$/.exec(exception)?.groups ?? {}
  // An IPv6 address without brackets has colons of its own, and no port.
  const name = bracketed ?? plain ?? exception
  return port === undefined ? { name } : { name, only: Number(port) }
}

const isInSubnet = (subnet: string, host: string): boolean => {
  const [net = '', bits = ''] = subnet.split('/')
  const family = isIP(net)
  const isSound = family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
  if (!isSound || isIP(host) !== family) return false
  const list = new BlockList()
  list.addSubnet(net, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/** A host name as URLs show it, without an IPv6 address's brackets or the dot that ends a full name. */
const bare = (hostname: string): string => hostname.replace(/^\[(.+)\]$/, '$1').replace(/(.)\.$/, '$1')

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
