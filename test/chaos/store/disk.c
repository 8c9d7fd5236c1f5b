/*
 * A disk that remembers and that fails: preloaded into a process, it stands between that process and
 * the files of a store, `data.mdb` and `commits.log`. disk.ts compiles it and reads what it writes.
 *
 * GREENROOM_DISK_LOG=FILE     appends a record for everything that changes one of the files, before it is
 *                             done, and one for each sync, after it is done. The process may append
 *                             records of its own.
 * GREENROOM_DISK_FAIL=N:HOW   the N-th call that writes or syncs one of the files fails, and every one
 *                             after it: HOW is "eio" (syncs and writes), "sync" (syncs alone count and
 *                             fail, with EIO) or "full" (writes alone count and fail, with ENOSPC).
 *
 * A record: kind u16, file u16, length u32, offset u64, number u64, then `length` bytes. Files: 1 the data
 * file, 2 the commit log. Kinds: 1 write, 2 all writes of the file up to `number` are durable, 3 the write
 * `number` alone is durable, 4 cut to `offset`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, DURABLE = 2, DURABLE_ALONE = 3, CUT = 4 };
enum { MAX_PARTS = 1024 };

struct record {
  uint16_t kind, file;
  uint32_t length;
  uint64_t offset, number;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t writes;
static long calls;
static int log_fd = -1;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_ftruncate)(int, off_t);

__attribute__((constructor)) static void begin(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite");
  real_pwritev = dlsym(RTLD_NEXT, "pwritev");
  real_write = dlsym(RTLD_NEXT, "write");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
  const char *path = getenv("GREENROOM_DISK_LOG");
  if (path != NULL) log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Whether a descriptor is of a file so named. They come and go; asking the kernel is slow and right. */
static int is_of(int fd, const char *name) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1), wanted = (ssize_t)strlen(name);
  if (length < wanted) return 0;
  path[length] = 0;
  return strcmp(path + length - wanted, name) == 0;
}

static uint16_t file_of(int fd) { return is_of(fd, "/data.mdb") ? 1 : is_of(fd, "/commits.log") ? 2 : 0; }
/* Where the store tries whether the disk takes anything: fails like the data file, and is not noted. */
static int is_probe(int fd) { return is_of(fd, "/data.mdb.new"); }

static int is_durable_by_itself(int fd) { return (fcntl(fd, F_GETFL) & O_DSYNC) != 0; }

/* The error that this call has to fail with; 0 for none. */
static int trouble(int is_sync) {
  static const char *plan;
  static int has_looked;
  int error = 0;
  pthread_mutex_lock(&lock);
  if (!has_looked) plan = getenv("GREENROOM_DISK_FAIL");
  has_looked = 1;
  if (plan != NULL) {
    const char *how = strchr(plan, ':');
    how = how == NULL ? "eio" : how + 1;
    int counts = strcmp(how, "sync") == 0 ? is_sync : strcmp(how, "full") == 0 ? !is_sync : 1;
    if (counts && ++calls >= atol(plan)) error = strcmp(how, "full") == 0 ? ENOSPC : EIO;
  }
  pthread_mutex_unlock(&lock);
  return error;
}

static void note(struct record record, const struct iovec *parts, int count) {
  struct iovec all[MAX_PARTS + 1];
  if (log_fd < 0 || count > MAX_PARTS) return;
  all[0].iov_base = &record;
  all[0].iov_len = sizeof record;
  if (count > 0) memcpy(all + 1, parts, (size_t)count * sizeof *parts);
  if (real_writev(log_fd, all, count + 1) < 0) abort();
}

static uint64_t note_write(uint16_t file, const struct iovec *parts, int count, off_t offset) {
  uint32_t length = 0;
  for (int at = 0; at < count; at++) length += parts[at].iov_len;
  pthread_mutex_lock(&lock);
  uint64_t number = ++writes;
  note((struct record){WRITE, file, length, (uint64_t)offset, number}, parts, count);
  pthread_mutex_unlock(&lock);
  return number;
}

static uint64_t writes_so_far(void) {
  pthread_mutex_lock(&lock);
  uint64_t number = writes;
  pthread_mutex_unlock(&lock);
  return number;
}

