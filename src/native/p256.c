/*
 * Signatures of ECDSA over P-256 with SHA-256 (RFC 6605), verified by the OpenSSL that Node has in itself, from the octets
 * of the key. p256.ts is the other side, and says why.
 *
 * For a key that is used over and over a table of its multiples is made, as OpenSSL has one for the curve's generator: a
 * group whose generator is the key. With it a signature takes some 40 microseconds instead of 70. To make one takes 30 ms,
 * on a thread of libuv's pool.
 *
 * OpenSSL's functions are looked up when this is loaded, so its headers are not needed. All of them have been there, in
 * this form, since OpenSSL 1.1.0. What is static is constant: any number of threads can load this.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { COORDINATE_OCTETS = 32, POINT_OCTETS = 2 * COORDINATE_OCTETS, DIGEST_OCTETS = 32 };
/* OpenSSL's number of the curve, NID_X9_62_prime256v1. */
enum { CURVE = 415 };
/* Tables of a thread, of 150,000 octets each: more keys than that sign a good part of what any resolver meets. */
enum { TABLES_MAX = 16 };
/* A table that others were used so often since gives its place to another: of keys used in turn none drives out the next. */
enum { IDLE_USES = 4096 };
/* What a point begins with of which both coordinates are given (SEC 1, 2.3.3). */
enum { UNCOMPRESSED = 4 };

typedef struct ec_key_st EC_KEY;
typedef struct ECDSA_SIG_st ECDSA_SIG;
typedef struct bignum_st BIGNUM;
typedef struct bignum_ctx BN_CTX;
typedef struct ec_group_st EC_GROUP;
typedef struct ec_point_st EC_POINT;

/* What is used of OpenSSL, by its own names. */
struct openssl {
  EC_KEY *(*EC_KEY_new_by_curve_name)(int);
  void (*EC_KEY_free)(EC_KEY *);
  int (*EC_KEY_oct2key)(EC_KEY *, const unsigned char *, size_t, void *);
  ECDSA_SIG *(*ECDSA_SIG_new)(void);
  void (*ECDSA_SIG_free)(ECDSA_SIG *);
  int (*ECDSA_SIG_set0)(ECDSA_SIG *, BIGNUM *, BIGNUM *);
  int (*ECDSA_do_verify)(const unsigned char *, int, const ECDSA_SIG *, EC_KEY *);
  BIGNUM *(*BN_bin2bn)(const unsigned char *, int, BIGNUM *);
  void (*BN_free)(BIGNUM *);
  unsigned char *(*SHA256)(const unsigned char *, size_t, unsigned char *);
  void (*ERR_clear_error)(void);
  /* From here on for tables alone: without any of these there are none. */
  BIGNUM *(*BN_new)(void);
  int (*BN_cmp)(const BIGNUM *, const BIGNUM *);
  int (*BN_is_zero)(const BIGNUM *);
  const BIGNUM *(*BN_value_one)(void);
  int (*BN_nnmod)(BIGNUM *, const BIGNUM *, const BIGNUM *, BN_CTX *);
  int (*BN_mod_mul)(BIGNUM *, const BIGNUM *, const BIGNUM *, const BIGNUM *, BN_CTX *);
  BIGNUM *(*BN_mod_inverse)(BIGNUM *, const BIGNUM *, const BIGNUM *, BN_CTX *);
  BN_CTX *(*BN_CTX_new)(void);
  void (*BN_CTX_free)(BN_CTX *);
  EC_GROUP *(*EC_GROUP_new_by_curve_name)(int);
  void (*EC_GROUP_free)(EC_GROUP *);
  const BIGNUM *(*EC_GROUP_get0_order)(const EC_GROUP *);
  int (*EC_GROUP_set_generator)(EC_GROUP *, const EC_POINT *, const BIGNUM *, const BIGNUM *);
  int (*EC_GROUP_precompute_mult)(EC_GROUP *, BN_CTX *);
  int (*EC_GROUP_have_precompute_mult)(const EC_GROUP *);
  EC_POINT *(*EC_POINT_new)(const EC_GROUP *);
  void (*EC_POINT_free)(EC_POINT *);
  int (*EC_POINT_oct2point)(const EC_GROUP *, EC_POINT *, const unsigned char *, size_t, BN_CTX *);
  int (*EC_POINT_mul)(const EC_GROUP *, EC_POINT *, const BIGNUM *, const EC_POINT *, const BIGNUM *, BN_CTX *);
  int (*EC_POINT_add)(const EC_GROUP *, EC_POINT *, const EC_POINT *, const EC_POINT *, BN_CTX *);
  int (*EC_POINT_cmp)(const EC_GROUP *, const EC_POINT *, const EC_POINT *, BN_CTX *);
  int (*EC_POINT_is_at_infinity)(const EC_GROUP *, const EC_POINT *);
  int (*EC_POINT_get_affine_coordinates_GFp)(const EC_GROUP *, const EC_POINT *, BIGNUM *, BIGNUM *, BN_CTX *);
};

