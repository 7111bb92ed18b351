/*
 * After a failed fsync Linux marks the pages clean: what was not on the disk may be gone at the next read, and the next
 * fsync says yes. To show that at once, the old bytes of each unsynced write are kept, per inode, in a file beside the
 * shared page, and put back when fsync is made to fail.
 */
#include "fault.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
  uint64_t offset, length, old_size;
};

static char prefix[PATH_MAX - 64];

void undo_open(const char *state) { snprintf(prefix, sizeof prefix, "%s.undo", state); }

static int name_of(int fd, char out[PATH_MAX], struct stat *stat) {
  if (fstat(fd, stat) != 0 || !S_ISREG(stat->st_mode)) return 0;
  snprintf(out, PATH_MAX, "%s.%llu", prefix, (unsigned long long)stat->st_ino);
  return 1;
}

/* Reads through a descriptor of its own: the caller's may be write-only. */
static int reader_of(int fd) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  return real()->openat(AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
}

void undo_note(int fd, uint64_t offset, uint64_t length) {
  int saved = errno;
  char name[PATH_MAX];
  struct stat stat;
  if (!name_of(fd, name, &stat)) return;
  struct entry entry = {offset, 0, (uint64_t)stat.st_size};
  if (offset < entry.old_size)
    entry.length = length < entry.old_size - offset ? length : entry.old_size - offset;
  char *old = malloc(entry.length + 1);
  int reader = entry.length > 0 ? reader_of(fd) : -1;
  for (uint64_t have = 0; reader >= 0 && have < entry.length;) {
    ssize_t got = real()->pread(reader, old + have, entry.length - have, (off_t)(offset + have));
    if (got <= 0) abort();
    have += (uint64_t)got;
  }
  if (reader >= 0) close(reader);
  int log = real()->openat(AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  /* Bytes first, so that the entries can be read from the end of the file. */
  struct iovec parts[2] = {{old, entry.length}, {&entry, sizeof entry}};
  if (log < 0 || real()->writev(log, parts, 2) != (ssize_t)(entry.length + sizeof entry)) abort();
  close(log);
  free(old);
  errno = saved;
}

void undo_forget(int fd) {
  int saved = errno;
  char name[PATH_MAX];
  struct stat stat;
  if (name_of(fd, name, &stat)) real()->unlinkat(AT_FDCWD, name, 0);
  errno = saved;
}

void undo_apply(int fd) {
  int saved = errno;
  char name[PATH_MAX];
  struct stat stat, log_stat;
  if (!name_of(fd, name, &stat)) return;
  int log = real()->openat(AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
  if (log < 0) { errno = saved; return; }
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int file = real()->openat(AT_FDCWD, link, O_RDWR | O_CLOEXEC);
  if (file < 0 || fstat(log, &log_stat) != 0) abort();
  for (off_t end = log_stat.st_size; end > 0;) {
    struct entry entry;
    end -= (off_t)sizeof entry;
    if (real()->pread(log, &entry, sizeof entry, end) != (ssize_t)sizeof entry) abort();
    end -= (off_t)entry.length;
    char *old = malloc(entry.length + 1);
    struct iovec bytes = {old, entry.length};
    if (real()->pread(log, old, entry.length, end) != (ssize_t)entry.length) abort();
    if (real()->ftruncate(file, (off_t)entry.old_size) != 0) abort();
    if (entry.length > 0 && real()->pwritev(file, &bytes, 1, (off_t)entry.offset) != (ssize_t)entry.length) abort();
    free(old);
  }
  close(file);
  close(log);
  real()->unlinkat(AT_FDCWD, name, 0);
  errno = saved;
}
