/* Calls that change a file through a descriptor. Names and folders: names.c. */
#include "fault.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int rename_at(const char *name, int from_dir, const char *from, int to_dir, const char *to, unsigned flags);

static uint64_t inode_of(int fd) {
  struct stat stat;
  return fstat(fd, &stat) == 0 ? stat.st_ino : 0;
}

static int drops_unsynced(void) { return fault_mode() == MODE_EIO_ONCE || fault_mode() == MODE_EIO_EVER; }

/* Where the bytes of this write go. */
static uint64_t position(int fd, off_t offset) {
  struct stat stat;
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_APPEND) && fstat(fd, &stat) == 0) return (uint64_t)stat.st_size;
  return (uint64_t)(offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR));
}

static void note_ack(const char *path, const struct iovec *parts, int count) {
  struct call call = {.name = "ack", .path = path};
  fault_begin(&call);
  fault_record(KIND_ACK, 0, 0, 0, NULL, NULL, parts, count);
  fault_end(&call);
}

static ssize_t send_parts(int fd, const struct iovec *parts, int count, off_t offset) {
  return offset >= 0 ? real()->pwritev(fd, parts, count, offset) : real()->writev(fd, parts, count);
}

/* The whole write family. offset < 0: at the descriptor's own position. */
static ssize_t write_parts(const char *name, int fd, const struct iovec *parts, int count, off_t offset) {
  char path[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_of_fd(fd, path)) return send_parts(fd, parts, count, offset);
  if (!path_inside(path)) {
    if (fault_is_ack(path)) note_ack(path, parts, count);
    return send_parts(fd, parts, count, offset);
  }
  uint64_t size = 0;
  for (int i = 0; i < count; i++) size += parts[i].iov_len;
  if (size == 0) return send_parts(fd, parts, count, offset);
  struct call call = {.name = name, .flags = NEEDS_SPACE | MOVES_BYTES, .path = path, .size = size};
  fault_begin(&call);
  ssize_t done = -1;
  if (call.error == 0) {
    uint64_t at = position(fd, offset);
    if (drops_unsynced()) undo_note(fd, at, size);
    struct iovec cut[count];
    uint64_t left = call.part;
    int used = 0;
    for (; used < count && left > 0; used++) {
      cut[used] = parts[used];
      if (cut[used].iov_len > left) cut[used].iov_len = left;
      left -= cut[used].iov_len;
    }
    done = send_parts(fd, cut, used, offset);
    if (done == (ssize_t)call.part) {
      fault_record(KIND_WRITE, inode_of(fd), at, (uint64_t)done, path, NULL, cut, used);
    } else if (done > 0) { /* The system itself wrote less: record what arrived. */
      char *joined = malloc(call.part), *end = joined;
      for (int i = 0; i < used; i++) end = (char *)mempcpy(end, cut[i].iov_base, cut[i].iov_len);
      struct iovec arrived = {joined, (size_t)done};
      fault_record(KIND_WRITE, inode_of(fd), at, (uint64_t)done, path, NULL, &arrived, 1);
      free(joined);
    }
  }
  int saved = call.error != 0 ? call.error : errno;
  fault_end(&call);
  errno = saved;
  return done;
}