struct symbol {
  const char *name;
  size_t at;
};

#define SYMBOL(name) {#name, offsetof(struct openssl, name)}
static const struct symbol VERIFYING[] = {
    SYMBOL(EC_KEY_new_by_curve_name),
    SYMBOL(EC_KEY_free),
    SYMBOL(EC_KEY_oct2key),
    SYMBOL(ECDSA_SIG_new),
    SYMBOL(ECDSA_SIG_free),
    SYMBOL(ECDSA_SIG_set0),
    SYMBOL(ECDSA_do_verify),
    SYMBOL(BN_bin2bn),
    SYMBOL(BN_free),
    SYMBOL(SHA256),
    SYMBOL(ERR_clear_error),
};
static const struct symbol TABLES[] = {
    SYMBOL(BN_new),
    SYMBOL(BN_cmp),
    SYMBOL(BN_is_zero),
    SYMBOL(BN_value_one),
    SYMBOL(BN_nnmod),
    SYMBOL(BN_mod_mul),
    SYMBOL(BN_mod_inverse),
    SYMBOL(BN_CTX_new),
    SYMBOL(BN_CTX_free),
    SYMBOL(EC_GROUP_new_by_curve_name),
    SYMBOL(EC_GROUP_free),
    SYMBOL(EC_GROUP_get0_order),
    SYMBOL(EC_GROUP_set_generator),
    SYMBOL(EC_GROUP_precompute_mult),
    SYMBOL(EC_GROUP_have_precompute_mult),
    SYMBOL(EC_POINT_new),
    SYMBOL(EC_POINT_free),
    SYMBOL(EC_POINT_oct2point),
    SYMBOL(EC_POINT_mul),
    SYMBOL(EC_POINT_add),
    SYMBOL(EC_POINT_cmp),
    SYMBOL(EC_POINT_is_at_infinity),
    SYMBOL(EC_POINT_get_affine_coordinates_GFp),
};
#undef SYMBOL

/* A key, x and y, with its table. */
struct table {
  uint8_t key[POINT_OCTETS];
  /* The curve with the key for its generator. */
  EC_GROUP *group;
  /* The greater, the later it was used. */
  uint64_t used;
};

/* What tables are used with: made once, and used for each signature. */
struct scratch {
  EC_GROUP *curve;
  BN_CTX *context;
  BIGNUM *r, *s, *e, *w;
  EC_POINT *sum, *term;
};

/* One a thread. */
struct verifier {
  struct openssl openssl;
  /* The key at hand: to set its point takes a microsecond, to make a new one a dozen. */
  EC_KEY *key;
  bool has_tables;
  struct scratch scratch;
  struct table tables[TABLES_MAX];
  size_t table_count;
  uint64_t uses;
  /* One is on its way. Node waits for it before it has the verifier forgotten. */
  bool is_making;
};

/* A table on its way. */
struct making {
  struct verifier *verifier;
  napi_async_work work;
  uint8_t key[POINT_OCTETS];
  /* NULL until it is made, and when it could not be. */
  EC_GROUP *group;
};

static void fail(napi_env env, const char *message) {
  bool thrown = false;
  napi_is_exception_pending(env, &thrown);
  if (!thrown) napi_throw_error(env, NULL, message);
}

/* --- by OpenSSL -------------------------------------------------------------------------------------------------- */

static bool find_openssl(struct openssl *openssl, const struct symbol *symbols, size_t count) {
  for (size_t i = 0; i < count; i++) {
    void *symbol = dlsym(RTLD_DEFAULT, symbols[i].name);
    if (symbol == NULL) return false;
    memcpy((char *)openssl + symbols[i].at, &symbol, sizeof symbol);
  }
  return true;
}

/*
 * Takes a key, x and y, for the key at hand. False when that is no point of the curve. It is not multiplied by the order:
 * the curve's cofactor is 1, so every point of it but infinity, which has no coordinates, is a public key.
 */
static bool take_key(struct verifier *v, const uint8_t *point) {
  unsigned char octets[1 + POINT_OCTETS] = {UNCOMPRESSED};
  memcpy(octets + 1, point, POINT_OCTETS);
  return v->openssl.EC_KEY_oct2key(v->key, octets, sizeof octets, NULL) == 1;
}

/* The table of a key; NULL when it has none. */
static struct table *table_of(struct verifier *v, const uint8_t *key) {
  for (size_t i = 0; i < v->table_count; i++)
    if (memcmp(v->tables[i].key, key, POINT_OCTETS) == 0) return &v->tables[i];
  return NULL;
}

/* FIPS 186-5, 6.4.2, in which both multiplications are by what a table is of: of the generator, and of the key. */
static bool verifies_by_table(const struct verifier *v, const EC_GROUP *table, const unsigned char *digest,
                              const uint8_t *signature) {
  const struct openssl *openssl = &v->openssl;
  const struct scratch *at = &v->scratch;
  const BIGNUM *order = openssl->EC_GROUP_get0_order(at->curve);
  if (openssl->BN_bin2bn(signature, COORDINATE_OCTETS, at->r) == NULL ||
      openssl->BN_bin2bn(signature + COORDINATE_OCTETS, COORDINATE_OCTETS, at->s) == NULL ||
      openssl->BN_bin2bn(digest, DIGEST_OCTETS, at->e) == NULL) {
    return false;
  }
  if (openssl->BN_is_zero(at->r) || openssl->BN_cmp(at->r, order) >= 0) return false;
  if (openssl->BN_is_zero(at->s) || openssl->BN_cmp(at->s, order) >= 0) return false;
  return openssl->BN_mod_inverse(at->w, at->s, order, at->context) != NULL &&
         openssl->BN_mod_mul(at->e, at->e, at->w, order, at->context) == 1 &&
         openssl->BN_mod_mul(at->s, at->r, at->w, order, at->context) == 1 &&
         openssl->EC_POINT_mul(at->curve, at->sum, at->e, NULL, NULL, at->context) == 1 &&
         openssl->EC_POINT_mul(table, at->term, at->s, NULL, NULL, at->context) == 1 &&
         openssl->EC_POINT_add(at->curve, at->sum, at->sum, at->term, at->context) == 1 &&
         openssl->EC_POINT_is_at_infinity(at->curve, at->sum) == 0 &&
         openssl->EC_POINT_get_affine_coordinates_GFp(at->curve, at->sum, at->e, NULL, at->context) == 1 &&
         openssl->BN_nnmod(at->e, at->e, order, at->context) == 1 && openssl->BN_cmp(at->e, at->r) == 0;
}

/* The two numbers of a signature (RFC 6605 4); NULL when memory is short. */
static ECDSA_SIG *signature_of(const struct openssl *openssl, const uint8_t *octets) {
  ECDSA_SIG *signature = openssl->ECDSA_SIG_new();
  BIGNUM *r = openssl->BN_bin2bn(octets, COORDINATE_OCTETS, NULL);
  BIGNUM *s = openssl->BN_bin2bn(octets + COORDINATE_OCTETS, COORDINATE_OCTETS, NULL);
  if (signature != NULL && r != NULL && s != NULL && openssl->ECDSA_SIG_set0(signature, r, s) == 1) return signature;
  openssl->BN_free(r);
  openssl->BN_free(s);
  openssl->ECDSA_SIG_free(signature);
  return NULL;
}

static bool verifies(struct verifier *v, const uint8_t *point, const uint8_t *data, size_t octets,
                     const uint8_t *signature_octets) {
  const struct openssl *openssl = &v->openssl;
  unsigned char digest[DIGEST_OCTETS];
  if (openssl->SHA256(data, octets, digest) == NULL) return false;
  struct table *table = table_of(v, point);
  if (table != NULL) {
    bool is_good = verifies_by_table(v, table->group, digest, signature_octets);
    /* Wrong signatures keep no table. */
    if (is_good) table->used = ++v->uses;
    return is_good;
  }
  if (!take_key(v, point)) return false;
  ECDSA_SIG *signature = signature_of(openssl, signature_octets);
  if (signature == NULL) return false;
  int outcome = openssl->ECDSA_do_verify(digest, sizeof digest, signature, v->key);
  openssl->ECDSA_SIG_free(signature);
  return outcome == 1;
}

/* --- tables ------------------------------------------------------------------------------------------------------ */

static void free_scratch(const struct openssl *openssl, struct scratch *at) {
  openssl->EC_POINT_free(at->sum);
  openssl->EC_POINT_free(at->term);
  openssl->BN_free(at->r);
  openssl->BN_free(at->s);
  openssl->BN_free(at->e);
  openssl->BN_free(at->w);
  openssl->BN_CTX_free(at->context);
  openssl->EC_GROUP_free(at->curve);
}

static bool make_scratch(const struct openssl *openssl, struct scratch *at) {
  at->curve = openssl->EC_GROUP_new_by_curve_name(CURVE);
  at->context = openssl->BN_CTX_new();
  at->r = openssl->BN_new();
  at->s = openssl->BN_new();
  at->e = openssl->BN_new();
  at->w = openssl->BN_new();
  if (at->curve != NULL) {
    at->sum = openssl->EC_POINT_new(at->curve);
    at->term = openssl->EC_POINT_new(at->curve);
  }
  if (at->context != NULL && at->r != NULL && at->s != NULL && at->e != NULL && at->w != NULL && at->sum != NULL &&
      at->term != NULL) {
    return true;
  }
  free_scratch(openssl, at);
  openssl->ERR_clear_error();
  return false;
}

/* Whether a multiple by the table is what it is without: a table that is not as it must be would make good signatures bad. */
static bool agrees(const struct openssl *openssl, const struct scratch *at, const EC_GROUP *table, const EC_POINT *key) {
  unsigned char factor[COORDINATE_OCTETS];
  for (size_t i = 0; i < sizeof factor; i++) factor[i] = (unsigned char)(0x3b + 0x5d * i);
  return openssl->BN_bin2bn(factor, sizeof factor, at->e) != NULL &&
         openssl->EC_POINT_mul(table, at->term, at->e, NULL, NULL, at->context) == 1 &&
         openssl->EC_POINT_mul(at->curve, at->sum, NULL, key, at->e, at->context) == 1 &&
         openssl->EC_POINT_cmp(at->curve, at->sum, at->term, at->context) == 0;
}

