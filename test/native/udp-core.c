/*
 * The socket half of the addon, put through its paces without Node: under sanitizers and valgrind, which see every access
 * here. Ends with 0 when all is as it must be.
 */
#define _GNU_SOURCE
#define SIGILL_UDP_CORE_ONLY
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

/* What the system does with replies: takes so many, then says so. */
static int take_at_most = -1;
static int then_errno = EAGAIN;

static int sendmmsg_steered(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  if (take_at_most < 0) return sendmmsg(fd, messages, count, flags);
  if (take_at_most == 0) {
    errno = then_errno;
    return -1;
  }
  int sent = sendmmsg(fd, messages, count < (unsigned)take_at_most ? count : (unsigned)take_at_most, flags);
  take_at_most -= sent;
  return sent;
}

#define sendmmsg sendmmsg_steered
#include "../../src/native/udp.c"
#undef sendmmsg

static int checks, faults;

static void check(bool holds, const char *what, int line) {
  checks++;
  if (holds) return;
  faults++;
  fprintf(stderr, "line %d: %s (errno %d)\n", line, what, errno);
}
#define CHECK(condition) check((condition), #condition, __LINE__)

enum { SLOTS = 8, REQUEST = 100, REPLY = 130, WAITING = 5 };

static const uint8_t LOOPBACK[4] = {127, 0, 0, 1};
static const uint8_t LOOPBACK6[16] = {[15] = 1};
static const uint8_t ANY[16] = {0};

static struct udp_options options_at(const uint8_t *address, bool ipv6) {
  struct udp_options o = {.ipv6 = ipv6, .slots = SLOTS, .request_octets = REQUEST, .reply_octets = REPLY,
                          .waiting_max = WAITING, .receive_buffer_octets = 262144, .send_buffer_octets = 4096};
  memcpy(o.address, address, ipv6 ? 16 : 4);
  return o;
}

/* Opened with exactly the memory that it asks for, so that a step over its edge shows. */
static uint8_t *opened(struct udp *u, struct udp_options o) {
  CHECK(udp_open(u, &o) == 0);
  uint8_t *memory = calloc(1, u->at.octets);
  udp_use(u, memory);
  return memory;
}

static void closed(struct udp *u, uint8_t *memory) {
  udp_close(u);
  free(memory);
  udp_close(u);
  udp_free(u);
  udp_free(u);
}

/* A client that is connected to an address of the server, so that it hears only what comes from there. */
static int client_of(const struct udp *u, const char *text) {
  bool ipv6 = u->options.ipv6;
  uint8_t address[16] = {0};
  union udp_address to;
  CHECK(inet_pton(ipv6 ? AF_INET6 : AF_INET, text, address) == 1);
  socklen_t length = write_address(ipv6, address, u->port, 0, &to);
  int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
  CHECK(connect(fd, &to.any, length) == 0);
  return fd;
}

static uint32_t receive(struct udp *u) {
  struct pollfd p = {.fd = u->fd, .events = POLLIN};
  poll(&p, 1, 2000);
  return udp_receive(u);
}

/* Takes a reply; -1 when none comes. */
static int heard(int fd, uint8_t *octets, size_t length) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  if (poll(&p, 1, 100) <= 0) return -1;
  return (int)recv(fd, octets, length, MSG_DONTWAIT);
}

static void set_reply(struct udp *u, uint32_t slot, uint8_t fill, uint16_t length) {
  memset(u->memory + u->at.replies + slot * u->at.reply_stride, fill, length);
  memcpy(u->memory + u->at.reply_octets + slot * 2, &length, 2);
}

static uint16_t request_octets(const struct udp *u, uint32_t slot) {
  uint16_t length;
  memcpy(&length, u->memory + u->at.request_octets + slot * 2, 2);
  return length;
}

static void ask(int fd, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint8_t octets[4] = {(uint8_t)i};
    CHECK(send(fd, octets, sizeof octets, 0) == sizeof octets);
  }
}

/* Batches, lengths, senders, and replies of every length that a slot has. */
static void plain(const uint8_t *address, bool ipv6, const char *text) {
  struct udp u;
  uint8_t *memory = opened(&u, options_at(address, ipv6));
  int fd = client_of(&u, text);
  uint8_t octets[65536];
  memset(octets, 7, sizeof octets);
  CHECK(udp_receive(&u) == 0);
  ask(fd, 2 * SLOTS + 1);
  for (uint32_t left = 2 * SLOTS + 1; left > 0;) {
    uint32_t count = receive(&u);
    CHECK(count == (left < SLOTS ? left : SLOTS));
    if (count == 0) break;
    for (uint32_t slot = 0; slot < count; slot++) set_reply(&u, slot, (uint8_t)left, REPLY);
    udp_reply(&u, count);
    left -= count;
  }
  for (int i = 0; i < 2 * SLOTS + 1; i++) CHECK(heard(fd, octets, sizeof octets) == REPLY);
  CHECK(heard(fd, octets, sizeof octets) == -1);

  size_t lengths[] = {0, REQUEST, REQUEST + 1, 65000};
  for (size_t i = 0; i < 4; i++) CHECK(send(fd, octets, lengths[i], 0) == (ssize_t)lengths[i]);
  CHECK(receive(&u) == 4);
  for (uint32_t i = 0; i < 4; i++) CHECK(request_octets(&u, i) == lengths[i]);
  /* One reply too long for a slot is lost, and read by nobody; the empty one is none. */
  uint16_t beyond = REPLY + 1;
  set_reply(&u, 0, 1, 1);
  set_reply(&u, 3, 3, 3);
  memcpy(u.memory + u.at.reply_octets + 2, &beyond, 2);
  udp_reply(&u, 4);
  CHECK(udp_take_lost(&u) == 1);
  CHECK(udp_take_lost(&u) == 0);
  CHECK(heard(fd, octets, sizeof octets) == 1);
  CHECK(heard(fd, octets, sizeof octets) == 3);
  CHECK(heard(fd, octets, sizeof octets) == -1);
  close(fd);
  closed(&u, memory);
}

