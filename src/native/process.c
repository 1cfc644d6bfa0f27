/*
 * What a process asks of the system beside sockets for questions: to be another user, with no right left but that to ports
 * below 1024, a word to the service manager, and how its memory is laid out and its threads are scheduled. process.ts is
 * its other side.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <node_api.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

/* Octets of an entry of the user database, its texts included. */
enum { USER_OCTETS_MAX = 16384 };
/* Octets of a user's name, as useradd bounds it, and of a word to the service manager: it is a few short lines. */
enum { NAME_OCTETS_MAX = 256, NOTICE_OCTETS_MAX = 512 };
/* How long a service manager may take until there is room for a word. */
enum { NOTICE_WAIT_MICROSECONDS = 100000 };

/* The kernel's form of capabilities, its third version: the C library has none of it. */
enum { CAPABILITY_VERSION = 0x20080522, CAPABILITY_WORDS = 2, NET_BIND_SERVICE = 10 };
struct capability_head {
  uint32_t version;
  int pid; /* 0: this thread */
};
struct capability_word {
  uint32_t effective, permitted, inheritable;
};

static napi_value fail(napi_env env, const char *code, const char *message) {
  bool thrown = false;
  napi_is_exception_pending(env, &thrown);
  if (!thrown) napi_throw_error(env, code, message);
  return NULL;
}

static napi_value fail_of_system(napi_env env, int error) {
  return fail(env, uv_err_name(uv_translate_sys_error(error)), strerror(error));
}

/* An argument as text that ends with a zero; false where it is none, is empty, or is too long. */
static bool read_text(napi_env env, napi_value argument, char *text, size_t room, size_t *length) {
  return napi_get_value_string_utf8(env, argument, NULL, 0, length) == napi_ok && *length > 0 && *length < room &&
         napi_get_value_string_utf8(env, argument, text, room, length) == napi_ok;
}

/* --- another user ------------------------------------------------------------------------------------------------ */

/* Of what this thread may have, low ports alone stay, and count. */
static int keep_low_ports(void) {
  struct capability_head head = {.version = CAPABILITY_VERSION};
  struct capability_word words[CAPABILITY_WORDS];
  if (syscall(SYS_capget, &head, words) != 0) return -1;
  uint32_t kept = words[0].permitted & (UINT32_C(1) << NET_BIND_SERVICE);
  memset(words, 0, sizeof words);
  words[0].permitted = words[0].effective = kept;
  return (int)syscall(SYS_capset, &head, words);
}

/*
 * The C library changes the user of all threads. What stays by PR_SET_KEEPCAPS stays in this thread alone; the threads that
 * it starts from now on have what it has.
 */
static int become(const struct passwd *user) {
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || initgroups(user->pw_name, user->pw_gid) != 0 ||
      setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
      setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0 || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0 ||
      keep_low_ports() != 0) {
    return -1;
  }
  /* No program that is started from here gets a right back. */
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/*
 * becomeUser(name): makes a process of root that of another user. Files, sockets and threads are to be opened afterwards. What
 * fails may have half of it done: the process has to end then.
 */
static napi_value js_become_user(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1, length;
  char name[NAME_OCTETS_MAX], texts[USER_OCTETS_MAX];
  struct passwd entry, *user = NULL;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count != 1 ||
      !read_text(env, argument, name, sizeof name, &length)) {
    return fail(env, NULL, "becomeUser(name)");
  }
  int error = getpwnam_r(name, &entry, texts, sizeof texts, &user);
  if (user == NULL) return fail_of_system(env, error == 0 ? ENOENT : error);
  if (user->pw_uid == 0) return fail(env, "EINVAL", "that is root as well");
  return become(user) == 0 ? NULL : fail_of_system(env, errno);
}

/* --- the service manager ------------------------------------------------------------------------------------------ */

/*
 * sendNotice(path, text): one datagram to a Unix socket, where a service manager listens (sd_notify(3)). A path that begins
 * with @ is a name that no folder has.
 */
