/**
 * `pnpm release-drill`: a release from a clone of HEAD to a registry on a loopback port, and what a service gets from it:
 * versions and changelogs by changesets, publish, publish again, a project that installs only the packages it needs, the
 * `tb` command from the registry. About three minutes, most of it better-sqlite3. Changes nothing outside a temporary folder.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'tb-release-'));
const home = join(work, 'home');
mkdirSync(home);
const results = [];

function check(name, isPassed, seen) {
  results.push(isPassed);
  console.log(`${isPassed ? 'PASS' : 'FAIL'}  ${name}${isPassed ? '' : `: ${seen}`}`);
}

function run(cwd, command, args, env = {}) {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, HOME: home, CI: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** stdout and stderr: changesets warns there that it had nothing to do. */
function both(cwd, command, args) {
  const { stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, HOME: home, CI: '1' },
  });
  return stdout + stderr;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** verdaccio 6.8: later ones need Node 22. The override is for registries that do not carry the tags of node-fetch. */
async function startRegistry(port) {
  const folder = join(work, 'registry');
  mkdirSync(folder);
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: { verdaccio: '6.8.0' },
      overrides: { 'node-fetch': '2.7.0' },
    }),
  );
  writeFileSync(
    join(folder, 'config.yaml'),
    `storage: ${join(folder, 'storage')}
auth: { htpasswd: { file: ${join(folder, 'htpasswd')} } }
uplinks: { upstream: { url: '${upstream}' } }
packages:
  '@tb/*': { access: $all, publish: $authenticated }
  '**': { access: $all, proxy: upstream }
log: { type: stdout, level: error }
`,
  );
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'pipe' });
  const child = spawn(
    process.execPath,
    [
      join(folder, 'node_modules/verdaccio/bin/verdaccio'),
      '--config',
      join(folder, 'config.yaml'),
      '--listen',
      `127.0.0.1:${port}`,
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ping`).catch(() => undefined);
    if (answer?.ok) return child;
    if (tries === 100 || child.exitCode !== null) throw new Error('The registry does not answer');
    await sleep(200);
  }
}

async function login(url) {
  const name = `drill${randomBytes(4).toString('hex')}`;
  const answer = await fetch(`${url}/-/user/org.couchdb.user:${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password: randomBytes(12).toString('hex') }),
  });
  return (await answer.json()).token;
}

function publicPackages(clone) {
  return ['packages', 'apps'].flatMap((top) =>
    readdirSync(join(clone, top))
      .map((name) => join(clone, top, name))
      .filter((folder) => existsSync(join(folder, 'package.json')))
      .map((folder) => ({
        folder,
        ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
      }))
      .filter((manifest) => !manifest.private),
  );
}

function release(clone, url, token) {
  const host = url.replace(/^http:/, '');
  // The user's own settings (certificates, headers for node-gyp) hold in the drill too.
  const own = join(homedir(), '.npmrc');
  const settings = existsSync(own) ? readFileSync(own, 'utf8') : '';
  writeFileSync(
    join(home, '.npmrc'),
    `${settings}\n@tb:registry=${url}\n${host}/:_authToken=${token}\n`,
  );
  run(work, 'git', ['clone', '-q', repository, clone]);
  run(clone, 'git', ['config', 'user.email', 'drill@example.invalid']);
  run(clone, 'git', ['config', 'user.name', 'drill']);
  const before = new Map(publicPackages(clone).map(({ name, version }) => [name, version]));
  const pnpm = (...args) => run(clone, 'npx', ['-y', 'pnpm@12', ...args]);
  pnpm('install', '--frozen-lockfile');
  pnpm('version-packages');
  const packages = publicPackages(clone);
  const moved = packages.filter(({ name, version }) => before.get(name) !== version);
  check('changesets give every changed package a version', moved.length > 0, 'no version moved');
  const silent = moved.filter(({ folder }) => !existsSync(join(folder, 'CHANGELOG.md')));
  check(
    'and a changelog',
    silent.length === 0,
    silent.map(({ name }) => name),
  );
  run(clone, 'git', ['add', '-A']);
  run(clone, 'git', ['commit', '-q', '-m', 'release']);
  pnpm('release');
  const tags = run(clone, 'git', ['tag']).split('\n').filter(Boolean);
  check('one tag a package', tags.length === packages.length, tags);
  const again = both(clone, 'npx', ['-y', 'pnpm@12', 'release']);
  check(
    'publishing again publishes nothing',
    /No unpublished projects/.test(again),
    again.slice(-400),
  );
  return packages;
}

function project(name, dependencies) {
  const folder = join(work, name);
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name, private: true, type: 'module' }),
  );
  run(folder, 'npm', [
    'install',
    '--no-audit',
    '--no-fund',
    '--foreground-scripts=false',
    ...dependencies,
  ]);
  const installed = run(folder, 'npm', ['ls', '--all', '--parseable']).split('\n');
  return {
    folder,
    has: (wanted) => installed.some((path) => path.endsWith(`node_modules/${wanted}`)),
  };
}

function consume(packages) {
  const versionOf = (name) => packages.find((one) => one.name === name).version;
  const reader = project('reader', ['@tb/queries', '@tb/calendar', '@tb/schema']);
  check(
    'queries bring no native code',
    !reader.has('better-sqlite3') && !reader.has('@duckdb/node-api'),
    'an engine',
  );
  const sql = `import { readSql } from '@tb/schema'; console.log(readSql('day_file/ticks.sql').length > 0)`;
  check(
    'the SQL files come along',
    run(reader.folder, 'node', ['-e', sql, '--input-type=module']).trim() === 'true',
    'no SQL',
  );
  const required = `console.log(typeof require('@tb/calendar').calendarOf)`;
  const canRequire = Number(process.versions.node.split('.')[0]) >= 22;
  if (canRequire)
    check(
      'require() works',
      run(reader.folder, 'node', ['-e', required, '--input-type=commonjs']).trim() === 'function',
      'no function',
    );
  const locks = project('locks', ['@tb/locks']);
  check(
    'locks bring SQLite and no DuckDB',
    locks.has('better-sqlite3') && !locks.has('@duckdb/node-api'),
    'other engines',
  );
  const ops = project('ops', ['@tb/ops']);
  const tb = (...args) => run(ops.folder, 'npx', ['--no-install', 'tb', ...args]);
  check(
    'tb has the version that was published',
    tb('--version').trim() === versionOf('@tb/ops'),
    tb('--version'),
  );
  tb('init', '--root', 'data');
  const health = JSON.parse(tb('health', '--root', 'data', '--json'));
  check('tb init and tb health run', health.status === 'ok', JSON.stringify(health).slice(0, 300));
}

let registry;
try {
  const port = await freePort();
  registry = await startRegistry(port);
  const url = `http://127.0.0.1:${port}`;
  consume(release(join(work, 'clone'), url, await login(url)));
} finally {
  registry?.kill();
  rmSync(work, { recursive: true, force: true });
}
const failed = results.filter((isPassed) => !isPassed).length;
console.log(`release drill: ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
