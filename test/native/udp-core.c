/*
 * The socket half of the addon, put through its paces without Node: under sanitizers and valgrind, which see every access
 * here. Ends with 0 when all is as it must be.
 */
#define _GNU_SOURCE
#define SIGILL_UDP_CORE_ONLY
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
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

/* Whoever sends to the port of a question before the question is connected; -1: nobody. */
static int hasty = -1;

static int connect_steered(int fd, const struct sockaddr *to, socklen_t length) {
  struct sockaddr_storage own;
  socklen_t own_length = sizeof own;
  if (hasty >= 0 && getsockname(fd, (struct sockaddr *)&own, &own_length) == 0) {
    struct sockaddr_in *at = (struct sockaddr_in *)&own;
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sendto(hasty, "early", 5, 0, (struct sockaddr *)at, own_length);
  }
  return connect(fd, to, length);
}

/* Tells of the next datagram that it came in fragments, as the system would. */
static bool in_fragments;

static ssize_t recvmsg_steered(int fd, struct msghdr *header, int flags) {
  ssize_t octets = recvmsg(fd, header, flags);
  if (octets < 0 || !in_fragments) return octets;
  int largest = 600;
  struct cmsghdr *c = header->msg_control;
  header->msg_controllen = CMSG_SPACE(sizeof largest);
  c->cmsg_level = IPPROTO_IP;
  c->cmsg_type = IP_RECVFRAGSIZE;
  c->cmsg_len = CMSG_LEN(sizeof largest);
  memcpy(CMSG_DATA(c), &largest, sizeof largest);
  in_fragments = false;
  return octets;
}

/* A system that lacks the better of two ways to ignore path MTUs, as Linux did before 3.15. */
static bool lacks_omit;

static int setsockopt_steered(int fd, int level, int name, const void *value, socklen_t length) {
  bool ipv6 = level == IPPROTO_IPV6;
  int wanted = 0;
  if (length == sizeof wanted) memcpy(&wanted, value, sizeof wanted);
  bool is_omit = name == (ipv6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER) &&
                 (ipv6 || level == IPPROTO_IP) && wanted == (ipv6 ? IPV6_PMTUDISC_OMIT : IP_PMTUDISC_OMIT);
  if (lacks_omit && is_omit) {
    errno = EINVAL;
    return -1;
  }
  return setsockopt(fd, level, name, value, length);
}

#define setsockopt setsockopt_steered
#define sendmmsg sendmmsg_steered
#define connect connect_steered
#define recvmsg recvmsg_steered
#include "../../src/native/udp.c"
#undef setsockopt
#undef sendmmsg
#undef connect
#undef recvmsg

static int checks, faults;

static void check(bool holds, const char *what, int line) {
  checks++;
  if (holds) return;
  faults++;
  fprintf(stderr, "line %d: %s (errno %d)\n", line, what, errno);
}
#define CHECK(condition) check((condition), #condition, __LINE__)

enum { SLOTS = 8, REQUEST = 100, REPLY = 130, WAITING = 5, QUESTION = 40 };

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

/* --- questions --------------------------------------------------------------------------------------------------- */

/* An authority: answers what it is told to. */
static int authority(bool ipv6, uint16_t *port) {
  union udp_address at;
  socklen_t length = write_address(ipv6, ipv6 ? LOOPBACK6 : LOOPBACK, 0, 0, &at);
  int fd = socket(at.any.sa_family, SOCK_DGRAM, 0);
  CHECK(bind(fd, &at.any, length) == 0);
  CHECK(getsockname(fd, &at.any, &length) == 0);
  *port = ntohs(ipv6 ? at.ipv6.sin6_port : at.ipv4.sin_port);
  return fd;
}

/* With exactly the memory that it asks for. */
static void begun(struct questions *q) {
  CHECK(questions_open(q, QUESTION, REPLY) == 0);
  q->memory = calloc(1, questions_memory(q));
}

static void ended(struct questions *q) {
  uint8_t *memory = q->memory;
  questions_close(q);
  free(memory);
  questions_close(q);
  questions_free(q);
  questions_free(q);
}

static int32_t asked(struct questions *q, bool ipv6, uint16_t server_port, uint16_t source_port, uint32_t octets) {
  struct question *question = (struct question *)(void *)q->memory;
  memset(question, 0, sizeof *question);
  memcpy(question->server, ipv6 ? LOOPBACK6 : LOOPBACK, ipv6 ? 16 : 4);
  question->server_port = server_port;
  question->source_port = source_port;
  question->ipv6 = ipv6;
  question->octets = octets;
  if (octets <= QUESTION) memset(question + 1, 'q', octets);
  return questions_ask(q);
}

/* Waits for the next event. */
static bool told(struct questions *q, struct question_event *event) {
  struct pollfd wait = {.fd = q->queue, .events = POLLIN};
  for (int i = 0; i < 100; i++) {
    if (poll(&wait, 1, 10) == 1 && questions_next(q, event)) return true;
  }
  return false;
}

/* Takes a question and sends so many octets back. */
static void answer(int fd, uint32_t octets) {
  uint8_t buffer[300] = {0};
  union udp_address from;
  socklen_t length = sizeof from;
  CHECK(recvfrom(fd, buffer, sizeof buffer, MSG_DONTWAIT, &from.any, &length) == QUESTION);
  CHECK(sendto(fd, buffer, octets, 0, &from.any, length) == (ssize_t)octets);
}

