import { readFileSync } from 'node:fs';

// Who may import whom: the table of docs/architecture.md, "Data flows one way", is the rule.

const architecture = readFileSync(new URL('docs/architecture.md', import.meta.url), 'utf8');
const rooms = [...architecture.matchAll(/^\| `([a-z/]+)` +\|[^|]+\| ([^|]+) \|$/gm)].map(([, folder, imports]) => ({
  folder,
  imports: imports.trim() === '–' ? [] : imports.split(',').map((name) => folderOf(name.trim())),
}));

function folderOf(name) {
  return name === 'activities' || name === 'workflows' ? name : `src/${name}`;
}

const order = rooms.map(({ folder }) => folder);
for (const { folder, imports } of rooms) {
  const up = imports.find((name) => order.indexOf(name) <= order.indexOf(folder));
  if (up !== undefined) throw new Error(`docs/architecture.md lets ${folder} import ${up}, which is not below it`);
}

const ours = '^(src|workflows|activities|infra|test)/';
const within = (folders) => `^(${folders.join('|')})/`;

export default {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-room-is-in-the-table',
      severity: 'error',
      from: { path: '^(src|workflows|activities)/', pathNot: within(order) },
      to: {},
    },
    ...rooms.map(({ folder, imports }) => ({
      name: `${folder.replace('/', '-')}-imports-only-what-the-table-says`,
      severity: 'error',
      from: { path: within([folder]) },
      to: { path: ours, pathNot: within([folder, ...imports]) },
    })),
  ],
  options: {
    // The compiler here has no interface for programs.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js'] },
  },
};
