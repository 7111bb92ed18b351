// Runs scripts, one after the other, in one process that lives on, so that its engines are loaded once. A message is
// {script, args, cwd}; the answer {exitCode, stdout, stderr}. A script is imported anew each time, under another query;
// what it imports is not. An error that nobody catches ends this process, as it would end the script's own.
import { pathToFileURL } from 'node:url';

let runs = 0;

/** Collects what is written to a stream, until the returned function is called. */
function captured(stream) {
  const { write } = stream;
  let text = '';
  stream.write = (chunk, encoding, done) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
  return () => {
    stream.write = write;
    return text;
  };
}

process.on('message', async ({ script, args, cwd }) => {
  process.chdir(cwd);
  process.argv = [process.execPath, script, ...args];
  process.exitCode = undefined;
  const [stdout, stderr] = [captured(process.stdout), captured(process.stderr)];
  runs += 1;
  await import(`${pathToFileURL(script).href}?run=${runs}`);
  const answer = { exitCode: process.exitCode ?? 0, stdout: stdout(), stderr: stderr() };
  process.exitCode = undefined;
  process.chdir('/');
  process.send(answer);
});
