/** The tracker's three kinds of event; each has a single and a batch form. */
export const methods = ['registration', 'login', 'customEvent'] as const
export type Method = (typeof methods)[number]

/** Where a hit goes. One request carries hits of one route; routes are interned, so identity is equality. */
export interface Route {
  /** Name of the app in the configuration. */
  readonly app: string
  readonly method: Method
}

/** One event's parameters, serialised once; a body is made of these texts, so their sizes add up exactly. */
export interface Hit {
  readonly kind: 'hit'
  readonly route: Route
  /** The JSON object as it will stand in the body. */
  readonly json: string
  /** UTF-8 bytes of `json`. */
  readonly bytes: number
}
