/* Calls that make, change or remove names. */
#include "fault.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int exists(int dir, const char *path, struct stat *stat, int flags) {
  int saved = errno;
  int found = fstatat(dir, path, stat, flags) == 0;
  errno = saved;
  return found;
}

static int finish(struct call *call, int result) {
  int saved = call->error != 0 ? call->error : errno;
  fault_end(call);
  errno = saved;
  return result;
}

/* Keeps what O_TRUNC is about to cut. */
static void note_truncation(int dir, const char *path) {
  if (fault_mode() != MODE_EIO_ONCE && fault_mode() != MODE_EIO_EVER) return;
  int saved = errno;
  int fd = real()->openat(dir, path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    undo_note(fd, 0, UINT64_MAX);
    close(fd);
  }
  errno = saved;
}

static int open_at(const char *name, int dir, const char *path, int flags, mode_t mode) {
  char full[PATH_MAX];
  struct stat stat;
  if (!(flags & (O_CREAT | O_TRUNC | __O_TMPFILE)) || fault_mode() == MODE_OFF || !path_at(dir, path, full))
    return real()->openat(dir, path, flags, mode);
  if ((flags & O_TMPFILE) == O_TMPFILE) fault_unsupported("open O_TMPFILE", full);
  int found = exists(dir, path, &stat, 0);
  int creates = !found && (flags & O_CREAT);
  int cuts = found && (flags & O_TRUNC) && !(flags & O_EXCL) && S_ISREG(stat.st_mode) && stat.st_size > 0;
  if (!creates && !cuts) return real()->openat(dir, path, flags, mode);
  struct call call = {.name = name, .flags = creates ? NEEDS_SPACE : 0, .path = full};
  fault_begin(&call);
  int fd = -1;
  if (call.error == 0) {
    if (cuts) note_truncation(dir, path);
    fd = real()->openat(dir, path, flags, mode);
    if (fd >= 0 && exists(dir, path, &stat, 0)) {
      if (creates) undo_forget(fd); /* The number of the inode may have been another file's. */
      if (creates) fault_record(KIND_CREATE, stat.st_ino, 0, stat.st_mode & 07777, full, NULL, NULL, 0);
      else fault_record(KIND_TRUNCATE, stat.st_ino, 0, 0, full, NULL, NULL, 0);
    }
  }
  return finish(&call, fd);
}

#define MODE_ARGUMENT(flags, mode)                       \
  mode_t mode = 0;                                       \
  if ((flags) & (O_CREAT | __O_TMPFILE)) {               \
    va_list list;                                        \
    va_start(list, flags);                               \
    mode = va_arg(list, mode_t);                         \
    va_end(list);                                        \
  }

