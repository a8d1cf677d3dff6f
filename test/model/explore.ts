import type { Fault } from './actors.ts';
import { everyFault, explore } from './story.ts';

/**
 * `npm run model -- SCHEDULES [FAULT …]`: explores so many schedules, with these kinds of faults or with all, and says
 * which one breaks the promise, if any does. Exits with 1 then.
 */
const [schedules = '20000', ...kinds] = process.argv.slice(2);
const numRuns = Number(schedules);
if (
  !Number.isSafeInteger(numRuns) ||
  numRuns < 1 ||
  kinds.some((kind) => !everyFault.includes(kind as Fault['what']))
) {
  console.error(`model: SCHEDULES is a number, and a FAULT one of ${everyFault.join(', ')}`);
  process.exit(64);
}
const faults = kinds.length === 0 ? everyFault : (kinds as Fault['what'][]);
const began = performance.now();
const result = await explore(faults, { numRuns, seed: Number(process.env.CARAVEL_MODEL_SEED ?? Date.now() % 1e9) });
const minutes = ((performance.now() - began) / 60_000).toFixed(1);
console.log(`${result.numRuns} schedules of ${faults.join(', ')} in ${minutes} min, seed ${result.seed}`);
if (result.failed) {
  console.log(`broken by ${JSON.stringify(result.counterexample?.[1])}, path ${result.counterexamplePath}`);
  console.log(String(result.errorInstance).split('\n')[0]);
  process.exitCode = 1;
} else console.log('each row exactly once, and every reference right, in all of them');
// Processes that sleep for ever in a story that was broken off would keep this one alive.
process.exit();
