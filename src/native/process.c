/*
 * What a process asks of the system beside sockets for questions: to be another user, with no right left but that to ports
 * below 1024, and a word to the service manager. process.ts is its other side.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <node_api.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
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

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {.utf8name = "becomeUser", .method = js_become_user, .attributes = napi_default_method},
      {.utf8name = "sendNotice", .method = js_send_notice, .attributes = napi_default_method},
  };
  if (napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok) {
    return fail(env, NULL, "the addon cannot be set up");
  }
  return exports;
}
