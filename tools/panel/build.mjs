// Bundles src/ into dist/: index.html and assets whose names carry a hash of
// their content, so that they may be cached for ever. All URLs are relative.
// A file that would stay the same is not touched, so that nothing is linked
// again for it.
import { build } from 'esbuild';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

const result = await build({
  absWorkingDir: here,
  entryPoints: ['src/main.js', 'src/style.css', 'src/icon.svg'],
  outdir: 'dist',
  entryNames: '[name]-[hash]',
  bundle: true,
  format: 'esm',
  target: ['es2022'],
  loader: { '.svg': 'copy' },
  minify: true,
  legalComments: 'eof',
  metafile: true,
  write: false,
});

let page = await readFile(join(here, 'src/index.html'), 'utf8');
for (const [file, { entryPoint }] of Object.entries(result.metafile.outputs)) {
  const source = entryPoint ?? '';
  if (source && !page.includes(`"${basename(source)}"`))
    throw new Error(`index.html does not use ${source}`);
  page = page.replace(`"${basename(source)}"`, `"${basename(file)}"`);
}

const fresh = new Map(result.outputFiles.map(file =>
  [basename(file.path), Buffer.from(file.contents)]));
fresh.set('index.html', Buffer.from(page));
await mkdir(dist, { recursive: true });
for (const name of await readdir(dist))
  if (!fresh.has(name)) await rm(join(dist, name), { recursive: true });
for (const [name, content] of fresh) {
  const old = await readFile(join(dist, name)).catch(() => null);
  if (!old?.equals(content)) await writeFile(join(dist, name), content);
}
