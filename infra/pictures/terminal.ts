import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import headless from '@xterm/headless';

const { Terminal: Emulator } = headless;

/** A command in a terminal of its own, which is as a person would see it. */
export interface Terminal {
  /** What is on the screen now. */
  screen(): Line[];
  /** Waits until what was printed so far matches. @throws when the command ends without. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ctrl-C; waits until the command has ended. */
  interrupt(): Promise<void>;
}

export type Line = Piece[];

export interface Piece {
  text: string;
  /** Number of one of the 16 colours; null: the terminal's own. */
  color: number | null;
  bold: boolean;
  dim: boolean;
}

/** @throws Error where there is no `script`, which gives the command a terminal. */
export function openTerminal(command: string, { columns, rows }: { columns: number; rows: number }): Terminal {
  const emulator = new Emulator({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true });
  const inTerminal = `stty cols ${columns} rows ${rows}; exec ${command}`;
  const words =
    process.platform === 'darwin' ? ['-q', '/dev/null', 'sh', '-c', inTerminal] : ['-qefc', inTerminal, '/dev/null'];
  const { NO_COLOR: _, CI: __, ...variables } = process.env;
  const env = { ...variables, TERM: 'xterm-256color', SHELL: '/bin/sh' };
  const child = spawn('script', words, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = endOf(child);
  child.stdout.on('data', (chunk: Buffer) => emulator.write(chunk));

  const linesFrom = (first: number) => {
    const { active } = emulator.buffer;
    return Array.from({ length: active.length - first }, (_, row) => lineOf(active.getLine(first + row)!, columns));
  };
  const printed = () => linesFrom(0).map(textOf).join('\n');
  return {
    screen: () => linesFrom(emulator.buffer.active.baseY),
    async until(pattern) {
      let over = false;
      void ended.then(() => {
        over = true;
      });
      for (;;) {
        const found = pattern.exec(printed());
        if (found) return found;
        if (over) throw new Error(`"${command}" ended before ${pattern} was on its screen:\n${printed().trim()}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async interrupt() {
      child.stdin.write('\u0003');
      await ended;
    },
  };
}

async function endOf(child: ChildProcess): Promise<void> {
  await once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? 'there is no `script`: install util-linux' : error.message);
  });
}

export const textOf = (line: Line): string => line.map(({ text }) => text).join('');

type BufferLine = NonNullable<ReturnType<InstanceType<typeof Emulator>['buffer']['active']['getLine']>>;

/** Cells of the same looks are one piece; spaces at the end are none. */
function lineOf(line: BufferLine, columns: number): Line {
  const pieces: Line = [];
  for (let column = 0; column < columns; column++) {
    const cell = line.getCell(column);
    if (!cell || cell.getWidth() === 0) continue;
    const looks = {
      color: cell.isFgPalette() ? cell.getFgColor() : null,
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
    };
    const last = pieces.at(-1);
    const isSame = last?.color === looks.color && last.bold === looks.bold && last.dim === looks.dim;
    if (isSame) last.text += cell.getChars() || ' ';
    else pieces.push({ text: cell.getChars() || ' ', ...looks });
  }
  const last = pieces.at(-1);
  if (last) last.text = last.text.trimEnd();
  return pieces.filter(({ text }) => text !== '');
}