int open(const char *path, int flags, ...) {
  MODE_ARGUMENT(flags, mode)
  return open_at("open", AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE_ARGUMENT(flags, mode)
  return open_at("open", AT_FDCWD, path, flags, mode);
}
int openat(int dir, const char *path, int flags, ...) {
  MODE_ARGUMENT(flags, mode)
  return open_at("openat", dir, path, flags, mode);
}
int openat64(int dir, const char *path, int flags, ...) {
  MODE_ARGUMENT(flags, mode)
  return open_at("openat", dir, path, flags, mode);
}
int creat(const char *path, mode_t mode) {
  return open_at("creat", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

/* Streams write inside the C library, past every hook: the call is counted, and a recording is refused. */
static void *open_stream(const char *name, const char *path, const char *mode, void *stream, int again) {
  char full[PATH_MAX];
  int reads = mode != NULL && strpbrk(mode, "wa+") == NULL;
  if (path == NULL || reads || fault_mode() == MODE_OFF || !path_at(AT_FDCWD, path, full))
    return again ? real()->freopen(path, mode, stream) : real()->fopen(path, mode);
  struct call call = {.name = name, .flags = NEEDS_SPACE, .path = full};
  fault_begin(&call);
  void *result = NULL;
  if (call.error == 0) {
    result = again ? real()->freopen(path, mode, stream) : real()->fopen(path, mode);
    fault_record(KIND_UNSUPPORTED, 0, 0, 0, full, name, NULL, 0);
  }
  finish(&call, 0);
  return result;
}
FILE *fopen(const char *path, const char *mode) { return open_stream("fopen", path, mode, NULL, 0); }
FILE *fopen64(const char *path, const char *mode) { return open_stream("fopen", path, mode, NULL, 0); }
FILE *freopen(const char *path, const char *mode, FILE *stream) { return open_stream("freopen", path, mode, stream, 1); }
FILE *freopen64(const char *path, const char *mode, FILE *stream) { return open_stream("freopen", path, mode, stream, 1); }

int rename_at(const char *name, int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  char full[PATH_MAX], full2[PATH_MAX];
  struct stat stat;
  int inside = fault_mode() != MODE_OFF ? path_at(from_dir, from, full) + 2 * path_at(to_dir, to, full2) : 0;
  if (inside == 0 || !exists(from_dir, from, &stat, AT_SYMLINK_NOFOLLOW))
    return real()->renameat2(from_dir, from, to_dir, to, flags);
  struct call call = {.name = name, .flags = NEEDS_SPACE, .path = full, .path2 = full2};
  fault_begin(&call);
  int result = -1;
  if (call.error == 0) {
    result = real()->renameat2(from_dir, from, to_dir, to, flags);
    int follows = inside == 3 && (flags & ~1u) == 0; /* 1: RENAME_NOREPLACE */
    if (result == 0) fault_record(follows ? KIND_RENAME : KIND_UNSUPPORTED, 0, 0, 0, full, full2, NULL, 0);
  }
  return finish(&call, result);
}
int rename(const char *from, const char *to) { return rename_at("rename", AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  return rename_at("rename", from_dir, from, to_dir, to, 0);
}
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  return rename_at("rename", from_dir, from, to_dir, to, flags);
}

static int link_at(int from_dir, const char *from, int to_dir, const char *to, int flags) {
  char full[PATH_MAX], full2[PATH_MAX];
  struct stat stat;
  int inside = fault_mode() != MODE_OFF ? path_at(from_dir, from, full) + 2 * path_at(to_dir, to, full2) : 0;
  if (inside == 0 || exists(to_dir, to, &stat, AT_SYMLINK_NOFOLLOW)) return real()->linkat(from_dir, from, to_dir, to, flags);
  struct call call = {.name = "link", .flags = NEEDS_SPACE, .path = full, .path2 = full2};
  fault_begin(&call);
  int result = -1;
  if (call.error == 0) {
    result = real()->linkat(from_dir, from, to_dir, to, flags);
    if (result == 0) fault_record(inside == 3 ? KIND_LINK : KIND_UNSUPPORTED, 0, 0, 0, full, full2, NULL, 0);
  }
  return finish(&call, result);
}
int link(const char *from, const char *to) { return link_at(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
  return link_at(from_dir, from, to_dir, to, flags);
}

static int symlink_at(const char *target, int dir, const char *path) {
  char full[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_at(dir, path, full)) return real()->symlinkat(target, dir, path);
  struct call call = {.name = "symlink", .flags = NEEDS_SPACE, .path = full};
  fault_begin(&call);
  int result = call.error != 0 ? -1 : real()->symlinkat(target, dir, path);
  if (result == 0) fault_record(KIND_UNSUPPORTED, 0, 0, 0, full, "symlink", NULL, 0);
  return finish(&call, result);
}
int symlink(const char *target, const char *path) { return symlink_at(target, AT_FDCWD, path); }
int symlinkat(const char *target, int dir, const char *path) { return symlink_at(target, dir, path); }

static int unlink_at(const char *name, int dir, const char *path, int flags) {
  char full[PATH_MAX];
  struct stat stat;
  if (fault_mode() == MODE_OFF || !path_at(dir, path, full) || !exists(dir, path, &stat, AT_SYMLINK_NOFOLLOW))
    return real()->unlinkat(dir, path, flags);
  struct call call = {.name = name, .path = full};
  fault_begin(&call);
  int result = call.error != 0 ? -1 : real()->unlinkat(dir, path, flags);
  if (result == 0) fault_record(flags & AT_REMOVEDIR ? KIND_RMDIR : KIND_UNLINK, stat.st_ino, 0, 0, full, NULL, NULL, 0);
  return finish(&call, result);
}
int unlink(const char *path) { return unlink_at("unlink", AT_FDCWD, path, 0); }
int unlinkat(int dir, const char *path, int flags) {
  return unlink_at(flags & AT_REMOVEDIR ? "rmdir" : "unlink", dir, path, flags);
}
int rmdir(const char *path) { return unlink_at("rmdir", AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
  struct stat stat;
  int folder = exists(AT_FDCWD, path, &stat, AT_SYMLINK_NOFOLLOW) && S_ISDIR(stat.st_mode);
  return unlink_at("remove", AT_FDCWD, path, folder ? AT_REMOVEDIR : 0);
}

static int make_dir(int dir, const char *path, mode_t mode) {
  char full[PATH_MAX];
  struct stat stat;
  if (fault_mode() == MODE_OFF || !path_at(dir, path, full) || exists(dir, path, &stat, AT_SYMLINK_NOFOLLOW))
    return real()->mkdirat(dir, path, mode);
  struct call call = {.name = "mkdir", .flags = NEEDS_SPACE, .path = full};
  fault_begin(&call);
  int result = call.error != 0 ? -1 : real()->mkdirat(dir, path, mode);
  if (result == 0) fault_record(KIND_MKDIR, 0, 0, 0, full, NULL, NULL, 0);
  return finish(&call, result);
}
int mkdir(const char *path, mode_t mode) { return make_dir(AT_FDCWD, path, mode); }
int mkdirat(int dir, const char *path, mode_t mode) { return make_dir(dir, path, mode); }

char *mkdtemp(char *template) {
  char full[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_at(AT_FDCWD, template, full)) return real()->mkdtemp(template);
  struct call call = {.name = "mkdtemp", .flags = NEEDS_SPACE, .path = full};
  fault_begin(&call);
  char *result = call.error != 0 ? NULL : real()->mkdtemp(template);
  if (result != NULL && path_at(AT_FDCWD, result, full)) fault_record(KIND_MKDIR, 0, 0, 0, full, NULL, NULL, 0);
  finish(&call, 0);
  return result;
}

static int make_temp(char *template, int suffix, int flags) {
  char full[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_at(AT_FDCWD, template, full)) return real()->mkostemps(template, suffix, flags);
  struct call call = {.name = "mkstemp", .flags = NEEDS_SPACE, .path = full};
  struct stat stat;
  fault_begin(&call);
  int fd = call.error != 0 ? -1 : real()->mkostemps(template, suffix, flags);
  if (fd >= 0 && fstat(fd, &stat) == 0 && path_at(AT_FDCWD, template, full)) {
    undo_forget(fd);
    fault_record(KIND_CREATE, stat.st_ino, 0, 0600, full, NULL, NULL, 0);
  }
  return finish(&call, fd);
}
int mkstemp(char *template) { return make_temp(template, 0, 0); }
int mkstemp64(char *template) { return make_temp(template, 0, 0); }
int mkostemp(char *template, int flags) { return make_temp(template, 0, flags); }
int mkostemp64(char *template, int flags) { return make_temp(template, 0, flags); }

static int change_mode(int dir, const char *path, mode_t mode, int flags) {
  char full[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_at(dir, path, full)) return real()->fchmodat(dir, path, mode, flags);
  struct call call = {.name = "chmod", .path = full};
  fault_begin(&call);
  int result = call.error != 0 ? -1 : real()->fchmodat(dir, path, mode, flags);
  struct stat stat;
  if (result == 0 && exists(dir, path, &stat, 0))
    fault_record(KIND_CHMOD, stat.st_ino, 0, mode & 07777, full, NULL, NULL, 0);
  return finish(&call, result);
}
int chmod(const char *path, mode_t mode) { return change_mode(AT_FDCWD, path, mode, 0); }
int fchmodat(int dir, const char *path, mode_t mode, int flags) { return change_mode(dir, path, mode, flags); }
int fchmod(int fd, mode_t mode) {
  char full[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_of_fd(fd, full) || !path_inside(full)) return real()->fchmod(fd, mode);
  struct call call = {.name = "fchmod", .path = full};
  fault_begin(&call);
  int result = call.error != 0 ? -1 : real()->fchmod(fd, mode);
  struct stat stat;
  if (result == 0 && fstat(fd, &stat) == 0)
    fault_record(KIND_CHMOD, stat.st_ino, 0, mode & 07777, full, NULL, NULL, 0);
  return finish(&call, result);
}
