/* The page that all processes of a run share, the decision what happens to a call, the log and the recording. */
#include "fault.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The 64-bit fields are read and written by src/fault-page.ts, by offset. Mode, n and seed stand here and not in each
 * process, so that a process that lives on can be given the next fault.
 */
struct page {
  _Atomic uint64_t calls, eligible, fired_at, fired, unsupported, processes;
  _Atomic uint64_t mode, n, seed;
  _Atomic int64_t clock_jump;
  _Atomic uint32_t ready;
  char ack[64];
  pthread_mutex_t lock;
};

static struct {
  uint64_t free_bytes;
  int log, record, real_sync;
  struct page *page;
} config = {.log = -1, .record = -1};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static enum mode parse(const char *name) {
  static const char *const names[] = {"off", "none", "kill", "kill-all", "eio-once", "eio-ever",
                                      "enospc-once", "enospc-ever", "torn", "short", "clock-forward", "clock-back",
                                      "record"};
  for (size_t i = 1; name != NULL && i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return (enum mode)i;
  abort(); /* A misspelled mode would look like a pass. */
}

static uint64_t number(const char *name) {
  const char *text = getenv(name);
  return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static void prepare(struct page *page) {
  uint32_t fresh = 0;
  if (atomic_compare_exchange_strong(&page->ready, &fresh, 1)) {
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&page->lock, &shared);
    char target[PATH_MAX];
    if (path_of_fd(1, target)) snprintf(page->ack, sizeof page->ack, "%.63s", target);
    atomic_store(&page->mode, parse(getenv("FAULT_MODE")));
    atomic_store(&page->n, number("FAULT_N"));
    atomic_store(&page->seed, number("FAULT_SEED"));
    atomic_store(&page->ready, 2);
  }
  while (atomic_load(&page->ready) != 2) usleep(100);
}

static void load(void) {
  const char *state = getenv("FAULT_STATE"), *root = getenv("FAULT_ROOT");
  if (state == NULL || root == NULL) return;
  int fd = real()->openat(AT_FDCWD, state, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();
  struct page *page = real()->mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) abort();
  close(fd);
  config.free_bytes = number("FAULT_FREE");
  const char *sync = getenv("FAULT_SYNC");
  config.real_sync = sync != NULL && strcmp(sync, "real") == 0;
  path_set_root(root);
  undo_open(state);
  prepare(page);
  atomic_fetch_add(&page->processes, 1);
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  config.log = real()->openat(AT_FDCWD, getenv("FAULT_LOG"), flags, 0600);
  if (config.log < 0) abort();
  if (atomic_load(&page->mode) == MODE_RECORD) {
    config.record = real()->openat(AT_FDCWD, getenv("FAULT_RECORD"), flags, 0600);
    if (config.record < 0) abort();
  }
  config.page = page; /* Last: from now on calls are counted. */
}

__attribute__((constructor)) static void start(void) { pthread_once(&once, load); }

static enum mode mode_now(void) { return config.page == NULL ? MODE_OFF : (enum mode)atomic_load(&config.page->mode); }

enum mode fault_mode(void) {
  pthread_once(&once, load);
  return mode_now();
}

uint64_t fault_free_bytes(void) { return config.free_bytes; }

/* More than a day, so that "today" changes too. Monotonic clocks go on. */
int64_t fault_clock_jump(void) {
  if (mode_now() != MODE_CLOCK_FORWARD && mode_now() != MODE_CLOCK_BACK) return 0;
  return atomic_load(&config.page->clock_jump);
}

int fault_real_sync(void) { return config.real_sync; }

/* Only these need that the order of the calls is the order of the notes. */
static int ordered(void) {
  return mode_now() == MODE_RECORD || mode_now() == MODE_EIO_ONCE || mode_now() == MODE_EIO_EVER;
}

static void lock(void) {
  if (pthread_mutex_lock(&config.page->lock) == EOWNERDEAD) pthread_mutex_consistent(&config.page->lock);
}

static void put(int fd, const struct iovec *parts, int count, size_t size) {
  if (real()->writev(fd, parts, count) != (ssize_t)size) abort(); /* Half a line would be a false record. */
}

static void note(const struct call *call, uint64_t eligible) {
  char line[2 * PATH_MAX + 200];
  int length = snprintf(line, sizeof line, "%llu\t%llu\t%s\t%s\t%s\t%llu\t%d\t%ld\n",
                        (unsigned long long)call->number, (unsigned long long)eligible, call->name, call->path,
                        call->path2 == NULL ? "" : call->path2, (unsigned long long)call->size, (int)getpid(),
                        real()->syscall(SYS_gettid));
  struct iovec part = {line, (size_t)length};
  put(config.log, &part, 1, (size_t)length);
}

static int can_disturb(const struct call *call) {
  switch (mode_now()) {
    case MODE_ENOSPC_ONCE: case MODE_ENOSPC_EVER: return (call->flags & NEEDS_SPACE) != 0;
    case MODE_TORN: case MODE_SHORT: return (call->flags & MOVES_BYTES) != 0 && call->size > 1;
    default: return 1;
  }
}

static uint64_t mixed(uint64_t value) { /* splitmix64 */
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

/* From 1 to size - 1 bytes: any number, or whole sectors, or whole pages, as the seed says. */
static uint64_t part_of(uint64_t size) {
  static const uint64_t units[] = {1, 512, 4096};
  uint64_t value = mixed(atomic_load(&config.page->seed) ^ mixed(atomic_load(&config.page->n)));
  uint64_t unit = units[value % 3];
  uint64_t most = (size - 1) / unit;
  if (most == 0) return 1 + value % (size - 1);
  return unit * (1 + (value >> 8) % most);
}

static void die(void) {
  kill(mode_now() == MODE_KILL_ALL ? 0 : getpid(), SIGKILL);
  for (;;) pause();
}

static void decide(struct call *call, uint64_t eligible) {
  int ever = mode_now() == MODE_EIO_EVER || mode_now() == MODE_ENOSPC_EVER;
  uint64_t n = atomic_load(&config.page->n);
  if (n == 0 || mode_now() == MODE_NONE || mode_now() == MODE_RECORD) return;
  if (ever ? eligible < n : eligible != n) return;
  uint64_t first = 0;
  atomic_compare_exchange_strong(&config.page->fired_at, &first, call->number);
  atomic_fetch_add(&config.page->fired, 1);
  switch (mode_now()) {
    case MODE_KILL: case MODE_KILL_ALL: die(); break;
    case MODE_EIO_ONCE: case MODE_EIO_EVER: call->error = EIO; break;
    case MODE_ENOSPC_ONCE: case MODE_ENOSPC_EVER: call->error = ENOSPC; break;
    case MODE_TORN: call->part = part_of(call->size); call->die = 1; break;
    case MODE_CLOCK_FORWARD: atomic_store(&config.page->clock_jump, 25 * 3600); break;
    case MODE_CLOCK_BACK: atomic_store(&config.page->clock_jump, -25 * 3600); break;
    case MODE_SHORT: call->part = part_of(call->size); break;
    default: break;
  }
}

void fault_begin(struct call *call) {
  int saved = errno;
  call->part = call->size;
  if (ordered()) lock();
  call->number = atomic_fetch_add(&config.page->calls, 1) + 1;
  uint64_t eligible = 0;
  if (can_disturb(call)) eligible = atomic_fetch_add(&config.page->eligible, 1) + 1;
  note(call, eligible);
  if (eligible != 0) decide(call, eligible);
  errno = saved;
}

void fault_end(struct call *call) {
  int saved = errno;
  if (ordered()) pthread_mutex_unlock(&config.page->lock);
  if (call->die) die();
  errno = saved;
}

void fault_record(enum kind kind, uint64_t inode, uint64_t offset, uint64_t size, const char *path,
                  const char *path2, const struct iovec *bytes, int count) {
  if (mode_now() != MODE_RECORD) return;
  uint64_t total = 0;
  for (int i = 0; i < count; i++) total += bytes[i].iov_len;
  uint64_t length = path == NULL ? 0 : strlen(path), length2 = path2 == NULL ? 0 : strlen(path2);
  uint64_t head[7] = {kind, inode, offset, size, length, length2, total};
  char *joined = malloc(total + 1);
  char *end = joined;
  for (int i = 0; i < count; i++) end = (char *)mempcpy(end, bytes[i].iov_base, bytes[i].iov_len);
  struct iovec parts[4] = {
      {head, sizeof head}, {(void *)path, length}, {(void *)path2, length2}, {joined, total}};
  put(config.record, parts, 4, sizeof head + length + length2 + total);
  free(joined);
}

int fault_is_ack(const char *target) {
  return mode_now() == MODE_RECORD && config.page->ack[0] != '\0' &&
         strncmp(target, config.page->ack, sizeof config.page->ack) == 0;
}

void fault_unsupported(const char *name, const char *path) {
  atomic_fetch_add(&config.page->unsupported, 1);
  struct call call = {.name = name, .path = path};
  fault_begin(&call);
  fault_record(KIND_UNSUPPORTED, 0, 0, 0, path, name, NULL, 0);
  fault_end(&call);
}
