import type { Line, Piece } from './terminal.ts';

/** The 16 colours, dark ones first. */
const colors = [
  ...['#45475a', '#f38ba8', '#a6e3a1', '#f9e2af', '#89b4fa', '#f5c2e7', '#94e2d5', '#bac2de'],
  ...['#6c7086', '#f38ba8', '#a6e3a1', '#f9e2af', '#89b4fa', '#f5c2e7', '#94e2d5', '#ffffff'],
];

const style = `
  body { margin: 0; background: transparent; }
  main { display: inline-block; background: #1e1e2e; border-radius: 10px; overflow: hidden; }
  header { display: flex; gap: 8px; padding: 12px 14px 4px; }
  header i { width: 11px; height: 11px; border-radius: 50%; }
  pre { margin: 0; padding: 8px 22px 18px; min-width: 84ch; color: #cdd6f4;
    font: 14px/1.32 'JetBrains Mono', 'DejaVu Sans Mono', monospace; font-variant-ligatures: none; }
  .bold { font-weight: 700; color: #ffffff; }
  .dim { opacity: 0.6; }
  .full, .empty { color: transparent; background: linear-gradient(#89b4fa, #89b4fa) 0 55% / 100% 50% no-repeat; }
  .empty { opacity: 0.25; }
`;

/** A terminal's window as a page. */
export function terminalPage(lines: Line[]): string {
  const dots = ['#f38ba8', '#f9e2af', '#a6e3a1'].map((color) => `<i style="background:${color}"></i>`).join('');
  const content = lines.map((line) => line.map(pieceHtml).join('')).join('\n');
  return `<!doctype html><meta charset="utf-8"><style>${style}</style><main><header>${dots}</header><pre>${content}</pre></main>`;
}

function pieceHtml({ text, color, bold, dim }: Piece): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  // Fonts have seams between the blocks of a bar.
  const content = escaped
    .replace(/█+/g, '<span class="full">$&</span>')
    .replace(/░+/g, '<span class="empty">$&</span>');
  const classes = [...(bold ? ['bold'] : []), ...(dim ? ['dim'] : [])].join(' ');
  const own = color === null ? '' : ` style="color:${colors[color % 16]}"`;
  return classes || own ? `<span class="${classes}"${own}>${content}</span>` : content;
}
