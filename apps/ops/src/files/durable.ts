import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, openSync, writeSync } from 'node:fs';
import { appendFile, chmod, link, open, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createFolder } from '@tb/schema';

/** A name is durable only after its folder was synced. Windows has no such call. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } catch (error) {
    throw withFile(error, folder);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a folder and those above it; each new name is durable. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await createFolder(folder);
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made))
    syncFolder(dirname(made));
}

/** An error of a handle or a stream says what was done, and to no file: the same one with the file. */
function withFile(error: unknown, path: string): unknown {
  const { code, errno, syscall, message, path: known } = error as NodeJS.ErrnoException;
  if (syscall === undefined || known !== undefined) return error;
  const named = new Error(`${message} '${path}'`, { cause: error });
  return Object.assign(named, { code, errno, syscall, path });
}

/** Writes all bytes to an open file: write() may be short. @param path Of the file, for the error. */
export function writeAllSync(descriptor: number, bytes: Buffer, path: string): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  } catch (error) {
    throw withFile(error, path);
  }
}

/**
 * Adds a line to a file that only grows, durable when it returns. It begins a line of its own: what a full disk or a crash
 * left of an earlier one stays beside it.
 */
export async function appendLine(path: string, line: string): Promise<void> {
  try {
    await appendFile(path, `\n${line}\n`, { flush: true });
  } catch (error) {
    throw withFile(error, path);
  }
  syncFolder(dirname(path));
}

/** Writes a text under a name that must be free: whole and durable, or not at all. */
export async function writeNewFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    throw withFile(error, temporary);
  } finally {
    await file.close();
  }
  await takeName(temporary, path);
}

/** Gives a finished file its final name by `link()`, which refuses one that exists, and makes the name durable. */
export async function takeName(temporary: string, path: string): Promise<void> {
  await link(temporary, path);
  await unlink(temporary);
  syncFolder(dirname(path));
}

/**
 * Copies a file byte by byte to a new name, durable, and gives the sha256 of what was read. Not `fs.copyFile`: that may
 * share blocks with the original (a reflink is no second copy), and its errors come late.
 * @param mode Of the copy; day files and backups are 0444.
 */
export async function copyDurably(
  from: string,
  to: string,
  mode: number,
): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
  const hash = createHash('sha256');
  const file = await open(to, 'wx', 0o600);
  let sizeBytes = 0;
  try {
    for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 })) {
      const bytes = chunk as Buffer;
      hash.update(bytes);
      for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
      sizeBytes += bytes.length;
    }
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(to, { force: true });
    throw withFile(error, (error as NodeJS.ErrnoException).syscall === 'read' ? from : to);
  }
  await file.close();
  await chmod(to, mode);
  return { sha256: hash.digest('hex'), sizeBytes };
}
