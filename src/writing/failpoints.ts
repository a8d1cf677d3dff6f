/**
 * Labelled places where a test may end or stop this process: `CARAVEL_FAILPOINTS=insert:after=kill@2` kills it
 * the second time it comes by, `stop` suspends it, `throw` throws where nobody catches. Costs one comparison with null
 * when the variable is not set.
 */
type Action = 'kill' | 'stop' | 'throw';

export type Step =
  | 'lock'
  | 'stage'
  | 'intent'
  | 'insert'
  | 'commit'
  | 'segment'
  | 'settle'
  | 'fill'
  | 'fillCommit'
  | 'fillClose'
  | 'align'
  | 'overwrite'
  | 'silence'
  | 'silenceCommit'
  | 'subscribe'
  | 'subscribeCommit'
  | 'subscribeClose'
  | 'clear'
  | 'empty'
  | 'emptyCommit'
  | 'emptyClose';

interface Armed {
  action: Action;
  /** Passes left before it fires. */
  remaining: number;
}

function parse(text: string | undefined): Map<string, Armed> | null {
  if (!text) return null;
  const armed = new Map<string, Armed>();
  for (const part of text.split(',')) {
    const match = /^([\w./ ()]+:(?:before|after))=(kill|stop|throw)(?:@(\d+))?$/.exec(part.trim());
    if (!match) throw new Error(`CARAVEL_FAILPOINTS: '${part}' is not of the form step:before=kill@1`);
    armed.set(match[1]!, { action: match[2] as Action, remaining: Number(match[3] ?? 1) });
  }
  return armed;
}

const armed = parse(process.env.CARAVEL_FAILPOINTS);

/** Fires when armed for this step, or for this step of this entity (`Sales.Order/insert:after`). */
export function failpoint(step: Step, side: 'before' | 'after', entity: string): void {
  if (armed === null) return;
  for (const label of [`${step}:${side}`, `${entity}/${step}:${side}`]) {
    const found = armed.get(label);
    if (!found) continue;
    found.remaining -= 1;
    if (found.remaining === 0) fire(found.action, label);
  }
}

function fire(action: Action, label: string): void {
  if (action === 'throw') {
    setImmediate(() => {
      throw new Error(`the failpoint ${label}`);
    });
    return;
  }
  process.kill(process.pid, action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
}
