/** One change of the disk, or one acknowledgement, in the order in which they happened. Paths are absolute. */
export type Entry =
  | {
      readonly kind: 'write';
      readonly inode: bigint;
      readonly offset: number;
      readonly bytes: Buffer;
    }
  | { readonly kind: 'truncate'; readonly inode: bigint; readonly sizeBytes: number }
  | {
      readonly kind: 'zero';
      readonly inode: bigint;
      readonly offset: number;
      readonly length: number;
    }
  | {
      readonly kind: 'create';
      readonly inode: bigint;
      readonly path: string;
      readonly mode: number;
    }
  | { readonly kind: 'mkdir' | 'unlink' | 'rmdir'; readonly path: string }
  | { readonly kind: 'rename' | 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'sync'; readonly inode: bigint; readonly path: string }
  | { readonly kind: 'chmod'; readonly inode: bigint; readonly mode: number }
  | { readonly kind: 'ack'; readonly text: string };

const HEAD_BYTES = 7 * 8;

/** Values of `enum kind` in shim/fault.h. */
const kinds = [
  '',
  'write',
  'truncate',
  'zero',
  'create',
  'mkdir',
  'unlink',
  'rmdir',
  'rename',
  'link',
  'sync',
  'chmod',
  'ack',
  'unsupported',
] as const;

/**
 * Reads what the shim wrote in mode `record`.
 *
 * @throws Error when the process made a change that a recording cannot follow (a stream of stdio, a shared mapping): a
 *   disk rebuilt without it would be a fiction.
 */
export function parseRecording(recording: Buffer): Entry[] {
  const out: Entry[] = [];
  for (let at = 0; at < recording.length; ) {
    const field = (index: number): number => Number(recording.readBigUInt64LE(at + index * 8));
    const inode = recording.readBigUInt64LE(at + 8);
    const kind = kinds[field(0)];
    const [offset, size, length, length2, total] = [
      field(2),
      field(3),
      field(4),
      field(5),
      field(6),
    ];
    const text = at + HEAD_BYTES;
    const path = recording.toString('utf8', text, text + length);
    const to = recording.toString('utf8', text + length, text + length + length2);
    const bytes = recording.subarray(text + length + length2, text + length + length2 + total);
    at = text + length + length2 + total;
    out.push(entryOf(kind, { inode, offset, size, path, to, bytes }));
  }
  return out;
}

interface Fields {
  readonly inode: bigint;
  readonly offset: number;
  readonly size: number;
  readonly path: string;
  readonly to: string;
  readonly bytes: Buffer;
}

function entryOf(kind: (typeof kinds)[number] | undefined, fields: Fields): Entry {
  const { inode, offset, size, path, to, bytes } = fields;
  switch (kind) {
    case 'write':
      return { kind, inode, offset, bytes };
    case 'truncate':
      return { kind, inode, sizeBytes: size };
    case 'zero':
      return { kind, inode, offset, length: size };
    case 'create':
      return { kind, inode, path, mode: size };
    case 'mkdir':
    case 'unlink':
    case 'rmdir':
      return { kind, path };
    case 'rename':
    case 'link':
      return { kind, path, to };
    case 'sync':
      return { kind, inode, path };
    case 'chmod':
      return { kind, inode, mode: size };
    case 'ack':
      return { kind, text: bytes.toString() };
    default:
      throw new Error(`The recording has a change it cannot follow: ${to || kind} of ${path}`);
  }
}
