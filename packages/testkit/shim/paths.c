#include "fault.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char root[PATH_MAX];
static size_t root_length;

void path_set_root(const char *path) {
  root_length = strlen(path);
  if (root_length >= sizeof root) root_length = 0;
  memcpy(root, path, root_length);
}

int path_inside(const char *path) {
  return root_length > 0 && strncmp(path, root, root_length) == 0 &&
         (path[root_length] == '/' || path[root_length] == '\0');
}

/* The link text of an open descriptor: a path, or "socket:[1]". Stateless, so that dup and inherited ones are right. */
int path_of_fd(int fd, char out[PATH_MAX]) {
  char link[40];
  int saved = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, out, PATH_MAX - 1);
  errno = saved;
  if (length < 0) return 0;
  out[length] = '\0';
  return 1;
}

/* Takes out empty parts, "." and "..", in place. Links are not followed: a data root has none. */
static void tidy(char *path) {
  char *write = path;
  const char *read = path;
  while (*read != '\0') {
    while (*read == '/') read++;
    const char *end = strchrnul(read, '/');
    size_t length = (size_t)(end - read);
    if (length == 2 && read[0] == '.' && read[1] == '.') {
      while (write > path && *--write != '/') {}
    } else if (length > 0 && !(length == 1 && read[0] == '.')) {
      *write++ = '/';
      memmove(write, read, length);
      write += length;
    }
    read = end;
  }
  *write = '\0';
}

int path_at(int dirfd, const char *path, char out[PATH_MAX]) {
  if (path == NULL) return 0;
  int saved = errno;
  char base[PATH_MAX];
  base[0] = '\0';
  if (path[0] != '/') {
    if (dirfd == AT_FDCWD ? getcwd(base, sizeof base) == NULL : !path_of_fd(dirfd, base)) {
      errno = saved;
      return 0;
    }
  }
  errno = saved;
  size_t used = strlen(base);
  size_t more = strlen(path);
  if (used + more + 2 > PATH_MAX) return 0;
  memcpy(out, base, used);
  out[used] = '/';
  memcpy(out + used + 1, path, more + 1);
  tidy(out);
  return path_inside(out);
}
