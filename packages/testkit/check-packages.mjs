/**
 * Packs every public package and looks at the tarball as a consumer gets it: publint, the types (attw), real version
 * ranges in place of workspace: and catalog:, the built entry, the SQL. Exits 1 when a package is not fit to publish.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'tb-pack-'));
const failures = [];

function tool(spec, args, name) {
  const run = spawnSync('npx', ['-y', spec, ...args], { cwd: out, encoding: 'utf8' });
  if (run.status !== 0) failures.push(`${name}: ${spec}\n${run.stdout}${run.stderr}`);
}

try {
  const folders = ['packages', 'apps'].flatMap((top) =>
    readdirSync(join(root, top)).map((name) => join(root, top, name)),
  );
  for (const folder of folders) {
    const source = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (source.private) continue;
    execFileSync('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', out], {
      cwd: folder,
      stdio: 'pipe',
    });
    const file = join(
      out,
      `${source.name.replace('@', '').replace('/', '-')}-${source.version}.tgz`,
    );
    const names = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).split('\n');
    const manifest = execFileSync('tar', ['-xzOf', file, 'package/package.json'], {
      encoding: 'utf8',
    });
    for (const bad of ['workspace:', 'catalog:', '@tb/source'])
      if (manifest.includes(bad))
        failures.push(`${source.name}: ${bad} in the published package.json`);
    for (const wanted of ['package/dist/index.js', 'package/dist/index.d.ts', 'package/README.md'])
      if (!names.includes(wanted)) failures.push(`${source.name}: no ${wanted} in the tarball`);
    if (source.files.includes('sql') && !names.some((name) => name.endsWith('.sql')))
      failures.push(`${source.name}: no .sql in the tarball`);
    if (names.some((name) => /tsbuildinfo|\.test\.|node_modules/.test(name)))
      failures.push(`${source.name}: left-overs in the tarball`);
    tool('publint@0.3.25', [file], source.name);
    tool('@arethetypeswrong/cli@0.18.5', [file, '--profile', 'esm-only'], source.name);
    console.log(`${source.name} ${source.version}: ${names.length} files`);
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
for (const failure of failures) console.error(failure);
console.log(
  failures.length === 0 ? 'packages: all fit to publish' : `packages: ${failures.length} problems`,
);
process.exit(failures.length === 0 ? 0 : 1);
