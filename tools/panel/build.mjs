// Bundles src/ into dist/: index.html and assets whose names carry a hash of
// their content, so that they may be cached for ever. All URLs are relative.
import { build } from 'esbuild';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

await rm(dist, { recursive: true, force: true });
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
});

let page = await readFile(join(here, 'src/index.html'), 'utf8');
for (const [file, { entryPoint }] of Object.entries(result.metafile.outputs)) {
  const source = entryPoint ?? '';
  if (source && !page.includes(`"${basename(source)}"`))
    throw new Error(`index.html does not use ${source}`);
  page = page.replace(`"${basename(source)}"`, `"${basename(file)}"`);
}
await writeFile(join(dist, 'index.html'), page);
