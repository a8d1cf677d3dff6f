/** Below this a busy machine would look like a broken one. */
const shortest = 2_000;

/** With CARAVEL_TIMEOUTS=short every time-out is a twentieth, for tests, and none is under two seconds. */
function seconds(count: number): number {
  const milliseconds = count * 1_000;
  return process.env.CARAVEL_TIMEOUTS === 'short' ? Math.max(milliseconds / 20, shortest) : milliseconds;
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
};