static void note_durable(int kind, uint16_t file, uint64_t number) {
  pthread_mutex_lock(&lock);
  note((struct record){(uint16_t)kind, file, 0, 0, number}, NULL, 0);
  pthread_mutex_unlock(&lock);
}

#define FAIL_IF_PLANNED(fd, is_sync)                                       \
  do {                                                                     \
    int error = file_of(fd) != 0 || is_probe(fd) ? trouble(is_sync) : 0;        \
    if (error != 0) {                                                      \
      errno = error;                                                       \
      return -1;                                                           \
    }                                                                      \
  } while (0)

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  FAIL_IF_PLANNED(fd, 0);
  uint16_t file = file_of(fd);
  if (file == 0) return real_pwritev(fd, parts, count, offset);
  uint64_t number = note_write(file, parts, count, offset);
  ssize_t done = real_pwritev(fd, parts, count, offset);
  if (done >= 0 && is_durable_by_itself(fd)) note_durable(DURABLE_ALONE, file, number);
  return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  FAIL_IF_PLANNED(fd, 0);
  uint16_t file = file_of(fd);
  if (file == 0) return real_pwrite(fd, bytes, length, offset);
  struct iovec part = {(void *)bytes, length};
  uint64_t number = note_write(file, &part, 1, offset);
  ssize_t done = real_pwrite(fd, bytes, length, offset);
  if (done >= 0 && is_durable_by_itself(fd)) note_durable(DURABLE_ALONE, file, number);
  return done;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  FAIL_IF_PLANNED(fd, 0);
  uint16_t file = file_of(fd);
  if (file == 0) return real_write(fd, bytes, length);
  struct iovec part = {(void *)bytes, length};
  uint64_t number = note_write(file, &part, 1, lseek(fd, 0, SEEK_CUR));
  ssize_t done = real_write(fd, bytes, length);
  if (done >= 0 && is_durable_by_itself(fd)) note_durable(DURABLE_ALONE, file, number);
  return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  FAIL_IF_PLANNED(fd, 0);
  uint16_t file = file_of(fd);
  if (file == 0) return real_writev(fd, parts, count);
  uint64_t number = note_write(file, parts, count, lseek(fd, 0, SEEK_CUR));
  ssize_t done = real_writev(fd, parts, count);
  if (done >= 0 && is_durable_by_itself(fd)) note_durable(DURABLE_ALONE, file, number);
  return done;
}

static int synced(int fd, int (*real)(int)) {
  FAIL_IF_PLANNED(fd, 1);
  uint16_t file = file_of(fd);
  if (file == 0) return real(fd);
  uint64_t number = writes_so_far();
  int result = real(fd);
  if (result == 0) note_durable(DURABLE, file, number);
  return result;
}

int fdatasync(int fd) { return synced(fd, real_fdatasync); }
int fsync(int fd) { return synced(fd, real_fsync); }

int ftruncate(int fd, off_t length) {
  FAIL_IF_PLANNED(fd, 0);
  uint16_t file = file_of(fd);
  if (file == 0) return real_ftruncate(fd, length);
  pthread_mutex_lock(&lock);
  note((struct record){CUT, file, 0, (uint64_t)length, ++writes}, NULL, 0);
  pthread_mutex_unlock(&lock);
  return real_ftruncate(fd, length);
}

/*
 * After a write that failed, LMDB as lmdb-js has it prints what it tried to write into 100 bytes, with two or three
 * sizes of parts of which it may have only one. The others are what lies on its stack, and up to 116 bytes come
 * out: they damage the heap of the process, which then ends by SIGABRT (about once in 200). With a bound here each
 * end of a process is the store's own.
 */
int sprintf(char *to, const char *format, ...) {
  static const char LMDB[] = "Attempting to write page";
  va_list values;
  va_start(values, format);
  int length = strncmp(format, LMDB, sizeof LMDB - 1) == 0 ? vsnprintf(to, 100, format, values)
                                                           : vsprintf(to, format, values);
  va_end(values);
  return length;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  return pwrite(fd, bytes, length, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
  return pwritev(fd, parts, count, offset);
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }
