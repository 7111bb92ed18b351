/** What a platform tells about one process. */
export interface ProcessLook {
  /** 'no' only when it is proven. */
  readonly exists: 'yes' | 'no' | 'unknown';
  /** One letter as in ps: R S D T Z ...; null when it cannot be read. */
  readonly state: string | null;
  /** In the platform's own unit, only to be compared; null when it cannot be read. */
  readonly startTime: string | null;
}

/** Identity of this machine, boot, namespace and its processes. Null: cannot be read, and so proves nothing. */
export interface Platform {
  readonly machineId: () => string | null;
  readonly bootId: () => string | null;
  readonly pidNs: () => string | null;
  readonly process: (pid: number) => ProcessLook;
  /** The kind of network or shared file system that a folder lies on; undefined for a local one. */
  readonly networkFs: (dir: string) => string | undefined;
}
