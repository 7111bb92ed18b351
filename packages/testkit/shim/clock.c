/* The wall clock, which jumps at the chosen call in the modes clock-forward and clock-back. */
#include "fault.h"
#include <sys/time.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *out) {
  int result = real()->clock_gettime(clock, out);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) out->tv_sec += fault_clock_jump();
  return result;
}

int gettimeofday(struct timeval *out, void *zone) {
  int result = real()->gettimeofday(out, zone);
  if (result == 0 && out != NULL) out->tv_sec += fault_clock_jump();
  return result;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
