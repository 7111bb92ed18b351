/* How much room the disk seems to have. Code that looks first would else do other calls on another machine. */
#include "fault.h"
#include <fcntl.h>
#include <sys/vfs.h>

static int shown(int result, int inside, struct statfs *out) {
  if (result == 0 && inside && fault_free_bytes() != 0 && out->f_bsize > 0)
    out->f_bavail = out->f_bfree = fault_free_bytes() / (uint64_t)out->f_bsize;
  return result;
}

int statfs(const char *path, struct statfs *out) {
  char full[PATH_MAX];
  int inside = fault_mode() != MODE_OFF && path_at(AT_FDCWD, path, full);
  return shown(real()->statfs(path, out), inside, out);
}
int statfs64(const char *path, struct statfs64 *out) { return statfs(path, (struct statfs *)out); }

int fstatfs(int fd, struct statfs *out) {
  char path[PATH_MAX];
  int inside = fault_mode() != MODE_OFF && path_of_fd(fd, path) && path_inside(path);
  return shown(real()->fstatfs(fd, out), inside, out);
}
int fstatfs64(int fd, struct statfs64 *out) { return fstatfs(fd, (struct statfs *)out); }
