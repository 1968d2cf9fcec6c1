/** The stack cannot be had. The message is one whole sentence for the operator: what is missing, and what to do. */
export class StackError extends Error {
  override readonly name = 'StackError'
}

/** There is no way to such a stack on this machine, whatever is tried. */
export class NoWayError extends StackError {}