static napi_value js_send_notice(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2, path_octets, length;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char text[NOTICE_OCTETS_MAX];
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 2 ||
      !read_text(env, arguments[0], address.sun_path, sizeof address.sun_path, &path_octets) ||
      !read_text(env, arguments[1], text, sizeof text, &length)) {
    return fail(env, NULL, "sendNotice(path, text)");
  }
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  socklen_t octets = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_octets);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_of_system(env, errno);
  /* One that is busy is waited for, but not for long. */
  struct timeval most = {.tv_usec = NOTICE_WAIT_MICROSECONDS};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
  int error = sendto(fd, text, length, MSG_NOSIGNAL, (struct sockaddr *)&address, octets) < 0 ? errno : 0;
  close(fd);
  return error == 0 ? NULL : fail_of_system(env, error);
}

/* --- memory and processor time ------------------------------------------------------------------------------------- */

static napi_value number(napi_env env, uint32_t value) {
  napi_value result;
  return napi_create_uint32(env, value, &result) == napi_ok ? result : NULL;
}

struct stretch {
  uintptr_t from, to;
};

/* The whole pages within an argument that is memory: false where it is none. */
static bool read_pages(napi_env env, napi_value argument, struct stretch *pages) {
  napi_typedarray_type type;
  size_t length;
  void *octets;
  if (napi_get_typedarray_info(env, argument, &type, &length, &octets, NULL, NULL) != napi_ok || type != napi_uint8_array) {
    return false;
  }
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  pages->from = ((uintptr_t)octets + page - 1) / page * page;
  pages->to = ((uintptr_t)octets + length) / page * page;
  return true;
}

/*
 * preferLargePages(octets): asks the system for pages of 2 MiB where whole ones lie within this memory, before it is
 * used. A look-up in a large table then costs one translation of an address instead of several. Returns 1 when the
 * system heard it, 0 when it has no such pages.
 */
static napi_value js_prefer_large_pages(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  struct stretch all;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count != 1 ||
      !read_pages(env, argument, &all)) {
    return fail(env, NULL, "preferLargePages(octets)");
  }
#ifdef MADV_HUGEPAGE
  if (all.from < all.to && madvise((void *)all.from, all.to - all.from, MADV_HUGEPAGE) == 0) return number(env, 1);
#endif
  return number(env, 0);
}

/* Gives memory its pages, as a write to each would, and changes nothing in it: Linux 5.14. Headers may be older. */
enum { POPULATE_WRITE = 23 };
/* Asked for at once: as much as a large page has. The process can map other memory in between, or end. */
enum { POPULATE_OCTETS = 2 << 20 };
/* Of the thread that does it: it calls one function. */
enum { POPULATE_STACK_OCTETS = 128 << 10 };
/* Stretches under way in the whole process, and whether they are to be left as they are. */
static atomic_uint taken_now;
static atomic_bool taking_ends;

struct taking {
  struct stretch all;
  int niceness;
};

static void *populate(void *argument) {
  struct taking taking = *(struct taking *)argument;
  struct stretch all = taking.all;
  free(argument);
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), taking.niceness);
  while (all.from < all.to && !atomic_load(&taking_ends)) {
    uintptr_t left = all.to - all.from;
    size_t octets = left < POPULATE_OCTETS ? left : POPULATE_OCTETS;
    /* What cannot be had now comes when it is used, as ever. Memory that is gone by now is an error like others. */
    if (madvise((void *)all.from, octets, POPULATE_WRITE) == 0) all.from += octets;
    else if (errno != EINTR && errno != EAGAIN) break;
  }
  atomic_fetch_sub(&taken_now, 1);
  return NULL;
}

/*
 * takePages(octets, niceness): has a thread of its own, so nice, give this memory its pages, so that none has to be made
 * while a client waits: a large one takes the system a part of a millisecond, or several where it is itself a guest. What
 * is in the memory stays, and it may be used meanwhile. Returns 1 when that has begun. For the main thread, which keeps
 * this code loaded as long as the process lives.
 */
