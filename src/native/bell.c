/*
 * Bells by which threads of one process wake each other. What Node has for that, a message, wakes the other thread while
 * it still holds the lock that this one takes first: it stops there, and goes on when the thread that rang has a core
 * again, behind whatever is more urgent. A counter of the kernel (eventfd(2)) has no lock. bell.ts is the other side.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

/* One bell, held by the thread that listens and by all that have a rope. */
struct bell {
  uint32_t number; /* by which other threads find it while somebody listens; none has 0 */
  int fd;
  unsigned holders;
  struct bell *next;
};

/* Bells that somebody listens to. The lock is never held in a system call, nor while anybody rings. */
static pthread_mutex_t bells_lock = PTHREAD_MUTEX_INITIALIZER;
static struct bell *bells;
static uint32_t last_number;

/* NULL with `errno` set. */
static struct bell *hang_bell(void) {
  struct bell *bell = calloc(1, sizeof *bell);
  if (bell == NULL) return NULL;
  bell->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (bell->fd < 0) {
    free(bell);
    return NULL;
  }
  bell->holders = 1;
  pthread_mutex_lock(&bells_lock);
  if (++last_number == 0) last_number = 1;
  bell->number = last_number;
  bell->next = bells;
  bells = bell;
  pthread_mutex_unlock(&bells_lock);
  return bell;
}

/* From here on nobody finds it. */
static void take_down(struct bell *bell) {
  pthread_mutex_lock(&bells_lock);
  for (struct bell **at = &bells; *at != NULL; at = &(*at)->next) {
    if (*at != bell) continue;
    *at = bell->next;
    break;
  }
  pthread_mutex_unlock(&bells_lock);
}

/* NULL when nobody listens to it. */
static struct bell *hold_bell(uint32_t number) {
  pthread_mutex_lock(&bells_lock);
  struct bell *bell = bells;
  while (bell != NULL && bell->number != number) bell = bell->next;
  if (bell != NULL) bell->holders++;
  pthread_mutex_unlock(&bells_lock);
  return bell;
}

static void let_go(struct bell *bell) {
  pthread_mutex_lock(&bells_lock);
  bool is_last = --bell->holders == 0;
  pthread_mutex_unlock(&bells_lock);
  if (!is_last) return;
  close(bell->fd);
  free(bell);
}

/* --- what JavaScript has ------------------------------------------------------------------------------------------- */

static napi_value fail(napi_env env, const char *message) {
  bool thrown = false;
  napi_is_exception_pending(env, &thrown);
  if (!thrown) napi_throw_error(env, NULL, message);
  return NULL;
}

/* The one argument of a constructor and the object that it makes; false where it was not called as one. */
static bool read_constructor(napi_env env, napi_callback_info info, napi_value *argument, napi_value *object) {
  napi_value target = NULL;
  size_t count = 1;
  return napi_get_new_target(env, info, &target) == napi_ok && target != NULL &&
         napi_get_cb_info(env, info, &count, argument, object, NULL) == napi_ok && count == 1;
}

/*
 * Who listens. Two own this memory: the object that JavaScript has, until it is collected, and the event loop, until it
 * has let go of the handle. While it is open nothing is collected.
 */
struct listener {
  uv_poll_t poll;
  struct bell *bell;
  int owners;
  bool closing;
  napi_env env;
  napi_ref object, on_ring;
  napi_async_cleanup_hook_handle cleanup;
};

static void release(struct listener *l) {
  if (--l->owners == 0) free(l);
}

static void on_listener_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  release(data);
}

static void on_loop_let_go(uv_handle_t *handle) {
  struct listener *l = handle->data;
  let_go(l->bell);
  napi_remove_async_cleanup_hook(l->cleanup);
  release(l);
}

/* JavaScript is not called any more after this. */
static void stop_listening(struct listener *l) {
  if (l->closing) return;
  l->closing = true;
  uv_poll_stop(&l->poll);
  take_down(l->bell);
  if (l->object != NULL) napi_delete_reference(l->env, l->object);
  if (l->on_ring != NULL) napi_delete_reference(l->env, l->on_ring);
  uv_close((uv_handle_t *)&l->poll, on_loop_let_go);
}

/* The thread ends. Its loop goes on until the hook is removed, which `on_loop_let_go` does. */
static void on_thread_end(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  stop_listening(data);
}

