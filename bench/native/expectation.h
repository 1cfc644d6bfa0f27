/*
 * What the generator asks and what must come back: the file of queries, and the check of a reply. It is held against
 * the wire, octet by octet; nothing of the program that is measured is used.
 */
#ifndef SIGILL_BENCH_EXPECTATION_H
#define SIGILL_BENCH_EXPECTATION_H
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 12 };

struct query {
  const uint8_t *octets;
  uint32_t address;       /* of the first A record, as on the wire; 0 for any */
  uint16_t length, answers;
  uint8_t rcode, ad;
};

static void fail(const char *what, const char *which) {
  fprintf(stderr, "generator: %s %s%s%s\n", what, which, errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
  exit(2);
}

/* --- what is asked ----------------------------------------------------------------------------------------------- */

static uint32_t read16(const uint8_t *at) { return (uint32_t)at[0] | (uint32_t)at[1] << 8; }
static uint32_t read32(const uint8_t *at) { return read16(at) | read16(at + 2) << 16; }

/* All queries of a file; `count` gets how many. */
static struct query *load_queries(const char *path, uint32_t *count) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail("cannot open", path);
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  uint8_t *octets = malloc(size > 0 ? (size_t)size : 1);
  if (octets == NULL || size < 12 || fread(octets, 1, (size_t)size, file) != (size_t)size) fail("cannot read", path);
  fclose(file);
  errno = 0;
  if (memcmp(octets, "SIGILLQ1", 8) != 0) fail("not a query file:", path);
  *count = read32(octets + 8);
  struct query *queries = calloc(*count + 1u, sizeof *queries);
  if (queries == NULL) fail("no memory for", path);
  size_t at = 12;
  for (uint32_t i = 0; i < *count; i++) {
    struct query *q = &queries[i];
    if (at + 10 > (size_t)size) fail("cut short:", path);
    q->length = (uint16_t)read16(octets + at);
    q->answers = (uint16_t)read16(octets + at + 2);
    q->rcode = octets[at + 4];
    q->ad = octets[at + 5];
    memcpy(&q->address, octets + at + 6, 4);
    q->octets = octets + at + 10;
    at += 10u + q->length;
    if (at > (size_t)size || q->length < HEADER + 5) fail("cut short:", path);
  }
  return queries;
}

/* --- what comes back --------------------------------------------------------------------------------------------- */

/* Octets of name, type and class of the only question. */
static size_t question_octets(const struct query *q) {
  size_t at = HEADER;
  while (at < q->length && q->octets[at] != 0) at += 1u + q->octets[at];
  return at + 5 - HEADER;
}

static size_t skip_name(const uint8_t *octets, size_t length, size_t at) {
  while (at < length && octets[at] != 0) {
    if (octets[at] >= 0xc0) return at + 2;
    at += 1u + octets[at];
  }
  return at + 1;
}

/* True when the first A record of the answer section is this one. */
static bool has_address(const uint8_t *octets, size_t length, size_t at, uint32_t answers, uint32_t address) {
  for (uint32_t i = 0; i < answers; i++) {
    at = skip_name(octets, length, at);
    if (at + 10 > length) return false;
    uint32_t type = (uint32_t)octets[at] << 8 | octets[at + 1];
    uint32_t rdata_octets = (uint32_t)octets[at + 8] << 8 | octets[at + 9];
    at += 10;
    if (at + rdata_octets > length) return false;
    if (type == 1 && rdata_octets == 4) return memcmp(octets + at, &address, 4) == 0;
    at += rdata_octets;
  }
  return false;
}

/* True when the server says that it could not find out: SERVFAIL for a name that has another answer. */
static bool is_failure(const struct query *q, const uint8_t *reply, size_t length) {
  return length >= HEADER && (reply[3] & 15) == 2 && q->rcode != 0xff && q->rcode != 2;
}

/* NULL when the reply is what the name must have, else what is wrong with it. */
static const char *fault_of(const struct query *q, const uint8_t *reply, size_t length) {
  size_t question = question_octets(q);
  if (length < HEADER + question) return "too short";
  if ((reply[2] & 0x80) == 0) return "no reply: QR is not set";
  if (memcmp(reply + HEADER, q->octets + HEADER, question) != 0) return "another question";
  if (q->rcode != 0xff && (reply[3] & 15) != q->rcode) return "rcode";
  if ((reply[2] & 2) != 0) return "truncated";
  if (q->ad != 2 && (reply[3] >> 5 & 1) != q->ad) return "AD";
  uint32_t answers = (uint32_t)reply[6] << 8 | reply[7];
  if (q->answers != 0xffff && answers != q->answers) return "answer count";
  if (q->address != 0 && !has_address(reply, length, HEADER + question, answers, q->address)) return "address";
  return NULL;
}

#endif
