import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const code = ['src', 'workflows', 'activities', 'infra', 'test'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .map((file) => path.join(folder, file)),
);
const documents = readdirSync('docs').filter((file) => file.endsWith('.md'));

const headingsOf = (document: string) =>
  [...readFileSync(document, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!.replaceAll('`', ''));

const linesNamingDocuments = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes('.md'))
    .join('\n');

it('comments name documents that are there, and headings that these have', () => {
  const wrong = code.flatMap((file) =>
    [...linesNamingDocuments(file).matchAll(/([\w/.-]*)\b([\w-]+\.md)(?:,? \(?"([^"\n]+)")?/g)].flatMap(
      ([named, folder, name, heading]) => {
        const document = `${folder}${name}`;
        if (file === path.join('test', 'docs.test.ts') || !documents.includes(name!)) {
          return /^(design|interface)\.md$/.test(name!) && !existsSync(document) ? [`${file}: ${named}`] : [];
        }
        if (!existsSync(document)) return [`${file}: ${named}`];
        return heading === undefined || headingsOf(document).includes(heading) ? [] : [`${file}: ${named}`];
      },
    ),
  );
  expect(wrong).toEqual([]);
});

it('prose is in lines of at most 120 characters', () => {
  const files = ['README.md', 'CONTRIBUTING.md', ...documents.map((name) => path.join('docs', name))];
  const long = files.flatMap((file) => {
    let isCode = false;
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        if (line.trimStart().startsWith('```')) isCode = !isCode;
        return line.length > 120 && !isCode && !/^\s*\|/.test(line) && !/^!?\[/.test(line)
          ? [`${file}:${index + 1}`]
          : [];
      });
  });
  expect(long).toEqual([]);
});

it('so are comments', () => {
  const isComment = (line: string) => /^\s*(\*|\/\/|\/\*\*)/.test(line);
  const long = code.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, index) => (line.length > 120 && isComment(line) ? [`${file}:${index + 1}`] : [])),
  );
  expect(long).toEqual([]);
});