/* However often it was rung, it is told once. What JavaScript throws is as if thrown by any other event. */
static void on_rung(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  struct listener *l = poll->data;
  uint64_t times;
  if (read(l->bell->fd, &times, sizeof times) != sizeof times) return;
  napi_env env = l->env;
  napi_handle_scope scope;
  napi_value object, function, error;
  bool thrown = false;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  bool called = napi_get_reference_value(env, l->object, &object) == napi_ok &&
                napi_get_reference_value(env, l->on_ring, &function) == napi_ok &&
                napi_make_callback(env, NULL, object, function, 0, NULL, NULL) == napi_ok;
  if (!called && napi_is_exception_pending(env, &thrown) == napi_ok && thrown &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

/* From here on loop and object own the listener, or neither does. */
static bool listen_to(napi_env env, struct listener *l, napi_value object, napi_value on_ring) {
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok ||
      napi_add_async_cleanup_hook(env, on_thread_end, l, &l->cleanup) != napi_ok) {
    return false;
  }
  if (uv_poll_init(loop, &l->poll, l->bell->fd) != 0) {
    napi_remove_async_cleanup_hook(l->cleanup);
    return false;
  }
  l->poll.data = l;
  l->owners = 1;
  if (napi_wrap(env, object, l, on_listener_collected, NULL, NULL) == napi_ok) l->owners = 2;
  if (l->owners < 2 || napi_create_reference(env, object, 1, &l->object) != napi_ok ||
      napi_create_reference(env, on_ring, 1, &l->on_ring) != napi_ok ||
      uv_poll_start(&l->poll, UV_READABLE, on_rung) != 0) {
    stop_listening(l);
    fail(env, "the bell cannot be listened to");
  }
  /* Whoever uses it has something else that keeps the loop going. */
  uv_unref((uv_handle_t *)&l->poll);
  return true;
}

/* new Bell(onRing): has a `number`, by which other threads of the process make ropes. */
static napi_value js_new_bell(napi_env env, napi_callback_info info) {
  napi_value object, on_ring, number;
  napi_valuetype type;
  if (!read_constructor(env, info, &on_ring, &object) || napi_typeof(env, on_ring, &type) != napi_ok ||
      type != napi_function) {
    return fail(env, "new Bell(onRing)");
  }
  struct bell *bell = hang_bell();
  if (bell == NULL) return fail(env, strerror(errno));
  struct listener *l = calloc(1, sizeof *l);
  if (l != NULL) {
    l->bell = bell;
    l->env = env;
  }
  if (l == NULL || !listen_to(env, l, object, on_ring)) {
    free(l);
    take_down(bell);
    let_go(bell);
    return fail(env, "the bell cannot be listened to");
  }
  if (napi_create_uint32(env, bell->number, &number) != napi_ok ||
      napi_set_named_property(env, object, "number", number) != napi_ok) {
    stop_listening(l);
    return fail(env, "the bell cannot be numbered");
  }
  return object;
}

/* close(): `onRing` is not called any more. */
static napi_value js_close_bell(napi_env env, napi_callback_info info) {
  napi_value object;
  struct listener *l;
  if (napi_get_cb_info(env, info, NULL, NULL, &object, NULL) != napi_ok ||
      napi_unwrap(env, object, (void **)&l) != napi_ok) {
    return fail(env, "Bell.close() of what is no bell");
  }
  stop_listening(l);
  return NULL;
}

/* What rings. Its thread's own; the object owns it. */
struct rope {
  struct bell *bell; /* NULL once it is let go */
};

static void drop_rope(struct rope *rope) {
  if (rope->bell != NULL) let_go(rope->bell);
  rope->bell = NULL;
}

static void on_rope_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  drop_rope(data);
  free(data);
}

/* new Rope(number): throws when nobody listens to a bell of this number. */
static napi_value js_new_rope(napi_env env, napi_callback_info info) {
  napi_value object, argument;
  uint32_t number;
  if (!read_constructor(env, info, &argument, &object) || napi_get_value_uint32(env, argument, &number) != napi_ok) {
    return fail(env, "new Rope(number)");
  }
  struct rope *rope = calloc(1, sizeof *rope);
  if (rope != NULL) rope->bell = hold_bell(number);
  if (rope == NULL || rope->bell == NULL) {
    free(rope);
    return fail(env, "nobody listens to this bell");
  }
  if (napi_wrap(env, object, rope, on_rope_collected, NULL, NULL) != napi_ok) {
    drop_rope(rope);
    free(rope);
    return fail(env, "the rope cannot be made");
  }
  return object;
}

static struct rope *this_rope(napi_env env, napi_callback_info info) {
  napi_value object;
  struct rope *rope;
  if (napi_get_cb_info(env, info, NULL, NULL, &object, NULL) != napi_ok ||
      napi_unwrap(env, object, (void **)&rope) != napi_ok) {
    fail(env, "not a rope");
    return NULL;
  }
  return rope;
}

/* ring(): a bell that was rung and not yet heard stays rung. */
static napi_value js_ring(napi_env env, napi_callback_info info) {
  static const uint64_t once = 1;
  struct rope *rope = this_rope(env, info);
  if (rope == NULL || rope->bell == NULL) return NULL;
  /* The one error there can be is a counter that is full: who is to hear has not heard for 2^64 times. */
  ssize_t written = write(rope->bell->fd, &once, sizeof once);
  (void)written;
  return NULL;
}

/* close(): rings no more. */
static napi_value js_close_rope(napi_env env, napi_callback_info info) {
  struct rope *rope = this_rope(env, info);
  if (rope != NULL) drop_rope(rope);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor bell_methods[] = {
      {.utf8name = "close", .method = js_close_bell, .attributes = napi_default_method},
  };
  const napi_property_descriptor rope_methods[] = {
      {.utf8name = "ring", .method = js_ring, .attributes = napi_default_method},
      {.utf8name = "close", .method = js_close_rope, .attributes = napi_default_method},
  };
  napi_value bell, rope;
  if (napi_define_class(env, "Bell", NAPI_AUTO_LENGTH, js_new_bell, NULL, sizeof bell_methods / sizeof *bell_methods,
                        bell_methods, &bell) != napi_ok ||
      napi_set_named_property(env, exports, "Bell", bell) != napi_ok ||
      napi_define_class(env, "Rope", NAPI_AUTO_LENGTH, js_new_rope, NULL, sizeof rope_methods / sizeof *rope_methods,
                        rope_methods, &rope) != napi_ok ||
      napi_set_named_property(env, exports, "Rope", rope) != napi_ok) {
    return fail(env, "the addon cannot be set up");
  }
  return exports;
}