/* On a thread of the pool. */
static void make_table(napi_env env, void *data) {
  (void)env;
  struct making *making = data;
  const struct openssl *openssl = &making->verifier->openssl;
  struct scratch at = {0};
  if (!make_scratch(openssl, &at)) return;
  EC_GROUP *group = openssl->EC_GROUP_new_by_curve_name(CURVE);
  EC_POINT *key = openssl->EC_POINT_new(at.curve);
  unsigned char octets[1 + POINT_OCTETS] = {UNCOMPRESSED};
  memcpy(octets + 1, making->key, POINT_OCTETS);
  if (group != NULL && key != NULL &&
      openssl->EC_POINT_oct2point(at.curve, key, octets, sizeof octets, at.context) == 1 &&
      openssl->EC_GROUP_set_generator(group, key, openssl->EC_GROUP_get0_order(at.curve), openssl->BN_value_one()) == 1 &&
      openssl->EC_GROUP_precompute_mult(group, at.context) == 1 && openssl->EC_GROUP_have_precompute_mult(group) == 1 &&
      agrees(openssl, &at, group, key)) {
    making->group = group;
  } else {
    openssl->EC_GROUP_free(group);
    openssl->ERR_clear_error();
  }
  openssl->EC_POINT_free(key);
  free_scratch(openssl, &at);
}

/* A place for another table: a free one, or that of one that nobody uses; NULL when there is none. */
static struct table *free_place(struct verifier *v) {
  if (v->table_count < TABLES_MAX) return &v->tables[v->table_count];
  struct table *oldest = &v->tables[0];
  for (size_t i = 1; i < TABLES_MAX; i++)
    if (v->tables[i].used < oldest->used) oldest = &v->tables[i];
  return v->uses - oldest->used >= IDLE_USES ? oldest : NULL;
}

static void keep_table(struct verifier *v, const uint8_t *key, EC_GROUP *group) {
  struct table *place = free_place(v);
  if (place == NULL) {
    v->openssl.EC_GROUP_free(group);
    return;
  }
  if (v->table_count < TABLES_MAX) v->table_count++;
  else v->openssl.EC_GROUP_free(place->group);
  memcpy(place->key, key, POINT_OCTETS);
  place->group = group;
  place->used = v->uses;
}

static void free_verifier(struct verifier *v) {
  for (size_t i = 0; i < v->table_count; i++) v->openssl.EC_GROUP_free(v->tables[i].group);
  if (v->has_tables) free_scratch(&v->openssl, &v->scratch);
  v->openssl.EC_KEY_free(v->key);
  free(v);
}

static void table_made(napi_env env, napi_status status, void *data) {
  (void)status;
  struct making *making = data;
  struct verifier *v = making->verifier;
  v->is_making = false;
  if (making->group != NULL) keep_table(v, making->key, making->group);
  napi_delete_async_work(env, making->work);
  free(making);
}

/* --- to JavaScript ----------------------------------------------------------------------------------------------- */

/* The octets of an argument; false, with an exception, when it has none or not as many as it must. */
static bool octets_of(napi_env env, napi_value value, const uint8_t **octets, size_t *length, size_t expected) {
  napi_typedarray_type type;
  void *data = NULL;
  bool is_array = false;
  *length = 0;
  if (napi_is_typedarray(env, value, &is_array) == napi_ok && is_array &&
      napi_get_typedarray_info(env, value, &type, length, &data, NULL, NULL) == napi_ok && type == napi_uint8_array &&
      (expected == 0 || *length == expected)) {
    *octets = data;
    return true;
  }
  fail(env, "not the octets that were expected");
  return false;
}

/* Nothing is left in OpenSSL's queue of errors: whoever uses it next, TLS say, would take them for his own. */
static napi_value say(napi_env env, const struct verifier *v, bool yes) {
  napi_value result;
  if (!yes) v->openssl.ERR_clear_error();
  return napi_get_boolean(env, yes, &result) == napi_ok ? result : NULL;
}

/* The one argument of a function that takes a key: its 64 octets; NULL when an exception is on its way instead. */
static const uint8_t *key_asked(napi_env env, napi_callback_info info, struct verifier **v) {
  napi_value argument;
  size_t count = 1, length;
  void *data;
  const uint8_t *key;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, &data) != napi_ok ||
      !octets_of(env, argument, &key, &length, POINT_OCTETS)) {
    return NULL;
  }
  *v = data;
  return key;
}

