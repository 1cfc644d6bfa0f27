/*
 * Signatures of ECDSA over P-256 with SHA-256 (RFC 6605), verified by the OpenSSL that Node has in itself, from the octets
 * of the key. p256.ts is the other side, and says why.
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
/* What a point begins with of which both coordinates are given (SEC 1, 2.3.3). */
enum { UNCOMPRESSED = 4 };

typedef struct ec_key_st EC_KEY;
typedef struct ECDSA_SIG_st ECDSA_SIG;
typedef struct bignum_st BIGNUM;

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
};

static const struct {
  const char *name;
  size_t at;
} SYMBOLS[] = {
#define SYMBOL(name) {#name, offsetof(struct openssl, name)}
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
#undef SYMBOL
};

/* One a thread. */
struct verifier {
  struct openssl openssl;
  /* The key at hand: to set its point takes a microsecond, to make a new one a dozen. */
  EC_KEY *key;
};

static void fail(napi_env env, const char *message) {
  bool thrown = false;
  napi_is_exception_pending(env, &thrown);
  if (!thrown) napi_throw_error(env, NULL, message);
}

/* --- by OpenSSL -------------------------------------------------------------------------------------------------- */

static bool find_openssl(struct openssl *openssl) {
  for (size_t i = 0; i < sizeof SYMBOLS / sizeof *SYMBOLS; i++) {
    void *symbol = dlsym(RTLD_DEFAULT, SYMBOLS[i].name);
    if (symbol == NULL) return false;
    memcpy((char *)openssl + SYMBOLS[i].at, &symbol, sizeof symbol);
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
  if (!take_key(v, point) || openssl->SHA256(data, octets, digest) == NULL) return false;
  ECDSA_SIG *signature = signature_of(openssl, signature_octets);
  if (signature == NULL) return false;
  int outcome = openssl->ECDSA_do_verify(digest, sizeof digest, signature, v->key);
  openssl->ECDSA_SIG_free(signature);
  return outcome == 1;
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

/* isKey(key): whether the 64 octets are a public key. */
static napi_value js_is_key(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1, length;
  void *data;
  const uint8_t *key;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, &data) != napi_ok ||
      !octets_of(env, argument, &key, &length, POINT_OCTETS)) {
    return NULL;
  }
  struct verifier *v = data;
  return say(env, v, take_key(v, key));
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

static void forget(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct verifier *v = data;
  v->openssl.EC_KEY_free(v->key);
  free(v);
}

/* Where this Node has not all that is needed, what is exported is empty. */
NAPI_MODULE_INIT() {
  struct verifier *v = calloc(1, sizeof *v);
  if (v == NULL) return exports;
  if (!find_openssl(&v->openssl) || (v->key = v->openssl.EC_KEY_new_by_curve_name(CURVE)) == NULL) {
    free(v);
    return exports;
  }
  if (napi_set_instance_data(env, v, forget, NULL) != napi_ok) {
    forget(env, v, NULL);
    return exports;
  }
  const napi_property_descriptor functions[] = {
      {.utf8name = "isKey", .method = js_is_key, .attributes = napi_default_method, .data = v},
      {.utf8name = "verifies", .method = js_verifies, .attributes = napi_default_method, .data = v},
  };
  if (napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok) {
    fail(env, "the addon cannot be set up");
  }
  return exports;
}
