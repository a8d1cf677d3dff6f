/** Below this a busy machine would look like a broken one, in seconds. */
const shortest = 2;

/** With CARAVEL_TIMEOUTS=short all of them are a twentieth, for tests, and none is under `least` seconds. */
function seconds(count: number, least = shortest): number {
  return 1_000 * (process.env.CARAVEL_TIMEOUTS === 'short' ? Math.max(count / 20, least) : count);
}

/** How long the program waits for others, in milliseconds. What a server is told to enforce by itself is not here. */
export const timeouts = {
  /** Reaching a server and logging in, as the driver counts it. */
  get connect() {
    return seconds(10);
  },
  /** The same with everything that drivers forget to count: a login whose answer breaks off, for one. */
  get opening() {
    return seconds(60);
  },
  /** A statement that was cancelled says that it has ended. */
  get cancel() {
    return seconds(5);
  },
  /** No byte in either direction while rows are read or written: pages and batches are short by design. */
  get silence() {
    return seconds(300);
  },
  /** The same while a question of the planner is answered, which may scan the largest table. */
  get silenceOfQuestion() {
    return seconds(1_800);
  },
  /** A worker that said nothing for so long is taken for dead, and its activities go to another one. */
  get heartbeat() {
    return seconds(20);
  },
  /** An activity works for so long before it returns, and is called again. Long in tests, too: they are soon done. */
  slice: 4 * 60_000,
  /** A worker that knew a workflow does not take up its next step: another one does. */
  get takeover() {
    return seconds(3, 1);
  },
  /** Before an activity that failed is tried again for the first time. */
  get firstRetry() {
    return seconds(1, 0.1);
  },
  /** The same, however often it was tried. */
  get longestRetry() {
    return seconds(60);
  },
};