static napi_value js_take_pages(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  int32_t niceness;
  struct stretch all;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 2 ||
      !read_pages(env, arguments[0], &all) || napi_get_value_int32(env, arguments[1], &niceness) != napi_ok) {
    return fail(env, NULL, "takePages(octets, niceness)");
  }
  if (all.from >= all.to || madvise((void *)all.from, 0, POPULATE_WRITE) != 0) return number(env, 0);
  struct taking *kept = malloc(sizeof *kept);
  if (kept == NULL) return number(env, 0);
  *kept = (struct taking){.all = all, .niceness = niceness};
  atomic_store(&taking_ends, false);
  atomic_fetch_add(&taken_now, 1);
  /* Signals are for others, who have room for what they lead to. */
  sigset_t every, before;
  sigfillset(&every);
  pthread_sigmask(SIG_SETMASK, &every, &before);
  pthread_t thread;
  pthread_attr_t how;
  bool begun = false;
  if (pthread_attr_init(&how) == 0) {
    begun = pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED) == 0 &&
            pthread_attr_setstacksize(&how, POPULATE_STACK_OCTETS) == 0 && pthread_create(&thread, &how, populate, kept) == 0;
    pthread_attr_destroy(&how);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!begun) {
    free(kept);
    atomic_fetch_sub(&taken_now, 1);
  }
  return number(env, begun ? 1 : 0);
}

/* leavePages(): what takePages began with is left as far as it is, once the page at hand is made. */
static napi_value js_leave_pages(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  atomic_store(&taking_ends, true);
  return NULL;
}

/* pagesUnderWay(): stretches of memory that takePages began with and has not finished, in the whole process. */
static napi_value js_pages_under_way(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, atomic_load(&taken_now));
}

/* Head of the kernel's struct sched_attr, in its first version; the C library has had none of it until lately. */
struct scheduling {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t slice_ns, deadline_ns, period_ns;
};

/*
 * shortenSlice(microseconds): asks the scheduler to let this thread run in slices so short. Its share of a core stays what
 * it is, but when it wakes it need not wait for a longer slice of another thread to end (EEVDF, Linux 6.12 and later).
 * Returns 1 when the system heard it.
 */
static napi_value js_shorten_slice(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  uint32_t microseconds;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count != 1 ||
      napi_get_value_uint32(env, argument, &microseconds) != napi_ok) {
    return fail(env, NULL, "shortenSlice(microseconds)");
  }
  struct scheduling now = {.size = sizeof now}, then = {.size = sizeof then};
  if (syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) != 0 || (now.policy != SCHED_OTHER && now.policy != SCHED_BATCH)) {
    return number(env, 0);
  }
  now.slice_ns = (uint64_t)microseconds * 1000;
  /* Older systems take it and forget it. */
  bool heard = syscall(SYS_sched_setattr, 0, &now, 0) == 0 && syscall(SYS_sched_getattr, 0, &then, sizeof then, 0) == 0 &&
               then.slice_ns == now.slice_ns;
  return number(env, heard ? 1 : 0);
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {.utf8name = "becomeUser", .method = js_become_user, .attributes = napi_default_method},
      {.utf8name = "sendNotice", .method = js_send_notice, .attributes = napi_default_method},
      {.utf8name = "preferLargePages", .method = js_prefer_large_pages, .attributes = napi_default_method},
      {.utf8name = "takePages", .method = js_take_pages, .attributes = napi_default_method},
      {.utf8name = "leavePages", .method = js_leave_pages, .attributes = napi_default_method},
      {.utf8name = "pagesUnderWay", .method = js_pages_under_way, .attributes = napi_default_method},
      {.utf8name = "shortenSlice", .method = js_shorten_slice, .attributes = napi_default_method},
  };
  if (napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok) {
    return fail(env, NULL, "the addon cannot be set up");
  }
  return exports;
}