/* Replies leave from the address asked: the client's socket hears nothing else. */
static void wildcard(bool ipv6, const char *text) {
  struct udp u;
  uint8_t octets[REPLY];
  uint8_t *memory = opened(&u, options_at(ANY, ipv6));
  int fd = client_of(&u, text);
  ask(fd, 1);
  CHECK(receive(&u) == 1);
  set_reply(&u, 0, 9, 9);
  udp_reply(&u, 1);
  CHECK(heard(fd, octets, sizeof octets) == 9);
  /* The same, later. */
  memcpy(u.memory + u.at.late_peers + sizeof(struct peer), u.memory + u.at.peers, sizeof(struct peer));
  u.memory[u.at.late_replies + u.at.reply_stride] = 77;
  uint16_t length = 2;
  memcpy(u.memory + u.at.late_reply_octets + 2, &length, 2);
  udp_send_late(&u, 2);
  CHECK(heard(fd, octets, sizeof octets) == 2 && octets[0] == 77);
  close(fd);
  closed(&u, memory);
}

/* The system takes two replies and no more: the others wait in order, as many as may; then it takes them. */
static void waiting(void) {
  struct udp u;
  uint8_t octets[REPLY];
  uint8_t *memory = opened(&u, options_at(LOOPBACK, false));
  int fd = client_of(&u, "127.0.0.1");
  for (int round = 0; round < 3; round++) {
    ask(fd, SLOTS);
    CHECK(receive(&u) == SLOTS);
    for (uint32_t slot = 0; slot < SLOTS; slot++) set_reply(&u, slot, (uint8_t)slot, REPLY);
    take_at_most = 2;
    udp_reply(&u, SLOTS);
    CHECK(u.waiting_count == WAITING);
    CHECK(udp_take_lost(&u) == SLOTS - 2 - WAITING);
    /* What comes behind a line joins it, here at its end. */
    take_at_most = -1;
    udp_reply(&u, 1);
    CHECK(u.waiting_count == WAITING && udp_take_lost(&u) == 1);
    take_at_most = 1;
    udp_flush(&u);
    CHECK(u.waiting_count == WAITING - 1);
    /* The place given back is taken: the line is a ring. */
    take_at_most = -1;
    udp_reply(&u, 1);
    CHECK(u.waiting_count == WAITING && udp_take_lost(&u) == 0);
    udp_flush(&u);
    CHECK(u.waiting_count == 0 && udp_take_lost(&u) == 0);
    for (int i = 0; i < 2 + WAITING; i++) CHECK(heard(fd, octets, sizeof octets) == REPLY && octets[0] == i);
    CHECK(heard(fd, octets, sizeof octets) == REPLY && octets[0] == 0);
    CHECK(heard(fd, octets, sizeof octets) == -1);
  }
  /* Refused ones cost nobody else a reply. */
  ask(fd, 3);
  CHECK(receive(&u) == 3);
  for (uint32_t slot = 0; slot < 3; slot++) set_reply(&u, slot, 1, 1);
  take_at_most = 0;
  then_errno = EPERM;
  udp_reply(&u, 3);
  CHECK(u.waiting_count == 0 && udp_take_lost(&u) == 3);
  /* Closed while replies wait: they are lost. */
  then_errno = EAGAIN;
  udp_reply(&u, 3);
  CHECK(u.waiting_count == 3);
  udp_close(&u);
  CHECK(udp_take_lost(&u) == 3);
  take_at_most = -1;
  close(fd);
  closed(&u, memory);
}

static void refusals(void) {
  struct udp first, second;
  struct udp_options o = options_at(LOOPBACK, false);
  uint8_t *memory = opened(&first, o);
  o.port = first.port;
  CHECK(udp_open(&second, &o) == EADDRINUSE);
  udp_free(&second);
  o.address[0] = 192, o.address[2] = 2, o.address[3] = 77;
  CHECK(udp_open(&second, &o) == EADDRNOTAVAIL);
  udp_free(&second);
  closed(&first, memory);
  memory = opened(&first, options_at(LOOPBACK, false));
  CHECK(first.port != 0);
  closed(&first, memory);
}

static bool has_ipv6(void) {
  struct udp u;
  struct udp_options o = options_at(LOOPBACK6, true);
  bool has = udp_open(&u, &o) == 0;
  udp_free(&u);
  return has;
}

int main(void) {
  plain(LOOPBACK, false, "127.0.0.1");
  wildcard(false, "127.0.0.1");
  wildcard(false, "127.45.67.89");
  if (has_ipv6()) {
    plain(LOOPBACK6, true, "::1");
    wildcard(true, "::1");
  }
  waiting();
  refusals();
  printf("%d checks, %d faults\n", checks, faults);
  return faults == 0 ? 0 : 1;
}
