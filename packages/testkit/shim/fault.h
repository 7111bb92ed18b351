/*
 * Fault injection below the C library: loaded by LD_PRELOAD, counts the storage calls of a process and its children
 * inside one folder, and disturbs the N-th. Read page.c for the counter and the decisions, calls.c for what is hooked.
 *
 * Environment (absent FAULT_STATE: everything passes through):
 *   FAULT_STATE  file of the shared page, outside FAULT_ROOT     FAULT_LOG   text, one line a call
 *   FAULT_ROOT   real path of the folder that is watched         FAULT_RECORD  binary, mode record only
 *   FAULT_MODE   none kill kill-all eio-once eio-ever enospc-once enospc-ever torn short clock-forward clock-back record
 *   FAULT_N      which call, from 1, counted over the calls that the mode can disturb
 *   FAULT_SEED   chooses how much of a torn or short write reaches the file
 *   FAULT_FREE   bytes that statfs reports as free inside FAULT_ROOT, so that runs do not depend on the disk
 *   FAULT_SYNC   "real": fsync reaches the disk. Else it is only noted: a killed process loses no page cache.
 */
#ifndef TB_FAULT_H
#define TB_FAULT_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum mode {
  MODE_OFF, MODE_NONE, MODE_KILL, MODE_KILL_ALL, MODE_EIO_ONCE, MODE_EIO_EVER,
  MODE_ENOSPC_ONCE, MODE_ENOSPC_EVER, MODE_TORN, MODE_SHORT, MODE_CLOCK_FORWARD, MODE_CLOCK_BACK, MODE_RECORD
};

/* What a call needs or does. */
#define NEEDS_SPACE 1
#define MOVES_BYTES 2

/* One storage call, filled in by its hook; the lower half is the decision. */
struct call {
  const char *name;
  int flags;
  const char *path;
  const char *path2; /* of rename and link, else NULL */
  uint64_t size;
  uint64_t number;   /* over all calls */
  int error;         /* not 0: return -1 with this errno, and do nothing */
  uint64_t part;     /* bytes that may be written; `size` when undisturbed */
  int die;           /* SIGKILL after the part was written */
};

/* Entries of the recording; the reader is src/recording.ts. */
enum kind {
  KIND_WRITE = 1, KIND_TRUNCATE, KIND_ZERO, KIND_CREATE, KIND_MKDIR, KIND_UNLINK, KIND_RMDIR,
  KIND_RENAME, KIND_LINK, KIND_SYNC, KIND_CHMOD, KIND_ACK, KIND_UNSUPPORTED
};

/* page.c */
enum mode fault_mode(void);
void fault_begin(struct call *call); /* count, log, decide; dies here for a kill before the call */
void fault_end(struct call *call);   /* dies here for a torn write */
void fault_record(enum kind kind, uint64_t inode, uint64_t offset, uint64_t size, const char *path,
                  const char *path2, const struct iovec *bytes, int count);
int fault_is_ack(const char *target);
int fault_real_sync(void);
uint64_t fault_free_bytes(void); /* 0: as the disk says */
int64_t fault_clock_jump(void); /* seconds that the wall clock is off by */
void fault_unsupported(const char *name, const char *path);

/* paths.c: absolute paths of what a call names, and whether they lie in FAULT_ROOT. */
int path_of_fd(int fd, char out[PATH_MAX]);
int path_at(int dirfd, const char *path, char out[PATH_MAX]);
int path_inside(const char *path);
void path_set_root(const char *root);

/* undo.c: old bytes of what was not fsynced, so that a failed fsync can drop it. */
void undo_open(const char *state);
void undo_note(int fd, uint64_t offset, uint64_t length);
void undo_forget(int fd);
void undo_apply(int fd);

/* real.c: the C library's own functions. */
struct real {
  int (*openat)(int, const char *, int, ...);
  ssize_t (*writev)(int, const struct iovec *, int);
  ssize_t (*pwritev)(int, const struct iovec *, int, off_t);
  ssize_t (*pread)(int, void *, size_t, off_t);
  int (*fsync)(int);
  int (*fdatasync)(int);
  int (*ftruncate)(int, off_t);
  int (*truncate)(const char *, off_t);
  int (*fallocate)(int, int, off_t, off_t);
  int (*posix_fallocate)(int, off_t, off_t);
  int (*renameat2)(int, const char *, int, const char *, unsigned);
  int (*linkat)(int, const char *, int, const char *, int);
  int (*symlinkat)(const char *, int, const char *);
  int (*unlinkat)(int, const char *, int);
  int (*mkdirat)(int, const char *, mode_t);
  int (*fchmod)(int, mode_t);
  int (*fchmodat)(int, const char *, mode_t, int);
  char *(*mkdtemp)(char *);
  int (*mkostemps)(char *, int, int);
  void *(*fopen)(const char *, const char *);
  void *(*freopen)(const char *, const char *, void *);
  ssize_t (*copy_file_range)(int, off_t *, int, off_t *, size_t, unsigned);
  ssize_t (*sendfile)(int, int, off_t *, size_t);
  void *(*mmap)(void *, size_t, int, int, int, off_t);
  long (*syscall)(long, ...);
  int (*clock_gettime)(int, void *);
  int (*gettimeofday)(void *, void *);
  int (*statfs)(const char *, void *);
  int (*fstatfs)(int, void *);
};
const struct real *real(void);

#endif