/* isKey(key): whether the 64 octets are a public key. */
static napi_value js_is_key(napi_env env, napi_callback_info info) {
  struct verifier *v;
  const uint8_t *key = key_asked(env, info, &v);
  return key == NULL ? NULL : say(env, v, take_key(v, key));
}

/* verifies(key, data, signature): whether the key signed the data; key and signature are 64 octets each. */
static napi_value js_verifies(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3, key_octets, data_octets, signature_octets;
  void *data;
  const uint8_t *key, *signed_data, *signature;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, &data) != napi_ok ||
      !octets_of(env, arguments[0], &key, &key_octets, POINT_OCTETS) ||
      !octets_of(env, arguments[1], &signed_data, &data_octets, 0) ||
      !octets_of(env, arguments[2], &signature, &signature_octets, POINT_OCTETS)) {
    return NULL;
  }
  struct verifier *v = data;
  return say(env, v, verifies(v, key, signed_data, data_octets, signature));
}

/* Nothing is lost when it cannot be begun. */
static void begin_table(napi_env env, struct verifier *v, const uint8_t *key) {
  struct making *making = calloc(1, sizeof *making);
  napi_value name;
  if (making == NULL) return;
  making->verifier = v;
  memcpy(making->key, key, POINT_OCTETS);
  if (napi_create_string_utf8(env, "sigill:p256", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, NULL, name, make_table, table_made, making, &making->work) != napi_ok) {
    free(making);
  } else if (napi_queue_async_work(env, making->work) != napi_ok) {
    napi_delete_async_work(env, making->work);
    free(making);
  } else {
    v->is_making = true;
  }
}

/* prepare(key): has a table made for a key, unless one is on its way or there is no place for it; whether the key has one. */
static napi_value js_prepare(napi_env env, napi_callback_info info) {
  struct verifier *v;
  const uint8_t *key = key_asked(env, info, &v);
  if (key == NULL) return NULL;
  bool has_table = table_of(v, key) != NULL;
  if (!has_table && !v->is_making && free_place(v) != NULL && take_key(v, key)) begin_table(env, v, key);
  return say(env, v, has_table);
}

static void forget(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free_verifier(data);
}

/* Where this Node has not all that is needed, what is exported is empty. */
NAPI_MODULE_INIT() {
  struct verifier *v = calloc(1, sizeof *v);
  if (v == NULL) return exports;
  if (!find_openssl(&v->openssl, VERIFYING, sizeof VERIFYING / sizeof *VERIFYING) ||
      (v->key = v->openssl.EC_KEY_new_by_curve_name(CURVE)) == NULL) {
    free(v);
    return exports;
  }
  v->has_tables = find_openssl(&v->openssl, TABLES, sizeof TABLES / sizeof *TABLES) &&
                  make_scratch(&v->openssl, &v->scratch);
  /* Where OpenSSL has no table of the curve's own generator it goes by none: one of ours would be of no use. */
  if (v->has_tables && v->openssl.EC_GROUP_have_precompute_mult(v->scratch.curve) != 1) {
    free_scratch(&v->openssl, &v->scratch);
    v->has_tables = false;
  }
  if (napi_set_instance_data(env, v, forget, NULL) != napi_ok) {
    free_verifier(v);
    return exports;
  }
  const napi_property_descriptor functions[] = {
      {.utf8name = "isKey", .method = js_is_key, .attributes = napi_default_method, .data = v},
      {.utf8name = "verifies", .method = js_verifies, .attributes = napi_default_method, .data = v},
      {.utf8name = "prepare", .method = js_prepare, .attributes = napi_default_method, .data = v},
  };
  /* The last one only where there can be tables. */
  size_t count = sizeof functions / sizeof *functions - (v->has_tables ? 0 : 1);
  if (napi_define_properties(env, exports, count, functions) != napi_ok) {
    fail(env, "the addon cannot be set up");
  }
  return exports;
}
