import { setCurrentDetails } from '@temporalio/workflow';
import type { RunPhase } from '../src/journal/runs.ts';
import type { EntityStage, PlanSummary } from '../src/runs/contract.ts';

/** Answer of the `progress` query. Counts are rows. */
export interface RunProgress {
  run: string;
  phase: RunPhase;
  paused: boolean;
  entities: { espace: string; entity: string; rows: number; read: number; stage: EntityStage }[];
}

const titles: Record<RunPhase, string> = {
  planning: 'Plan: match definitions, static records and people',
  approval: 'Wait for approval',
  silencing: 'Silence the events: no trigger may start a process',
  emptying: 'Empty the destination: rows of the scope, and its process instances',
  people: 'Align people: users, groups and what they are allowed',
  copying: 'Copy the entities in the order of their references',
  references: 'Fill deferred references',
  subscribing: 'Give the event subscriptions back, with those of the migrated activities',
  verifying: 'Verify every row against the source',
  finished: 'Finished',
};

/** The story that the Temporal UI shows of a run. */
export class RunStory {
  readonly progress: RunProgress;
  private hasPeople = true;
  private hasEvents = true;
  private empties = false;
  /** The plan in words, while it waits for approval. */
  private plan = '';

  constructor(run: string) {
    this.progress = { run, phase: 'planning', paused: false, entities: [] };
    this.tell();
  }

  planned(plan: PlanSummary): void {
    this.hasEvents = plan.eventTables > 0;
    this.empties = plan.emptiedTables > 0;
    this.hasPeople = plan.entities.some(({ isPeople }) => isPeople);
    this.progress.entities = plan.entities.map(({ espace, entity, rows, read, stage }) => ({
      espace,
      entity,
      rows,
      read,
      stage,
    }));
  }

  /** The run waits for somebody to approve this plan. */
  awaitApproval(plan: string): void {
    this.plan = plan;
    this.enter('approval');
  }

  enter(phase: RunPhase): void {
    this.progress.phase = phase;
    this.tell();
  }

  paused(paused: boolean): void {
    this.progress.paused = paused;
    this.tell();
  }

  /** An entity is begun, or gone on with. @param index its place in the plan. */
  started(index: number, stage: EntityStage): void {
    this.report(index, this.progress.entities[index]?.read ?? 0, stage);
  }

  report(index: number, read: number, stage: EntityStage): void {
    const entity = this.progress.entities[index];
    if (entity === undefined) throw new RangeError(`the plan has no entity ${index}`);
    entity.read = read;
    entity.stage = stage;
    this.tell();
  }

  private tell(): void {
    const { phase, paused, entities } = this.progress;
    const phases = Object.keys(titles) as RunPhase[];
    const now = phases.indexOf(phase);
    const lines = phases
      .filter((step) => step !== 'approval' || phase === 'approval')
      .filter((step) => step !== 'emptying' || this.empties)
      .filter((step) => step !== 'people' || this.hasPeople)
      .filter((step) => (step !== 'silencing' && step !== 'subscribing') || this.hasEvents)
      .map((step) => {
        const at = phases.indexOf(step);
        const mark = at < now || phase === 'finished' ? '✓' : at === now ? '▶' : '·';
        return `${mark} ${titles[step]}`;
      });
    const rows = entities.reduce((sum, entity) => sum + entity.rows, 0);
    const read = entities.reduce((sum, entity) => sum + Math.min(entity.read, entity.rows), 0);
    const done = entities.filter(({ stage }) => stage === 'done' || stage === 'copied').length;
    const total =
      entities.length > 0
        ? `\n\n**${done} of ${entities.length} entities, ${read.toLocaleString('en')} of ${rows.toLocaleString('en')} rows**`
        : '';
    const copying = entities.filter(({ stage }) => stage === 'copying' || stage === 'filling');
    const current = copying
      .map(({ espace, entity, rows }) => `- ${espace}.${entity} (${rows.toLocaleString('en')} rows)`)
      .join('\n');
    const plan = phase === 'approval' ? `\n\n\`\`\`\n${this.plan}\n\`\`\`` : '';
    setCurrentDetails(
      `${paused ? '**Paused.** `resume` lets it go on.\n\n' : ''}${lines.join('  \n')}${total}${current ? `\n\n${current}` : ''}${plan}`,
    );
  }
}
