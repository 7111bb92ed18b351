import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Entry } from './recording.ts';

/** A change of a file's bytes that no fsync has made durable yet. */
export type ByteChange = Extract<Entry, { kind: 'write' | 'truncate' | 'zero' }>;

/** A file apart from its names: what an fsync made durable, and what came after. */
export class ModelFile {
  durable: Buffer;
  mode: number;
  pending: ByteChange[] = [];

  constructor(durable: Buffer, mode: number) {
    this.durable = durable;
    this.mode = mode;
  }
}

/** A folder: the names that programs see, and those that survive a power cut for certain. */
export class ModelFolder {
  readonly live = new Map<string, ModelNode>();
  readonly durable = new Map<string, ModelNode>();
}

export type ModelNode = ModelFile | ModelFolder;

/** One name set or taken away; a rename has two parts, which reach the disk together while both are pending. */
export interface NamePart {
  readonly folder: ModelFolder;
  readonly name: string;
  readonly node: ModelNode | undefined;
}

/**
 * When a name is durable. `ordered`: any fsync settles all earlier names, as on ext4. `strict`: only an fsync of its own
 * folder does, which is all that POSIX promises.
 */
export type NameModel = 'ordered' | 'strict';

/** Applies a change to bytes, growing the file with zeros where needed. */
export function applyBytes(content: Buffer, change: ByteChange): Buffer {
  if (change.kind === 'truncate') return resized(content, change.sizeBytes);
  if (change.kind === 'zero') {
    const end = Math.min(content.length, change.offset + change.length);
    if (change.offset < end) content.fill(0, change.offset, end);
    return content;
  }
  const end = change.offset + change.bytes.length;
  const out = end > content.length ? resized(content, end) : content;
  change.bytes.copy(out, change.offset);
  return out;
}

function resized(content: Buffer, size: number): Buffer {
  if (size <= content.length) return content.subarray(0, size);
  const out = Buffer.alloc(size);
  content.copy(out);
  return out;
}

/** The disk under a folder: made from what is there before the command, then fed with the recording. */
export class DiskModel {
  readonly root = new ModelFolder();
  readonly #base: string;
  readonly #model: NameModel;
  readonly #byInode = new Map<bigint, ModelFile>();
  /** Changes of names that are not durable, oldest first; parts that are, are taken out. */
  pendingNames: NamePart[][] = [];

  /** Reads the folder as it is now; all of it counts as durable. */
  constructor(base: string, model: NameModel) {
    this.#base = base;
    this.#model = model;
    this.#load(base, this.root);
  }

  #load(path: string, folder: ModelFolder): void {
    for (const name of readdirSync(path)) {
      const stat = lstatSync(join(path, name), { bigint: true });
      let node: ModelNode;
      if (stat.isDirectory()) {
        node = new ModelFolder();
        this.#load(join(path, name), node);
      } else {
        const content = (): Buffer => readFileSync(join(path, name));
        node = this.#byInode.get(stat.ino) ?? new ModelFile(content(), Number(stat.mode) & 0o7777);
        this.#byInode.set(stat.ino, node);
      }
      folder.live.set(name, node);
      folder.durable.set(name, node);
    }
  }

  #locate(path: string): { folder: ModelFolder; name: string } {
    const parts = relative(this.#base, path).split(sep);
    const name = parts.pop() as string;
    let folder = this.root;
    for (const part of parts) {
      const next = folder.live.get(part);
      if (!(next instanceof ModelFolder))
        throw new Error(`The recording names ${path} in no known folder`);
      folder = next;
    }
    return { folder, name };
  }

  #node(path: string): ModelNode {
    if (path === this.#base) return this.root;
    const { folder, name } = this.#locate(path);
    const node = folder.live.get(name);
    if (node === undefined)
      throw new Error(`The recording names ${path}, which does not exist there`);
    return node;
  }

  #name(...parts: NamePart[]): void {
    for (const { folder, name, node } of parts) {
      if (node === undefined) folder.live.delete(name);
      else folder.live.set(name, node);
    }
    this.pendingNames.push(parts);
  }

  #file(inode: bigint): ModelFile {
    const file = this.#byInode.get(inode);
    if (file === undefined)
      throw new Error(`The recording names inode ${inode}, which nobody created`);
    return file;
  }

  /** The first bytes of a write alone. @returns what takes them back. */
  applyTorn(entry: Entry, bytes: number): () => void {
    if (entry.kind !== 'write') throw new RangeError(`A ${entry.kind} cannot be torn`);
    const { pending } = this.#file(entry.inode);
    pending.push({ ...entry, bytes: entry.bytes.subarray(0, bytes) });
    return () => void pending.pop();
  }

  /** Takes the next entry of the recording; acks change nothing. */
  apply(entry: Entry): void {
    switch (entry.kind) {
      case 'write':
      case 'truncate':
      case 'zero':
        this.#file(entry.inode).pending.push(entry);
        break;
      case 'create': {
        const file = new ModelFile(Buffer.alloc(0), entry.mode);
        this.#byInode.set(entry.inode, file);
        this.#name({ ...this.#locate(entry.path), node: file });
        break;
      }
      case 'mkdir':
        this.#name({ ...this.#locate(entry.path), node: new ModelFolder() });
        break;
      case 'unlink':
      case 'rmdir':
        this.#name({ ...this.#locate(entry.path), node: undefined });
        break;
      case 'rename':
      case 'link': {
        const node = this.#node(entry.path);
        const added = { ...this.#locate(entry.to), node };
        const removed = { ...this.#locate(entry.path), node: undefined };
        this.#name(...(entry.kind === 'link' ? [added] : [removed, added]));
        break;
      }
      case 'sync':
        this.#sync(this.#syncedNode(entry));
        break;
      case 'chmod': {
        const file = this.#byInode.get(entry.inode); // The mode of a folder is not modelled.
        if (file !== undefined) file.mode = entry.mode;
        break;
      }
      case 'ack':
        break;
    }
  }

  /** A folder by its path: its inode may have been a file's before. A file by its inode: it may have lost its name. */
  #syncedNode(entry: Extract<Entry, { kind: 'sync' }>): ModelNode {
    if (entry.path === this.#base) return this.root;
    const { folder, name } = this.#locate(entry.path);
    const named = folder.live.get(name);
    return named instanceof ModelFolder ? named : this.#file(entry.inode);
  }

  #sync(node: ModelNode): void {
    if (node instanceof ModelFile) {
      let content: Buffer = Buffer.from(node.durable);
      for (const change of node.pending) content = applyBytes(content, change);
      node.durable = content;
      node.pending = [];
    }
    if (this.#model === 'ordered') this.#settle(() => true);
    else if (node instanceof ModelFolder) this.#settle((part) => part.folder === node);
  }

  #settle(isDurable: (part: NamePart) => boolean): void {
    this.pendingNames = this.pendingNames
      .map((parts) =>
        parts.filter((part) => {
          if (!isDurable(part)) return true;
          if (part.node === undefined) part.folder.durable.delete(part.name);
          else part.folder.durable.set(part.name, part.node);
          return false;
        }),
      )
      .filter((parts) => parts.length > 0);
  }
}