ssize_t write(int fd, const void *data, size_t size) {
  struct iovec part = {(void *)data, size};
  return write_parts("write", fd, &part, 1, -1);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  struct iovec part = {(void *)data, size};
  return write_parts("pwrite", fd, &part, 1, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return pwrite(fd, data, size, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return write_parts("writev", fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return write_parts("pwritev", fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
  return write_parts("pwritev", fd, parts, count, offset);
}
ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags) {
  (void)flags; /* Hints on how, not on what. */
  return write_parts("pwritev", fd, parts, count, offset);
}
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off_t offset, int flags) {
  return pwritev2(fd, parts, count, offset, flags);
}

static int sync_file(const char *name, int fd, int (*function)(int)) {
  char path[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_of_fd(fd, path) || !path_inside(path)) return function(fd);
  struct call call = {.name = name, .path = path};
  fault_begin(&call);
  int result = -1;
  if (call.error != 0) {
    undo_apply(fd);
  } else {
    result = fault_real_sync() ? function(fd) : 0;
    if (result == 0 && drops_unsynced()) undo_forget(fd);
    if (result == 0) fault_record(KIND_SYNC, inode_of(fd), 0, 0, path, NULL, NULL, 0);
  }
  int saved = call.error != 0 ? call.error : errno;
  fault_end(&call);
  errno = saved;
  return result;
}

int fsync(int fd) { return sync_file("fsync", fd, real()->fsync); }
int fdatasync(int fd) { return sync_file("fdatasync", fd, real()->fdatasync); }

static int resize(const char *name, int fd, off_t length) {
  char path[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_of_fd(fd, path) || !path_inside(path)) return real()->ftruncate(fd, length);
  struct stat stat;
  int grows = fstat(fd, &stat) == 0 && length > stat.st_size;
  struct call call = {.name = name, .flags = grows ? NEEDS_SPACE : 0, .path = path, .size = (uint64_t)length};
  fault_begin(&call);
  int result = -1;
  if (call.error == 0) {
    if (drops_unsynced()) undo_note(fd, (uint64_t)length, UINT64_MAX);
    result = real()->ftruncate(fd, length);
    if (result == 0) fault_record(KIND_TRUNCATE, inode_of(fd), 0, (uint64_t)length, path, NULL, NULL, 0);
  }
  int saved = call.error != 0 ? call.error : errno;
  fault_end(&call);
  errno = saved;
  return result;
}

int ftruncate(int fd, off_t length) { return resize("ftruncate", fd, length); }
int ftruncate64(int fd, off_t length) { return resize("ftruncate", fd, length); }
static int truncate_path(const char *path, off_t length) {
  char full[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_at(AT_FDCWD, path, full)) return real()->truncate(path, length);
  int fd = real()->openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int result = resize("truncate", fd, length);
  int saved = errno;
  close(fd);
  errno = saved;
  return result;
}
int truncate(const char *path, off_t length) { return truncate_path(path, length); }
int truncate64(const char *path, off_t length) { return truncate_path(path, length); }

static int allocate(int fd, int mode, off_t offset, off_t length) {
  char path[PATH_MAX];
  if (fault_mode() == MODE_OFF || !path_of_fd(fd, path) || !path_inside(path))
    return real()->fallocate(fd, mode, offset, length);
  int frees = (mode & FALLOC_FL_PUNCH_HOLE) != 0;
  struct call call = {.name = "fallocate", .flags = frees ? 0 : NEEDS_SPACE, .path = path, .size = (uint64_t)length};
  fault_begin(&call);
  int result = -1;
  if (call.error == 0) {
    struct stat before, after;
    if (drops_unsynced()) undo_note(fd, (uint64_t)offset, (uint64_t)length);
    int known = fstat(fd, &before) == 0;
    result = real()->fallocate(fd, mode, offset, length);
    known = known && fstat(fd, &after) == 0;
    if (result == 0 && (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0)
      fault_record(KIND_UNSUPPORTED, 0, 0, 0, path, "fallocate", NULL, 0);
    if (result == 0 && known && after.st_size > before.st_size)
      fault_record(KIND_TRUNCATE, inode_of(fd), 0, (uint64_t)after.st_size, path, NULL, NULL, 0);
    if (result == 0 && (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0)
      fault_record(KIND_ZERO, inode_of(fd), (uint64_t)offset, (uint64_t)length, path, NULL, NULL, 0);
  }
  int saved = call.error != 0 ? call.error : errno;
  fault_end(&call);
  errno = saved;
  return result;
}

int fallocate(int fd, int mode, off_t offset, off_t length) { return allocate(fd, mode, offset, length); }
int fallocate64(int fd, int mode, off_t offset, off_t length) { return allocate(fd, mode, offset, length); }
int posix_fallocate(int fd, off_t offset, off_t length) { /* Gives the error back, leaves errno alone. */
  int saved = errno;
  int result = allocate(fd, 0, offset, length) == 0 ? 0 : errno;
  errno = saved;
  return result;
}
int posix_fallocate64(int fd, off_t offset, off_t length) { return posix_fallocate(fd, offset, length); }

/* A copy inside the kernel: the bytes are read back for the recording. */
static void record_copied(int fd, const char *path, uint64_t at, size_t size) {
  if (fault_mode() != MODE_RECORD) return;
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int reader = real()->openat(AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
  char *bytes = malloc(size + 1);
  struct iovec part = {bytes, size};
  if (reader < 0 || real()->pread(reader, bytes, size, (off_t)at) != (ssize_t)size) abort();
  fault_record(KIND_WRITE, inode_of(fd), at, size, path, NULL, &part, 1);
  close(reader);
  free(bytes);
}

static ssize_t copy_bytes(const char *name, int in, off_t *in_at, int out, off_t *out_at, size_t size, unsigned flags) {
  char path[PATH_MAX];
  int plain = strcmp(name, "sendfile") == 0;
  if (fault_mode() == MODE_OFF || !path_of_fd(out, path) || !path_inside(path))
    return plain ? real()->sendfile(out, in, in_at, size) : real()->copy_file_range(in, in_at, out, out_at, size, flags);
  struct stat stat;
  off_t start = in_at != NULL ? *in_at : lseek(in, 0, SEEK_CUR);
  if (fstat(in, &stat) == 0 && S_ISREG(stat.st_mode) && start >= 0)
    size = start >= stat.st_size ? 0 : size < (size_t)(stat.st_size - start) ? size : (size_t)(stat.st_size - start);
  if (size == 0) return 0;
  struct call call = {.name = name, .flags = NEEDS_SPACE | MOVES_BYTES, .path = path, .size = size};
  fault_begin(&call);
  ssize_t done = -1;
  if (call.error == 0) {
    uint64_t at = position(out, out_at != NULL ? *out_at : -1);
    if (drops_unsynced()) undo_note(out, at, size);
    done = plain ? real()->sendfile(out, in, in_at, call.part)
                 : real()->copy_file_range(in, in_at, out, out_at, call.part, flags);
    if (done > 0) record_copied(out, path, at, (size_t)done);
  }
  int saved = call.error != 0 ? call.error : errno;
  fault_end(&call);
  errno = saved;
  return done;
}

ssize_t copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t size, unsigned flags) {
  return copy_bytes("copy_file_range", in, in_at, out, out_at, size, flags);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t size) {
  return copy_bytes("sendfile", in, offset, out, NULL, size, 0);
}
ssize_t sendfile64(int out, int in, off_t *offset, size_t size) { return sendfile(out, in, offset, size); }

/* SQLite's -shm is shared by mmap and rebuilt after a crash. Any other file written that way could not be followed. */
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  char path[PATH_MAX];
  if (fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE) && fault_mode() != MODE_OFF &&
      path_of_fd(fd, path) && path_inside(path)) {
    size_t size = strlen(path);
    if (size < 4 || strcmp(path + size - 4, "-shm") != 0) fault_unsupported("mmap", path);
  }
  return real()->mmap(address, length, protection, flags, fd, offset);
}
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  return mmap(address, length, protection, flags, fd, offset);
}

/* libuv and DuckDB reach some calls by number. */
long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (fault_mode() != MODE_OFF) {
    switch (number) {
      case SYS_copy_file_range:
        return copy_file_range((int)a[0], (off_t *)a[1], (int)a[2], (off_t *)a[3], (size_t)a[4], (unsigned)a[5]);
      case SYS_renameat2:
        return rename_at("renameat2", (int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3], (unsigned)a[4]);
      case SYS_io_uring_setup: /* Its requests would pass by every hook. libuv then uses threads. */
        errno = ENOSYS;
        return -1;
      case SYS_write: return write((int)a[0], (const void *)a[1], (size_t)a[2]);
      case SYS_pwrite64: return pwrite((int)a[0], (const void *)a[1], (size_t)a[2], (off_t)a[3]);
      case SYS_fsync: return fsync((int)a[0]);
      case SYS_fdatasync: return fdatasync((int)a[0]);
      default: break;
    }
  }
  return real()->syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
