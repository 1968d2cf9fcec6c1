/** What is held back: `down` and `misconfigured` everything, `forbidden` an app, `brake` a topic. */
export interface HeldBack {
  readonly why: 'down' | 'misconfigured' | 'forbidden' | 'brake'
  /** The app, or the topic; empty: everything. */
  readonly name: string
}
