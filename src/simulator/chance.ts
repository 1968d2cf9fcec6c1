/** What a rule of a plan draws its numbers from. */
export interface Draws {
  readonly seed: number
  /** The rule's place in the plan. */
  readonly rule: number
  /** The request's number as this rule counts them. */
  readonly request: number
}

/** How long an answer takes, in milliseconds: always the same, or drawn anew for each request. */
export type Delay =
  | number
  | { readonly uniform: { readonly min: number; readonly max: number } }
  | { readonly logNormal: { readonly median: number; readonly sigma: number; readonly max: number } }
  | { readonly pareto: { readonly min: number; readonly shape: number; readonly max: number } }

/**
 * The nth number, 0 up to but not 1, for one request at one rule. It depends on nothing else: neither the clock nor a rule before
 * this one can shift what later requests draw.
 */
export function drawn({ seed, rule, request }: Draws, nth: number): number {
  return mixed(mixed(mixed(mixed(seed) ^ rule) ^ request) ^ nth) / 4_294_967_296
}

/** The finaliser of MurmurHash3 over a Weyl step: each bit of the input changes half of the output's. */
function mixed(value: number): number {
  let bits = (value + 0x9e3779b9) >>> 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/** Takes the draws `nth` and `nth + 1`. */
export function delayOf(delay: Delay, draws: Draws, nth: number): number {
  if (typeof delay === 'number') return delay
  // From just above 0 up to 1, since a logarithm of 0 would be an endless delay.
  const positive = 1 - drawn(draws, nth)
  if ('uniform' in delay) return Math.round(delay.uniform.min + (1 - positive) * (delay.uniform.max - delay.uniform.min))
  if ('pareto' in delay) return Math.round(Math.min(delay.pareto.max, delay.pareto.min / positive ** (1 / delay.pareto.shape)))
  const { median, sigma, max } = delay.logNormal
  const normal = Math.sqrt(-2 * Math.log(positive)) * Math.cos(2 * Math.PI * drawn(draws, nth + 1))
  return Math.round(Math.min(max, median * Math.exp(sigma * normal)))
}