static void ask_and_hear(bool ipv6) {
  struct questions q;
  struct question_event event;
  uint16_t port;
  int server = authority(ipv6, &port);
  begun(&q);
  CHECK(questions_under_way(&q) == 0);
  for (uint32_t octets = REPLY - 1; octets <= REPLY + 1; octets++) {
    int32_t place = asked(&q, ipv6, port, 0, QUESTION);
    CHECK(place >= 0 && questions_under_way(&q) == 1);
    CHECK(!questions_next(&q, &event) && !questions_receive(&q, (uint32_t)place, &event));
    answer(server, octets);
    CHECK(told(&q, &event) && event.place == (uint32_t)place && event.octets == octets);
    CHECK(event.error == 0 && !event.fragmented && q.memory[q.reply_at] == 'q');
    questions_end(&q, (uint32_t)place);
    questions_end(&q, (uint32_t)place);
    CHECK(questions_under_way(&q) == 0);
  }
  CHECK(asked(&q, ipv6, port, 0, QUESTION + 1) == -EMSGSIZE);
  close(server);
  int32_t place = asked(&q, ipv6, port, 0, QUESTION);
  if (place >= 0) CHECK(told(&q, &event) && event.error == ECONNREFUSED);
  else CHECK(place == -ECONNREFUSED);
  ended(&q);
}

/* More than there is room for at first; and all of them forgotten at once. */
static void many_questions(void) {
  enum { MANY = 3 * QUESTION_PLACES_FIRST };
  struct questions q;
  struct question_event event;
  uint16_t port;
  int server = authority(false, &port);
  bool heard[MANY] = {false};
  begun(&q);
  for (int i = 0; i < MANY; i++) CHECK(asked(&q, false, port, 0, QUESTION) == i);
  for (int i = 0; i < MANY; i++) answer(server, 1);
  for (int i = 0; i < MANY; i++) {
    CHECK(told(&q, &event) && event.place < MANY && !heard[event.place]);
    heard[event.place] = true;
    if (i % 2 == 0) questions_end(&q, event.place);
  }
  CHECK(questions_under_way(&q) == MANY / 2);
  ended(&q);
  close(server);
}

/* What comes from elsewhere, though it be early; and what comes in fragments. */
static void doubtful_replies(void) {
  struct questions q;
  struct question_event event;
  uint16_t port, other_port;
  int server = authority(false, &port);
  begun(&q);
  hasty = authority(false, &other_port);
  int32_t place = asked(&q, false, port, 0, QUESTION);
  close(hasty);
  hasty = -1;
  CHECK(place >= 0 && !questions_next(&q, &event));
  answer(server, 7);
  CHECK(told(&q, &event) && event.octets == 7 && !event.fragmented);
  in_fragments = true;
  questions_end(&q, (uint32_t)place);
  place = asked(&q, false, port, 0, QUESTION);
  answer(server, 8);
  CHECK(told(&q, &event) && event.octets == 8 && event.fragmented);
  ended(&q);
  close(server);
}

static void refused_questions(void) {
  struct questions q;
  uint16_t port;
  int server = authority(false, &port);
  begun(&q);
  CHECK(asked(&q, false, port, port, QUESTION) == -EADDRINUSE);
  struct rlimit usual, none = {.rlim_cur = 0, .rlim_max = 0};
  CHECK(getrlimit(RLIMIT_NOFILE, &usual) == 0);
  none.rlim_max = usual.rlim_max;
  CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
  CHECK(asked(&q, false, port, 0, QUESTION) == -EMFILE);
  CHECK(setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK(questions_under_way(&q) == 0 && asked(&q, false, port, 0, QUESTION) >= 0);
  ended(&q);
  close(server);
}

/* How a socket goes by path MTUs, as the system says. */
static int path_mtu_way(int fd, bool ipv6) {
  int way = -1;
  socklen_t length = sizeof way;
  int name = ipv6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER;
  CHECK(getsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, name, &way, &length) == 0);
  return way;
}

/* Sockets to clients and to authorities believe no path MTU, and say so in the next best way where the best is not known. */
static void path_mtu_ignored(bool ipv6) {
  for (int lacks = 0; lacks <= 1; lacks++) {
    int omit = ipv6 ? IPV6_PMTUDISC_OMIT : IP_PMTUDISC_OMIT;
    int wanted = lacks ? (ipv6 ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_DONT) : omit;
    struct udp u;
    struct questions q;
    uint16_t port;
    lacks_omit = lacks == 1;
    uint8_t *memory = opened(&u, options_at(ipv6 ? LOOPBACK6 : LOOPBACK, ipv6));
    CHECK(path_mtu_way(u.fd, ipv6) == wanted);
    closed(&u, memory);
    int server = authority(ipv6, &port);
    begun(&q);
    int32_t place = asked(&q, ipv6, port, 0, QUESTION);
    CHECK(place >= 0);
    if (place >= 0) CHECK(path_mtu_way(q.sockets[place].fd, ipv6) == wanted);
    ended(&q);
    close(server);
    lacks_omit = false;
  }
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
    ask_and_hear(true);
    path_mtu_ignored(true);
  }
  path_mtu_ignored(false);
  ask_and_hear(false);
  many_questions();
  doubtful_replies();
  refused_questions();
  waiting();
  refusals();
  printf("%d checks, %d faults\n", checks, faults);
  return faults == 0 ? 0 : 1;
}
