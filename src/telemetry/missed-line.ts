/** What is said of records that were gone before they were read. `from`: the offset that was to be read next. */
export function missedLine(from: number, missed: number): string {
  if (from < 0) return "the group's commit is no offset: what was read is not known, and the partition is read from its start"
  if (missed === 0)
    return 'the log ends before what was read of it: the topic was truncated or made anew, and is read from its start'
  return 'records were deleted before they were read: the retention is too short for what holds the sink up'
}
