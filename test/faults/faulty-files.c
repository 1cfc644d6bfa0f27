/*
 * Loaded before libc into a process under test: what it does to files below one folder fails, or ends the process, at a
 * call that is chosen from outside.
 *
 * FAULTY_FOLDER is the folder, FAULTY_CONTROL a file with the words of `struct control`, which may change at any time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
  /* Calls so far that change something. */
  int seen;
  /* The first that is struck, counted from 1; 0: none. */
  int first;
  /* And so many behind it. */
  int more;
  /* What it fails with; 0: the process is killed. */
  int error;
};

static volatile struct control *control;
static const char *folder;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULTY_CONTROL");
  folder = getenv("FAULTY_FOLDER");
  if (path == NULL || folder == NULL) return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  void *memory = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) abort();
  control = memory;
}

static int is_below(const char *path) {
  return control != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_of_file_below(int fd) {
  char link[32], path[PATH_MAX];
  if (control == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

static int strikes(void) {
  int number = __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
  return control->first > 0 && number >= control->first && number <= control->first + control->more;
}

static int fail(void) {
  if (control->error == 0) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = control->error;
  return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int open_faulty(__typeof__(&open) real, const char *path, int flags, mode_t mode) {
  /* What is opened to be read is not what goes wrong on a full disk. */
  int changes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
  if (changes && is_below(path) && strikes()) return fail();
  return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_faulty(REAL(open), path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_faulty(REAL(open64), path, flags, mode);
}

/* Half of it is written: what a full disk takes, and what a kill leaves. */
ssize_t write(int fd, const void *octets, size_t length) {
  if (!is_of_file_below(fd) || !strikes()) return REAL(write)(fd, octets, length);
  REAL(write)(fd, octets, length / 2);
  return fail();
}

ssize_t pwrite64(int fd, const void *octets, size_t length, off64_t at) {
  if (!is_of_file_below(fd) || !strikes()) return REAL(pwrite64)(fd, octets, length, at);
  REAL(pwrite64)(fd, octets, length / 2, at);
  return fail();
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (is_of_file_below(fd) && strikes()) return fail();
  return REAL(writev)(fd, parts, count);
}

int fsync(int fd) {
  if (is_of_file_below(fd) && strikes()) return fail();
  return REAL(fsync)(fd);
}

int fdatasync(int fd) {
  if (is_of_file_below(fd) && strikes()) return fail();
  return REAL(fdatasync)(fd);
}

int rename(const char *from, const char *to) {
  if (is_below(to) && strikes()) return fail();
  return REAL(rename)(from, to);
}

int unlink(const char *path) {
  if (is_below(path) && strikes()) return fail();
  return REAL(unlink)(path);
}
