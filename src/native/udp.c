/*
 * UDP in batches: one recvmmsg, one call into JavaScript, one sendmmsg. And questions to authorities, each out of a
 * socket of its own.
 *
 * The first half is sockets, and knows nothing of Node. The second half ties them to an event loop and to JavaScript by
 * Node-API; addon.ts and addon-questions.ts are its other side. With SIGILL_UDP_CORE_ONLY only the first half is compiled,
 * for tests.
 * Nothing is static, so that any number of threads can load it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* --- the socket -------------------------------------------------------------------------------------------------- */

/* Octets of a cache line, on all machines that matter here. */
enum { LINE = 64 };
/* Questions for which there is room at first. */
enum { QUESTION_PLACES_FIRST = 64 };

/* Whom to answer, and from where. JavaScript reads the address and copies the whole: size and beginning are fixed. */
struct peer {
  uint8_t address[16]; /* the first 4 octets where the socket is an IPv4 one */
  uint8_t local[16];   /* the address that was asked; see has_local */
  uint32_t scope;      /* the interface of a link-local address, otherwise 0 */
  uint16_t port;       /* in the machine's order; 0: nobody who can be answered */
  uint8_t has_local;   /* 0: the system chooses the source of the reply */
  uint8_t unused;
};
_Static_assert(sizeof(struct peer) == 40, "JavaScript counts on it");

struct udp_options {
  bool ipv6;
  uint8_t address[16];
  uint32_t descriptor; /* of a socket that an earlier process opened and bound there; 0: one is opened */
  uint32_t port;       /* 0: the system chooses */
  uint32_t reuse_port; /* other sockets may listen there too, and share what comes */
  uint32_t receive_buffer_octets;
  uint32_t send_buffer_octets; /* of both buffers, 0: as the system has it */
  uint32_t slots;              /* datagrams of a batch */
  uint32_t request_octets;     /* a longer datagram is cut off */
  uint32_t reply_octets;
  uint32_t waiting_max; /* replies kept until the system takes more */
};

/* Where things lie in the memory that is shared with JavaScript; all but the last are arrays of `slots`. */
struct udp_layout {
  uint32_t requests, request_stride;
  uint32_t replies, late_replies, reply_stride;
  uint32_t peers, late_peers;
  uint32_t ports;          /* 16 bits each: of the senders, as in their struct peer */
  uint32_t request_octets; /* 16 bits each: of the whole datagram, so more than a slot holds if it was cut off */
  uint32_t reply_octets, late_reply_octets; /* 16 bits each; 0: no reply */
  uint32_t octets;
};

union udp_address {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

union udp_control {
  struct cmsghdr head;
  uint8_t ipv4[CMSG_SPACE(sizeof(struct in_pktinfo))];
  uint8_t ipv6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* What a message header points to. */
struct udp_frame {
  struct iovec part;
  union udp_address address;
  union udp_control control;
  uint32_t slot;
};

struct udp_waiting {
  struct peer to;
  uint32_t length;
  uint8_t octets[];
};

struct udp {
  int fd; /* -1: closed */
  uint16_t port;
  bool wildcard; /* bound to no address, so each datagram has to tell which one it was sent to */
  struct udp_options options;
  struct udp_layout at;
  uint8_t *memory;
  struct mmsghdr *incoming, *outgoing; /* `slots` of each */
  struct udp_frame *incoming_frames, *outgoing_frames;
  uint8_t *waiting; /* a ring of struct udp_waiting, made when it is first needed */
  uint32_t waiting_first, waiting_count;
  uint32_t lost; /* replies that went nowhere, since somebody last asked */
};

static uint32_t round_up(uint32_t octets, uint32_t unit) {
  return (octets + unit - 1) / unit * unit;
}

/* An odd number of cache lines: at a power of two the heads of all slots would crowd into a few sets of the cache. */
static uint32_t slot_stride(uint32_t octets) {
  return round_up(octets, 2 * LINE) + LINE;
}

static uint32_t place(uint32_t *end, uint32_t octets) {
  uint32_t at = *end;
  *end = at + round_up(octets, LINE);
  return at;
}

static struct udp_layout udp_layout(const struct udp_options *o) {
  struct udp_layout at;
  uint32_t end = 0;
  at.request_stride = slot_stride(o->request_octets);
  at.reply_stride = slot_stride(o->reply_octets);
  at.requests = place(&end, o->slots * at.request_stride);
  at.replies = place(&end, o->slots * at.reply_stride);
  at.late_replies = place(&end, o->slots * at.reply_stride);
  at.peers = place(&end, o->slots * (uint32_t)sizeof(struct peer));
  at.late_peers = place(&end, o->slots * (uint32_t)sizeof(struct peer));
  at.ports = place(&end, o->slots * (uint32_t)sizeof(uint16_t));
  at.request_octets = place(&end, o->slots * (uint32_t)sizeof(uint16_t));
  at.reply_octets = place(&end, o->slots * (uint32_t)sizeof(uint16_t));
  at.late_reply_octets = place(&end, o->slots * (uint32_t)sizeof(uint16_t));
  at.octets = end;
  return at;
}

static bool is_zero(const uint8_t *octets, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (octets[i] != 0) return false;
  }
  return true;
}

static int set_flag(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

/* What must hold before the socket is bound. 0 or -1 with errno. */
static int set_demands(const struct udp *u) {
  const struct udp_options *o = &u->options;
  if (o->ipv6 && set_flag(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0) return -1;
  if (o->reuse_port != 0 && set_flag(u->fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0) return -1;
  if (!u->wildcard) return 0;
  if (o->ipv6) return set_flag(u->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  return set_flag(u->fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* Who forges ICMP messages must not make us send fragments, so path MTUs are not believed. */
static void ignore_path_mtu(int fd, bool ipv6) {
  int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
  int name = ipv6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER;
  if (set_flag(fd, level, name, ipv6 ? IPV6_PMTUDISC_OMIT : IP_PMTUDISC_OMIT) != 0) {
    set_flag(fd, level, name, ipv6 ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_DONT);
  }
}

/* What is good to have. */
static void set_wishes(const struct udp *u) {
  const struct udp_options *o = &u->options;
  ignore_path_mtu(u->fd, o->ipv6);
  if (o->receive_buffer_octets != 0) set_flag(u->fd, SOL_SOCKET, SO_RCVBUF, (int)o->receive_buffer_octets);
  if (o->send_buffer_octets != 0) set_flag(u->fd, SOL_SOCKET, SO_SNDBUF, (int)o->send_buffer_octets);
}

static socklen_t write_address(bool ipv6, const uint8_t *octets, uint32_t port, uint32_t scope, union udp_address *to) {
  memset(to, 0, sizeof *to);
  if (ipv6) {
    to->ipv6.sin6_family = AF_INET6;
    to->ipv6.sin6_port = htons((uint16_t)port);
    to->ipv6.sin6_scope_id = scope;
    memcpy(&to->ipv6.sin6_addr, octets, 16);
    return sizeof to->ipv6;
  }
  to->ipv4.sin_family = AF_INET;
  to->ipv4.sin_port = htons((uint16_t)port);
  memcpy(&to->ipv4.sin_addr, octets, 4);
  return sizeof to->ipv4;
}

static int bind_socket(struct udp *u) {
  const struct udp_options *o = &u->options;
  union udp_address address;
  socklen_t length = write_address(o->ipv6, o->address, o->port, 0, &address);
  if (o->descriptor == 0 && bind(u->fd, &address.any, length) != 0) return -1;
  length = sizeof address;
  if (getsockname(u->fd, &address.any, &length) != 0) return -1;
  u->port = ntohs(o->ipv6 ? address.ipv6.sin6_port : address.ipv4.sin_port);
  return 0;
}

/* A header for one datagram to come; the kernel writes lengths and flags into it, so each receipt needs them anew. */
static void expect(struct udp *u, uint32_t slot) {
  struct msghdr *header = &u->incoming[slot].msg_hdr;
  struct udp_frame *frame = &u->incoming_frames[slot];
  header->msg_name = &frame->address;
  header->msg_namelen = sizeof frame->address;
  header->msg_iov = &frame->part;
  header->msg_iovlen = 1;
  header->msg_control = u->wildcard ? &frame->control : NULL;
  header->msg_controllen = u->wildcard ? sizeof frame->control : 0;
  header->msg_flags = 0;
}

static int make_headers(struct udp *u) {
  uint32_t slots = u->options.slots;
  u->incoming = calloc(slots, sizeof *u->incoming);
  u->outgoing = calloc(slots, sizeof *u->outgoing);
  u->incoming_frames = calloc(slots, sizeof *u->incoming_frames);
  u->outgoing_frames = calloc(slots, sizeof *u->outgoing_frames);
  if (u->incoming == NULL || u->outgoing == NULL || u->incoming_frames == NULL || u->outgoing_frames == NULL) {
    errno = ENOMEM;
    return -1;
  }
  return 0;
}

/* Closes the socket; its port is free when this returns. What still waits is lost. Safe to repeat. */
static void udp_close(struct udp *u) {
  if (u->fd >= 0) close(u->fd);
  u->fd = -1;
  u->memory = NULL;
  u->lost += u->waiting_count;
  u->waiting_count = 0;
}

/* Frees what `udp_open` made, or began to make. */
static void udp_free(struct udp *u) {
  udp_close(u);
  free(u->incoming);
  free(u->outgoing);
  free(u->incoming_frames);
  free(u->outgoing_frames);
  free(u->waiting);
  u->incoming = u->outgoing = NULL;
  u->incoming_frames = u->outgoing_frames = NULL;
  u->waiting = NULL;
}

/* Opens and binds. 0, or errno; `udp_free` has to follow in either case. */
static int udp_open(struct udp *u, const struct udp_options *options) {
  memset(u, 0, sizeof *u);
  u->options = *options;
  u->at = udp_layout(options);
  u->wildcard = is_zero(options->address, options->ipv6 ? 16 : 4);
  if (options->descriptor != 0) {
    /* What has to be set before it is bound has been. */
    u->fd = (int)options->descriptor;
    if (make_headers(u) != 0) return errno;
  } else {
    u->fd = socket(options->ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (u->fd < 0 || set_demands(u) != 0 || make_headers(u) != 0) return errno;
  }
  set_wishes(u);
  return bind_socket(u) == 0 ? 0 : errno;
}

/* Gives the socket its memory, `at.octets` of it, aligned to eight octets. It stays until `udp_close`. */
static void udp_use(struct udp *u, uint8_t *memory) {
  u->memory = memory;
  for (uint32_t slot = 0; slot < u->options.slots; slot++) {
    u->incoming_frames[slot].part.iov_base = memory + u->at.requests + slot * u->at.request_stride;
    u->incoming_frames[slot].part.iov_len = u->options.request_octets;
    expect(u, slot);
  }
}

/* The address asked. A multicast one cannot be the source of a reply. */
static void read_local(struct msghdr *header, struct peer *from) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(from->local, &info.ipi_spec_dst, 4);
      from->has_local = 1;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(from->local, &info.ipi6_addr, 16);
      if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) from->scope = info.ipi6_ifindex;
      from->has_local = !IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
    }
  }
}

static void read_peer(const struct udp *u, struct msghdr *header, struct peer *from) {
  const union udp_address *address = header->msg_name;
  memset(from, 0, sizeof *from);
  if (header->msg_namelen == 0) return;
  if (u->options.ipv6) {
    memcpy(from->address, &address->ipv6.sin6_addr, 16);
    from->port = ntohs(address->ipv6.sin6_port);
    from->scope = address->ipv6.sin6_scope_id;
  } else {
    memcpy(from->address, &address->ipv4.sin_addr, 4);
    from->port = ntohs(address->ipv4.sin_port);
  }
  if (u->wildcard) read_local(header, from);
}

/*
 * Takes what has come: datagrams into the request slots, their senders beside them, no reply to any yet.
 * Returns how many; 0 when there is nothing.
 */
static uint32_t udp_receive(struct udp *u) {
  struct peer *peers = (struct peer *)(void *)(u->memory + u->at.peers);
  uint16_t *lengths = (uint16_t *)(void *)(u->memory + u->at.request_octets);
  uint16_t *ports = (uint16_t *)(void *)(u->memory + u->at.ports);
  int count;
  /* MSG_TRUNC: a datagram that was cut off is told with the length that it had. */
  do count = recvmmsg(u->fd, u->incoming, u->options.slots, MSG_DONTWAIT | MSG_TRUNC, NULL);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return 0;
  for (uint32_t slot = 0; slot < (uint32_t)count; slot++) {
    uint32_t length = u->incoming[slot].msg_len;
    lengths[slot] = length > UINT16_MAX ? UINT16_MAX : (uint16_t)length;
    read_peer(u, &u->incoming[slot].msg_hdr, &peers[slot]);
    ports[slot] = peers[slot].port;
    expect(u, slot);
  }
  memset(u->memory + u->at.reply_octets, 0, (size_t)count * sizeof(uint16_t));
  return (uint32_t)count;
}

/* Lets the reply leave from the address that was asked. */
static void write_local(bool ipv6, const struct peer *to, struct msghdr *header, union udp_control *control) {
  memset(control, 0, sizeof *control);
  header->msg_control = control;
  header->msg_controllen = ipv6 ? sizeof control->ipv6 : sizeof control->ipv4;
  struct cmsghdr *c = CMSG_FIRSTHDR(header);
  if (ipv6) {
    struct in6_pktinfo info = {.ipi6_ifindex = 0};
    memcpy(&info.ipi6_addr, to->local, 16);
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = to->scope;
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
  } else {
    struct in_pktinfo info = {.ipi_ifindex = 0};
    memcpy(&info.ipi_spec_dst, to->local, 4);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
  }
}

/* Makes outgoing message `k` a reply. */
static void address_reply(struct udp *u, uint32_t k, const struct peer *to, uint8_t *octets, size_t length) {
  struct udp_frame *frame = &u->outgoing_frames[k];
  struct msghdr *header = &u->outgoing[k].msg_hdr;
  memset(header, 0, sizeof *header);
  frame->part.iov_base = octets;
  frame->part.iov_len = length;
  header->msg_iov = &frame->part;
  header->msg_iovlen = 1;
  header->msg_name = &frame->address;
  header->msg_namelen = write_address(u->options.ipv6, to->address, to->port, to->scope, &frame->address);
  if (to->has_local != 0) write_local(u->options.ipv6, to, header, &frame->control);
}

/*
 * Sends the first `count` outgoing messages. Returns how many are dealt with; the others have to wait until the socket
 * is writable. A reply that the system refuses (a firewall, no route, a client that is gone) is lost, and only it.
 */
static uint32_t transmit(struct udp *u, uint32_t count) {
  uint32_t done = 0;
  while (done < count) {
    int sent = sendmmsg(u->fd, u->outgoing + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) done += (uint32_t)sent;
    else if (sent < 0 && errno == EINTR) continue;
    else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    else {
      u->lost++;
      done++;
    }
  }
  return done;
}

static struct udp_waiting *waiting_at(const struct udp *u, uint32_t place_in_line) {
  size_t stride = round_up((uint32_t)sizeof(struct udp_waiting) + u->options.reply_octets, 8);
  uint32_t index = (u->waiting_first + place_in_line) % u->options.waiting_max;
  return (struct udp_waiting *)(void *)(u->waiting + index * stride);
}

/* Puts a reply in line for when the system takes more; the line has an end, and what finds no place is lost. */
static void keep(struct udp *u, const struct peer *to, const uint8_t *octets, size_t length) {
  if (u->waiting == NULL && u->options.waiting_max > 0) {
    size_t stride = round_up((uint32_t)sizeof(struct udp_waiting) + u->options.reply_octets, 8);
    u->waiting = malloc(u->options.waiting_max * stride);
  }
  if (u->waiting == NULL || u->waiting_count == u->options.waiting_max) {
    u->lost++;
    return;
  }
  struct udp_waiting *last = waiting_at(u, u->waiting_count++);
  last->to = *to;
  last->length = (uint32_t)length;
  memcpy(last->octets, octets, length);
}

/* Sends what waits, as far as the system takes it. */
static void udp_flush(struct udp *u) {
  while (u->waiting_count > 0) {
    uint32_t count = u->waiting_count < u->options.slots ? u->waiting_count : u->options.slots;
    for (uint32_t k = 0; k < count; k++) {
      struct udp_waiting *one = waiting_at(u, k);
      address_reply(u, k, &one->to, one->octets, one->length);
    }
    uint32_t done = transmit(u, count);
    u->waiting_first = (u->waiting_first + done) % u->options.waiting_max;
    u->waiting_count -= done;
    if (done < count) return;
  }
}

/* Sends the replies of the first `count` slots that have one. */
static void send_slots(struct udp *u, uint32_t count, uint32_t replies, uint32_t reply_octets, uint32_t peers) {
  const struct peer *to = (const struct peer *)(void *)(u->memory + peers);
  const uint16_t *lengths = (const uint16_t *)(void *)(u->memory + reply_octets);
  uint8_t *octets = u->memory + replies;
  uint32_t sending = 0;
  for (uint32_t slot = 0; slot < count; slot++) {
    uint32_t length = lengths[slot];
    if (length == 0) continue;
    uint8_t *reply = octets + slot * u->at.reply_stride;
    if (length > u->options.reply_octets) u->lost++;
    else if (u->waiting_count > 0) keep(u, &to[slot], reply, length);
    else {
      u->outgoing_frames[sending].slot = slot;
      address_reply(u, sending++, &to[slot], reply, length);
    }
  }
  for (uint32_t k = transmit(u, sending); k < sending; k++) {
    uint32_t slot = u->outgoing_frames[k].slot;
    keep(u, &to[slot], octets + slot * u->at.reply_stride, lengths[slot]);
  }
}

/* Sends the replies to the first `count` datagrams received last. */
static void udp_reply(struct udp *u, uint32_t count) {
  send_slots(u, count, u->at.replies, u->at.reply_octets, u->at.peers);
}

/* Sends the first `count` late replies, to the peers beside them. */
static void udp_send_late(struct udp *u, uint32_t count) {
  send_slots(u, count, u->at.late_replies, u->at.late_reply_octets, u->at.late_peers);
}

static uint32_t udp_take_lost(struct udp *u) {
  uint32_t lost = u->lost;
  u->lost = 0;
  return lost;
}

/* --- questions --------------------------------------------------------------------------------------------------- */

/*
 * A question to an authority leaves by a socket of its own: bound to a port that nobody can guess, connected to whom is
 * asked, and closed as soon as there is a reply. JavaScript writes this, and the message behind it.
 */
struct question {
  uint8_t server[16]; /* the first 4 octets where it is an IPv4 one */
  uint8_t source[16]; /* all zero: the system chooses */
  uint32_t octets;    /* of the message */
  uint16_t server_port, source_port; /* in the machine's order */
  uint32_t ipv6;
};
_Static_assert(sizeof(struct question) == 44, "JavaScript counts on it");

/* Where a question is on its way; fd -1: nowhere. */
struct question_socket {
  int fd;
  union udp_address server;
};

struct questions {
  int queue; /* an epoll of all sockets; -1: closed */
  struct question_socket *sockets;
  uint32_t *free_places; /* a stack */
  uint32_t places, free_count;
  uint32_t question_octets, reply_octets; /* of the longest message either way */
  uint32_t reply_at; /* in the memory, which begins with the question */
  uint8_t *memory;
};

/* What happened at a place: `octets` of a datagram have come, or an error, after which nothing will. */
struct question_event {
  uint32_t place;
  int error;       /* errno */
  uint32_t octets; /* of the whole datagram: more than `reply_octets` where it was cut off */
  bool fragmented; /* it came in pieces: all but the first carry neither port nor id, so anybody may have sent those */
};

/* Octets of the memory that is shared with JavaScript. */
static uint32_t questions_memory(const struct questions *q) {
  return q->reply_at + q->reply_octets;
}

/* 0, or errno; `questions_free` has to follow in either case. */
static int questions_open(struct questions *q, uint32_t question_octets, uint32_t reply_octets) {
  memset(q, 0, sizeof *q);
  q->question_octets = question_octets;
  q->reply_octets = reply_octets;
  q->reply_at = round_up((uint32_t)sizeof(struct question) + question_octets, LINE);
  q->queue = epoll_create1(EPOLL_CLOEXEC);
  return q->queue < 0 ? errno : 0;
}

/* Closes all sockets; what was on its way is forgotten. Safe to repeat. */
static void questions_close(struct questions *q) {
  for (uint32_t place = 0; place < q->places; place++) {
    if (q->sockets[place].fd >= 0) close(q->sockets[place].fd);
    q->sockets[place].fd = -1;
  }
  if (q->queue >= 0) close(q->queue);
  q->queue = -1;
  q->memory = NULL;
}

/* Frees what `questions_open` made, or began to make. */
static void questions_free(struct questions *q) {
  questions_close(q);
  free(q->sockets);
  free(q->free_places);
  q->sockets = NULL;
  q->free_places = NULL;
  q->places = q->free_count = 0;
}

/* Twice as many places. False: no memory, and all is as it was. */
static bool questions_grow(struct questions *q) {
  uint32_t places = q->places == 0 ? QUESTION_PLACES_FIRST : 2 * q->places;
  struct question_socket *sockets = realloc(q->sockets, places * sizeof *sockets);
  if (sockets == NULL) return false;
  q->sockets = sockets;
  uint32_t *free_places = realloc(q->free_places, places * sizeof *free_places);
  if (free_places == NULL) return false;
  q->free_places = free_places;
  for (uint32_t place = places; place-- > q->places;) {
    q->sockets[place].fd = -1;
    q->free_places[q->free_count++] = place;
  }
  q->places = places;
  return true;
}

/* Has it told of a datagram that it came in fragments, where the system can. */
static void watch_fragments(int fd, bool ipv6) {
#ifdef IP_RECVFRAGSIZE
  if (!ipv6) set_flag(fd, IPPROTO_IP, IP_RECVFRAGSIZE, 1);
#endif
#ifdef IPV6_RECVFRAGSIZE
  if (ipv6) set_flag(fd, IPPROTO_IPV6, IPV6_RECVFRAGSIZE, 1);
#endif
}

/* Binds, connects and sends. 0 or -1 with errno. */
static int send_question(int fd, const struct question *asked, union udp_address *server) {
  bool ipv6 = asked->ipv6 != 0;
  union udp_address source;
  socklen_t length = write_address(ipv6, asked->source, asked->source_port, 0, &source);
  write_address(ipv6, asked->server, asked->server_port, 0, server);
  if (ipv6 && set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0) return -1;
  ignore_path_mtu(fd, ipv6);
  watch_fragments(fd, ipv6);
  if (bind(fd, &source.any, length) != 0 || connect(fd, &server->any, length) != 0) return -1;
  return send(fd, asked + 1, asked->octets, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Asks what lies in the memory. Returns its place, or errno below zero. */
static int32_t questions_ask(struct questions *q) {
  const struct question *asked = (const struct question *)(void *)q->memory;
  if (asked->octets > q->question_octets) return -EMSGSIZE;
  if (q->free_count == 0 && !questions_grow(q)) return -ENOMEM;
  int fd = socket(asked->ipv6 != 0 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  uint32_t place = q->free_places[q->free_count - 1];
  struct epoll_event wish = {.events = EPOLLIN, .data.u32 = place};
  if (send_question(fd, asked, &q->sockets[place].server) != 0 || epoll_ctl(q->queue, EPOLL_CTL_ADD, fd, &wish) != 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  q->free_count--;
  q->sockets[place].fd = fd;
  return (int32_t)place;
}

/* Closes the socket of a question, which takes it out of the queue. A place that is free stays so. */
static void questions_end(struct questions *q, uint32_t place) {
  if (q->sockets[place].fd < 0) return;
  close(q->sockets[place].fd);
  q->sockets[place].fd = -1;
  q->free_places[q->free_count++] = place;
}

static uint32_t questions_under_way(const struct questions *q) {
  return q->places - q->free_count;
}

/* The kernel filters by sender only since `connect`: what slipped in between `bind` and that is not the server's. */
static bool is_from(const union udp_address *sender, const union udp_address *server) {
  if (sender->any.sa_family != server->any.sa_family) return false;
  if (sender->any.sa_family == AF_INET) {
    return sender->ipv4.sin_port == server->ipv4.sin_port &&
           sender->ipv4.sin_addr.s_addr == server->ipv4.sin_addr.s_addr;
  }
  return sender->ipv6.sin6_port == server->ipv6.sin6_port &&
         memcmp(&sender->ipv6.sin6_addr, &server->ipv6.sin6_addr, 16) == 0;
}

static bool came_in_fragments(struct msghdr *header) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
#ifdef IP_RECVFRAGSIZE
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVFRAGSIZE) return true;
#endif
#ifdef IPV6_RECVFRAGSIZE
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVFRAGSIZE) return true;
#endif
  }
  return false;
}

/* Takes the next datagram of a place, or an error. False: there is none. */
static bool questions_receive(struct questions *q, uint32_t place, struct question_event *event) {
  const struct question_socket *s = &q->sockets[place];
  union udp_address sender;
  union {
    struct cmsghdr head;
    uint8_t octets[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {.iov_base = q->memory + q->reply_at, .iov_len = q->reply_octets};
  for (;;) {
    struct msghdr header = {.msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1,
                            .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t octets = recvmsg(s->fd, &header, MSG_DONTWAIT | MSG_TRUNC);
    if (octets < 0 && errno == EINTR) continue;
    if (octets < 0) {
      *event = (struct question_event){.place = place, .error = errno};
      return errno != EAGAIN && errno != EWOULDBLOCK;
    }
    if (header.msg_namelen == 0 || !is_from(&sender, &s->server)) continue;
    *event = (struct question_event){
        .place = place, .octets = (uint32_t)octets, .fragmented = came_in_fragments(&header)};
    return true;
  }
}

/*
 * The next thing that happened, the datagram in the memory. One at a time: what JavaScript does about it takes long
 * beside these calls, and closes the sockets of others too. False: nothing, for now.
 */
static bool questions_next(struct questions *q, struct question_event *event) {
  struct epoll_event ready;
  while (epoll_wait(q->queue, &ready, 1, 0) == 1) {
    uint32_t place = ready.data.u32;
    /* While a process is being forked, it has the sockets too, and the queue still tells of those closed here. */
    if (q->sockets[place].fd < 0) return false;
    if (questions_receive(q, place, event)) return true;
  }
  return false;
}

#ifndef SIGILL_UDP_CORE_ONLY
/* --- Node -------------------------------------------------------------------------------------------------------- */

#define NAPI_VERSION 8
#include <node_api.h>
#include <uv.h>

/* Raised with every change of what addon.ts relies on: a file that an older build left behind is not used. */
enum { INTERFACE_VERSION = 4 };

/*
 * What ties sockets to a thread. Two own this memory: the object that JavaScript has, until it is collected, and the
 * event loop, until it has let go of the handle. While the sockets are open nothing is collected.
 */
struct tie {
  uv_poll_t poll;
  int owners;
  bool closing;
  napi_env env;
  napi_ref object, memory, method; /* the method is called with what happens */
  napi_async_cleanup_hook_handle cleanup;
  void (*close)(struct tie *);
  void (*dispose)(struct tie *); /* frees the sockets' own memory, and this */
};

static void release(struct tie *t) {
  if (--t->owners == 0) t->dispose(t);
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  release(data);
}

static void on_loop_let_go(uv_handle_t *handle) {
  struct tie *t = handle->data;
  napi_remove_async_cleanup_hook(t->cleanup);
  release(t);
}

static void drop_reference(napi_env env, napi_ref *reference) {
  if (*reference != NULL) napi_delete_reference(env, *reference);
  *reference = NULL;
}

/* Ends everything at once: after this JavaScript is not called any more, and the shared memory is its own. */
static void untie(struct tie *t) {
  if (t->closing) return;
  t->closing = true;
  uv_poll_stop(&t->poll);
  t->close(t);
  drop_reference(t->env, &t->object);
  drop_reference(t->env, &t->memory);
  drop_reference(t->env, &t->method);
  uv_close((uv_handle_t *)&t->poll, on_loop_let_go);
}

/* The thread ends. Its loop goes on until the hook is removed, which `on_loop_let_go` does. */
static void on_thread_end(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  untie(data);
}

/* From here on the loop and the object own the sockets. False: neither does. */
static bool tie(napi_env env, struct tie *t, int fd, napi_value object, napi_value memory) {
  uv_loop_t *loop;
  if (napi_create_reference(env, memory, 1, &t->memory) != napi_ok ||
      napi_get_uv_event_loop(env, &loop) != napi_ok ||
      napi_add_async_cleanup_hook(env, on_thread_end, t, &t->cleanup) != napi_ok) {
    return false;
  }
  if (uv_poll_init(loop, &t->poll, fd) != 0) {
    napi_remove_async_cleanup_hook(t->cleanup);
    return false;
  }
  t->poll.data = t;
  t->owners = 1;
  if (napi_wrap(env, object, t, on_collected, NULL, NULL) == napi_ok) t->owners = 2;
  if (t->owners < 2 || napi_create_reference(env, object, 1, &t->object) != napi_ok) untie(t);
  return true;
}

/* A socket as JavaScript has it. */
struct udp_socket {
  struct tie tie;
  struct udp udp;
  int events;      /* that the loop watches for */
  bool is_leaving; /* another process reads what comes: only replies go this way */
  uint32_t batches_per_turn_max;
};

static void close_udp_socket(struct tie *t) {
  udp_close(&((struct udp_socket *)t)->udp);
}

static void dispose_of_udp_socket(struct tie *t) {
  udp_free(&((struct udp_socket *)t)->udp);
  free(t);
}

/* Calls a method with two numbers. What JavaScript throws is as if thrown by any other event. */
static void call_javascript(struct tie *t, int64_t first, int64_t second) {
  napi_env env = t->env;
  napi_handle_scope scope;
  napi_value object, function, arguments[2], error;
  bool thrown = false;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  bool called = napi_get_reference_value(env, t->object, &object) == napi_ok &&
                napi_get_reference_value(env, t->method, &function) == napi_ok &&
                napi_create_int64(env, first, &arguments[0]) == napi_ok &&
                napi_create_int64(env, second, &arguments[1]) == napi_ok &&
                napi_make_callback(env, NULL, object, function, 2, arguments, NULL) == napi_ok;
  if (!called && napi_is_exception_pending(env, &thrown) == napi_ok && thrown &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

/* Hands over a batch, and how many replies were lost. */
static void hand_over(struct udp_socket *s, uint32_t count) {
  call_javascript(&s->tie, count, udp_take_lost(&s->udp));
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct udp_socket *s) {
  if (s->tie.method == NULL) return;
  int events = (s->is_leaving ? 0 : UV_READABLE) | (s->udp.waiting_count > 0 ? UV_WRITABLE : 0);
  if (events == s->events) return;
  s->events = events;
  uv_poll_start(&s->tie.poll, events, on_poll);
}

/* libuv stops watching a socket with an error; here that is an earlier reply that did not arrive, and no reason to. */
static void clear_error(struct udp_socket *s) {
  int error;
  socklen_t length = sizeof error;
  (void)getsockopt(s->udp.fd, SOL_SOCKET, SO_ERROR, &error, &length);
  s->events = 0;
}

/* After some batches others in the loop have their turn; the loop comes back while there is something to read. */
static void on_poll(uv_poll_t *poll, int status, int events) {
  struct udp_socket *s = poll->data;
  if (status < 0) clear_error(s);
  else if ((events & UV_WRITABLE) != 0) udp_flush(&s->udp);
  for (uint32_t batch = 0; batch < s->batches_per_turn_max && !s->is_leaving; batch++) {
    uint32_t count = udp_receive(&s->udp);
    if (count == 0) break;
    hand_over(s, count);
    if (s->tie.closing) return;
    udp_reply(&s->udp, count);
    if (count < s->udp.options.slots) break;
  }
  if (s->udp.lost > 0) hand_over(s, 0);
  if (!s->tie.closing) watch(s);
}

static napi_value fail(napi_env env, const char *code, const char *message) {
  bool thrown = false;
  napi_is_exception_pending(env, &thrown);
  if (!thrown) napi_throw_error(env, code, message);
  return NULL;
}

/* What is behind `this`, and the first argument if there is to be one; NULL with an exception otherwise. */
static void *self(napi_env env, napi_callback_info info, void (*kind)(struct tie *), napi_value *argument) {
  napi_value this;
  size_t count = argument == NULL ? 0 : 1;
  void *data = NULL;
  if (napi_get_cb_info(env, info, &count, argument, &this, NULL) != napi_ok ||
      napi_unwrap(env, this, &data) != napi_ok || ((struct tie *)data)->close != kind) {
    fail(env, NULL, "not a socket of this addon");
    return NULL;
  }
  return data;
}

static napi_value number(napi_env env, uint32_t value) {
  napi_value result;
  return napi_create_uint32(env, value, &result) == napi_ok ? result : NULL;
}

/* Keeps the function that is called with what happens. False, with an exception or not: there is nothing to begin. */
static bool take_method(struct tie *t, napi_value function) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(t->env, function, &type) != napi_ok || type != napi_function) {
    fail(t->env, NULL, "start: not a function");
    return false;
  }
  if (t->closing || t->method != NULL) return false;
  if (napi_create_reference(t->env, function, 1, &t->method) == napi_ok) return true;
  fail(t->env, NULL, "start: no memory");
  return false;
}

/* start(onBatch): from now on what comes is handed over, as onBatch(count, lost). */
static napi_value js_start(napi_env env, napi_callback_info info) {
  napi_value argument;
  struct udp_socket *s = self(env, info, close_udp_socket, &argument);
  if (s != NULL && take_method(&s->tie, argument)) watch(s);
  return NULL;
}

/* send(count): the first late replies go out. Returns how many replies were lost since it was last told. */
static napi_value js_send(napi_env env, napi_callback_info info) {
  napi_value argument;
  uint32_t count;
  struct udp_socket *s = self(env, info, close_udp_socket, &argument);
  if (s == NULL) return NULL;
  if (napi_get_value_uint32(env, argument, &count) != napi_ok || count > s->udp.options.slots) {
    return fail(env, NULL, "send: not a number of slots");
  }
  if (s->tie.closing) return number(env, count);
  udp_send_late(&s->udp, count);
  watch(s);
  return number(env, udp_take_lost(&s->udp));
}

/*
 * receive() and reply(count): a batch between two turns of the event loop. The first returns how many datagrams lie in the
 * slots, the second sends the replies left beside them and returns how many were lost since that was last told. Neither is
 * for use within onBatch.
 */
static napi_value js_receive(napi_env env, napi_callback_info info) {
  struct udp_socket *s = self(env, info, close_udp_socket, NULL);
  if (s == NULL) return NULL;
  return number(env, s->tie.closing || s->is_leaving ? 0 : udp_receive(&s->udp));
}

static napi_value js_reply(napi_env env, napi_callback_info info) {
  napi_value argument;
  uint32_t count;
  struct udp_socket *s = self(env, info, close_udp_socket, &argument);
  if (s == NULL) return NULL;
  if (napi_get_value_uint32(env, argument, &count) != napi_ok || count > s->udp.options.slots) {
    return fail(env, NULL, "reply: not a number of slots");
  }
  if (s->tie.closing) return number(env, 0);
  udp_reply(&s->udp, count);
  watch(s);
  return number(env, udp_take_lost(&s->udp));
}

/* leave(): reads no more, so that all that comes is for another process that has this socket; replies still go out. */
static napi_value js_leave(napi_env env, napi_callback_info info) {
  struct udp_socket *s = self(env, info, close_udp_socket, NULL);
  if (s == NULL || s->tie.closing) return NULL;
  s->is_leaving = true;
  watch(s);
  return NULL;
}

/* close(): may be called at any time and again. Returns how many replies were lost since it was last told. */
static napi_value js_close(napi_env env, napi_callback_info info) {
  struct udp_socket *s = self(env, info, close_udp_socket, NULL);
  if (s == NULL) return NULL;
  untie(&s->tie);
  return number(env, udp_take_lost(&s->udp));
}

struct named_number {
  const char *name;
  uint32_t *value;
  uint32_t least, most;
};

static bool read_numbers(napi_env env, napi_value object, const struct named_number *numbers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    napi_value value;
    if (napi_get_named_property(env, object, numbers[i].name, &value) != napi_ok ||
        napi_get_value_uint32(env, value, numbers[i].value) != napi_ok ||
        *numbers[i].value < numbers[i].least || *numbers[i].value > numbers[i].most) {
      fail(env, "ERR_OUT_OF_RANGE", numbers[i].name);
      return false;
    }
  }
  return true;
}

/* The property `address`: its octets, and their number; 0 with an exception. */
static size_t read_address(napi_env env, napi_value object, uint8_t octets[16]) {
  napi_value address;
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (napi_get_named_property(env, object, "address", &address) != napi_ok ||
      napi_get_typedarray_info(env, address, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_uint8_array || (length != 4 && length != 16)) {
    fail(env, "ERR_OUT_OF_RANGE", "address");
    return 0;
  }
  memcpy(octets, data, length);
  return length;
}

static bool read_options(napi_env env, napi_value object, struct udp_options *o, uint32_t *batches_per_turn_max) {
  /* The bounds keep all offsets within 32 bits and all lengths within 16. */
  const struct named_number numbers[] = {
      {"descriptor", &o->descriptor, 0, INT32_MAX},
      {"port", &o->port, 0, 65535},
      {"reusePort", &o->reuse_port, 0, 1},
      {"receiveBufferOctets", &o->receive_buffer_octets, 0, INT32_MAX},
      {"sendBufferOctets", &o->send_buffer_octets, 0, INT32_MAX},
      {"slots", &o->slots, 1, 1024},
      {"requestOctets", &o->request_octets, 1, 65535},
      {"replyOctets", &o->reply_octets, 1, 65535},
      {"waitingMax", &o->waiting_max, 0, 65536},
      {"batchesPerTurnMax", batches_per_turn_max, 1, 1024},
  };
  if (!read_numbers(env, object, numbers, sizeof numbers / sizeof *numbers)) return false;
  size_t length = read_address(env, object, o->address);
  o->ipv6 = length == 16;
  return length > 0;
}

/* Puts what addon.ts has to know on the object. */
static bool describe(napi_env env, napi_value object, napi_value memory, const struct udp *u) {
  const struct {
    const char *name;
    uint32_t value;
  } numbers[] = {
      {"descriptor", (uint32_t)u->fd},
      {"port", u->port},
      {"requestsAt", u->at.requests},
      {"requestStride", u->at.request_stride},
      {"repliesAt", u->at.replies},
      {"lateRepliesAt", u->at.late_replies},
      {"replyStride", u->at.reply_stride},
      {"peersAt", u->at.peers},
      {"latePeersAt", u->at.late_peers},
      {"portsAt", u->at.ports},
      {"requestOctetsAt", u->at.request_octets},
      {"replyOctetsAt", u->at.reply_octets},
      {"lateReplyOctetsAt", u->at.late_reply_octets},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    napi_value value = number(env, numbers[i].value);
    if (value == NULL || napi_set_named_property(env, object, numbers[i].name, value) != napi_ok) return false;
  }
  return napi_set_named_property(env, object, "memory", memory) == napi_ok;
}

/* new UdpSocket(options). Throws with the system's name of the fault as `code`. */
static napi_value js_new(napi_env env, napi_callback_info info) {
  napi_value argument, this, target, memory;
  size_t count = 1;
  struct udp_options options;
  uint32_t batches_per_turn_max;
  void *data;
  memset(&options, 0, sizeof options);
  if (napi_get_cb_info(env, info, &count, &argument, &this, NULL) != napi_ok ||
      napi_get_new_target(env, info, &target) != napi_ok || target == NULL) {
    return fail(env, NULL, "new UdpSocket(options)");
  }
  if (!read_options(env, argument, &options, &batches_per_turn_max)) return NULL;
  struct udp_socket *s = calloc(1, sizeof *s);
  if (s == NULL) return fail(env, "ENOMEM", "no memory");
  s->tie.env = env;
  s->tie.close = close_udp_socket;
  s->tie.dispose = dispose_of_udp_socket;
  s->batches_per_turn_max = batches_per_turn_max;
  int error = udp_open(&s->udp, &options);
  if (error != 0) {
    udp_free(&s->udp);
    free(s);
    return fail(env, uv_err_name(uv_translate_sys_error(error)), strerror(error));
  }
  if (napi_create_arraybuffer(env, s->udp.at.octets, &data, &memory) == napi_ok &&
      describe(env, this, memory, &s->udp)) {
    udp_use(&s->udp, data);
    if (tie(env, &s->tie, s->udp.fd, this, memory)) {
      return s->tie.closing ? fail(env, NULL, "the socket cannot be attached") : this;
    }
  }
  drop_reference(env, &s->tie.memory);
  udp_free(&s->udp);
  free(s);
  return fail(env, NULL, "the socket cannot be attached");
}

/* Questions as JavaScript has them. */
struct question_sockets {
  struct tie tie;
  struct questions questions;
  uint32_t events_per_turn_max;
};

static void close_question_sockets(struct tie *t) {
  questions_close(&((struct question_sockets *)t)->questions);
}

static void dispose_of_question_sockets(struct tie *t) {
  questions_free(&((struct question_sockets *)t)->questions);
  free(t);
}

/* The loop is kept alive while a question is on its way, and no longer. */
static void keep_alive(struct question_sockets *s) {
  if (questions_under_way(&s->questions) > 0) uv_ref((uv_handle_t *)&s->tie.poll);
  else uv_unref((uv_handle_t *)&s->tie.poll);
}

/* Added to the octets of a datagram that came in fragments: no datagram is as long. JavaScript counts on it. */
enum { FRAGMENTED = 0x10000 };

/* An event as JavaScript is told of it: octets, or an error of the system below zero. */
static int64_t event_number(const struct question_event *event) {
  return event->error != 0 ? -event->error : (int64_t)event->octets + (event->fragmented ? FRAGMENTED : 0);
}

static void on_question(uv_poll_t *poll, int status, int events) {
  struct question_sockets *s = poll->data;
  struct question_event event;
  (void)events;
  if (status < 0) return;
  for (uint32_t told = 0; told < s->events_per_turn_max; told++) {
    if (s->tie.closing || !questions_next(&s->questions, &event)) return;
    call_javascript(&s->tie, event.place, event_number(&event));
  }
}

/* start(onEvent): from now on what happens is told, as onEvent(place, octets); errors of the system are below zero. */
static napi_value js_start_questions(napi_env env, napi_callback_info info) {
  napi_value argument;
  struct question_sockets *s = self(env, info, close_question_sockets, &argument);
  if (s == NULL || !take_method(&s->tie, argument)) return NULL;
  uv_poll_start(&s->tie.poll, UV_READABLE, on_question);
  keep_alive(s);
  return NULL;
}

/* ask(): asks what lies in the memory. Returns its place, or an error of the system below zero. */
static napi_value js_ask(napi_env env, napi_callback_info info) {
  napi_value result;
  struct question_sockets *s = self(env, info, close_question_sockets, NULL);
  if (s == NULL) return NULL;
  int32_t place = s->tie.closing ? -ECANCELED : questions_ask(&s->questions);
  if (place >= 0) keep_alive(s);
  return napi_create_int32(env, place, &result) == napi_ok ? result : NULL;
}

/* The questions behind `this`, and the place that is the argument; NULL where there is nothing to do. */
static struct question_sockets *at_place(napi_env env, napi_callback_info info, uint32_t *place) {
  napi_value argument;
  struct question_sockets *s = self(env, info, close_question_sockets, &argument);
  if (s == NULL || s->tie.closing) return NULL;
  if (napi_get_value_uint32(env, argument, place) == napi_ok && *place < s->questions.places) return s;
  fail(env, NULL, "not a place");
  return NULL;
}

/* look(place): what has come there already, as `onEvent` is told of it; undefined for nothing. */
static napi_value js_look(napi_env env, napi_callback_info info) {
  uint32_t place;
  napi_value result;
  struct question_event event;
  struct question_sockets *s = at_place(env, info, &place);
  if (s == NULL || s->questions.sockets[place].fd < 0) return NULL;
  if (!questions_receive(&s->questions, place, &event)) return NULL;
  return napi_create_int64(env, event_number(&event), &result) == napi_ok ? result : NULL;
}

/* end(place): closes the socket of a question. */
static napi_value js_end(napi_env env, napi_callback_info info) {
  uint32_t place;
  struct question_sockets *s = at_place(env, info, &place);
  if (s == NULL) return NULL;
  questions_end(&s->questions, place);
  keep_alive(s);
  return NULL;
}

/* close(): may be called at any time and again. */
static napi_value js_close_questions(napi_env env, napi_callback_info info) {
  struct question_sockets *s = self(env, info, close_question_sockets, NULL);
  if (s != NULL) untie(&s->tie);
  return NULL;
}

/* new QuestionSockets({ questionOctets, replyOctets, eventsPerTurnMax }). Throws as `new UdpSocket` does. */
static napi_value js_new_questions(napi_env env, napi_callback_info info) {
  napi_value argument, this, target, memory;
  size_t count = 1;
  uint32_t question_octets, reply_octets, events_per_turn_max;
  void *data;
  const struct named_number numbers[] = {
      {"questionOctets", &question_octets, 1, 65535},
      {"replyOctets", &reply_octets, 1, 65535},
      {"eventsPerTurnMax", &events_per_turn_max, 1, 1024},
  };
  if (napi_get_cb_info(env, info, &count, &argument, &this, NULL) != napi_ok ||
      napi_get_new_target(env, info, &target) != napi_ok || target == NULL) {
    return fail(env, NULL, "new QuestionSockets(options)");
  }
  if (!read_numbers(env, argument, numbers, sizeof numbers / sizeof *numbers)) return NULL;
  struct question_sockets *s = calloc(1, sizeof *s);
  if (s == NULL) return fail(env, "ENOMEM", "no memory");
  s->events_per_turn_max = events_per_turn_max;
  s->tie.env = env;
  s->tie.close = close_question_sockets;
  s->tie.dispose = dispose_of_question_sockets;
  int error = questions_open(&s->questions, question_octets, reply_octets);
  if (error != 0) {
    dispose_of_question_sockets(&s->tie);
    return fail(env, uv_err_name(uv_translate_sys_error(error)), strerror(error));
  }
  napi_value reply_at = number(env, s->questions.reply_at);
  if (reply_at != NULL && napi_set_named_property(env, this, "replyAt", reply_at) == napi_ok &&
      napi_create_arraybuffer(env, questions_memory(&s->questions), &data, &memory) == napi_ok &&
      napi_set_named_property(env, this, "memory", memory) == napi_ok) {
    s->questions.memory = data;
    if (tie(env, &s->tie, s->questions.queue, this, memory)) {
      return s->tie.closing ? fail(env, NULL, "the sockets cannot be attached") : this;
    }
  }
  drop_reference(env, &s->tie.memory);
  dispose_of_question_sockets(&s->tie);
  return fail(env, NULL, "the sockets cannot be attached");
}

/* A TCP socket bound beside others, for whoever will listen: the descriptor, or -1 with errno. */
static int bind_shared_tcp(bool ipv6, const uint8_t *octets, uint32_t port) {
  union udp_address address;
  socklen_t length = write_address(ipv6, octets, port, 0, &address);
  int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 && set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0 &&
      (!ipv6 || set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) == 0) && bind(fd, &address.any, length) == 0) {
    return fd;
  }
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

/* bindSharedTcp({ address, port }): a descriptor to listen on, where others may listen too. Throws as `new` does. */
static napi_value js_bind_shared_tcp(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  uint8_t octets[16];
  uint32_t port;
  const struct named_number number_of_port = {"port", &port, 0, 65535};
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) {
    return fail(env, NULL, "bindSharedTcp(options)");
  }
  size_t length = read_address(env, argument, octets);
  if (length == 0 || !read_numbers(env, argument, &number_of_port, 1)) return NULL;
  int fd = bind_shared_tcp(length == 16, octets, port);
  if (fd < 0) return fail(env, uv_err_name(uv_translate_sys_error(errno)), strerror(errno));
  return number(env, (uint32_t)fd);
}

/* --- descriptors for another process ----------------------------------------------------------------------------- */

/* Of one message; the kernel takes 253. */
enum { DESCRIPTORS_MAX = 128 };

union descriptors_control {
  struct cmsghdr head;
  uint8_t octets[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

/* A message of one octet, which descriptors can go with. */
struct descriptors_message {
  struct msghdr header;
  struct iovec part;
  union descriptors_control control;
  uint8_t octet;
};

static void prepare_message(struct descriptors_message *m) {
  memset(m, 0, sizeof *m);
  m->part.iov_base = &m->octet;
  m->part.iov_len = 1;
  m->header.msg_iov = &m->part;
  m->header.msg_iovlen = 1;
  m->header.msg_control = m->control.octets;
}

/* The argument as the address of a Unix socket; false with an exception. */
static bool read_path(napi_env env, napi_value argument, struct sockaddr_un *address) {
  size_t length = 0;
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (napi_get_value_string_utf8(env, argument, NULL, 0, &length) == napi_ok && length > 0 &&
      length < sizeof address->sun_path &&
      napi_get_value_string_utf8(env, argument, address->sun_path, sizeof address->sun_path, &length) == napi_ok) {
    return true;
  }
  fail(env, "ENAMETOOLONG", "path of a socket");
  return false;
}

/* The second argument: an Int32Array of descriptors, or of room for them; -1 with an exception. */
static int read_descriptors(napi_env env, napi_value argument, int32_t **descriptors) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (napi_get_typedarray_info(env, argument, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_int32_array || length == 0 || length > DESCRIPTORS_MAX) {
    fail(env, "ERR_OUT_OF_RANGE", "descriptors");
    return -1;
  }
  *descriptors = data;
  return (int)length;
}

static napi_value fail_of_system(napi_env env, int error) {
  return fail(env, uv_err_name(uv_translate_sys_error(error)), strerror(error));
}

/* openMailbox(path): a socket that descriptors can be sent to. Returns its own descriptor. */
static napi_value js_open_mailbox(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  struct sockaddr_un address;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || !read_path(env, argument, &address)) {
    return NULL;
  }
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail_of_system(env, errno);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return number(env, (uint32_t)fd);
  int error = errno;
  close(fd);
  return fail_of_system(env, error);
}

/* sendDescriptors(path, descriptors): to a mailbox, in which they lie when this returns. */
static napi_value js_send_descriptors(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  struct sockaddr_un address;
  struct descriptors_message message;
  int32_t *descriptors;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok ||
      !read_path(env, arguments[0], &address)) {
    return NULL;
  }
  int length = read_descriptors(env, arguments[1], &descriptors);
  if (length < 0) return NULL;
  size_t octets = (size_t)length * sizeof(int);
  prepare_message(&message);
  message.header.msg_name = &address;
  message.header.msg_namelen = sizeof address;
  message.header.msg_controllen = CMSG_SPACE(octets);
  message.control.head.cmsg_level = SOL_SOCKET;
  message.control.head.cmsg_type = SCM_RIGHTS;
  message.control.head.cmsg_len = CMSG_LEN(octets);
  memcpy(CMSG_DATA(&message.control.head), descriptors, octets);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail_of_system(env, errno);
  int error = sendmsg(fd, &message.header, MSG_NOSIGNAL) == 1 ? 0 : errno;
  close(fd);
  return error == 0 ? NULL : fail_of_system(env, error);
}

/* receiveDescriptors(mailbox, room): those of one message. Returns how many; 0 when there is none. */
static napi_value js_receive_descriptors(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  uint32_t mailbox;
  struct descriptors_message message;
  int32_t *descriptors;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok ||
      napi_get_value_uint32(env, arguments[0], &mailbox) != napi_ok) {
    return fail(env, NULL, "receiveDescriptors(mailbox, room)");
  }
  int room = read_descriptors(env, arguments[1], &descriptors);
  if (room < 0) return NULL;
  prepare_message(&message);
  /* Not CMSG_SPACE, which is rounded up: one more than there is room for would come. */
  message.header.msg_controllen = CMSG_LEN((size_t)room * sizeof(int));
  if (recvmsg((int)mailbox, &message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) {
    return errno == EAGAIN || errno == EWOULDBLOCK ? number(env, 0) : fail_of_system(env, errno);
  }
  struct cmsghdr *c = CMSG_FIRSTHDR(&message.header);
  if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) return number(env, 0);
  size_t octets = c->cmsg_len - CMSG_LEN(0);
  memcpy(descriptors, CMSG_DATA(c), octets);
  return number(env, (uint32_t)(octets / sizeof(int)));
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor methods[] = {
      {.utf8name = "start", .method = js_start, .attributes = napi_default_method},
      {.utf8name = "send", .method = js_send, .attributes = napi_default_method},
      {.utf8name = "receive", .method = js_receive, .attributes = napi_default_method},
      {.utf8name = "reply", .method = js_reply, .attributes = napi_default_method},
      {.utf8name = "leave", .method = js_leave, .attributes = napi_default_method},
      {.utf8name = "close", .method = js_close, .attributes = napi_default_method},
  };
  const napi_property_descriptor question_methods[] = {
      {.utf8name = "start", .method = js_start_questions, .attributes = napi_default_method},
      {.utf8name = "ask", .method = js_ask, .attributes = napi_default_method},
      {.utf8name = "look", .method = js_look, .attributes = napi_default_method},
      {.utf8name = "end", .method = js_end, .attributes = napi_default_method},
      {.utf8name = "close", .method = js_close_questions, .attributes = napi_default_method},
  };
  const napi_property_descriptor functions[] = {
      {.utf8name = "bindSharedTcp", .method = js_bind_shared_tcp, .attributes = napi_default_method},
      {.utf8name = "openMailbox", .method = js_open_mailbox, .attributes = napi_default_method},
      {.utf8name = "sendDescriptors", .method = js_send_descriptors, .attributes = napi_default_method},
      {.utf8name = "receiveDescriptors", .method = js_receive_descriptors, .attributes = napi_default_method},
  };
  napi_value constructor, questions, version = number(env, INTERFACE_VERSION);
  if (version == NULL || napi_set_named_property(env, exports, "version", version) != napi_ok ||
      napi_define_class(env, "UdpSocket", NAPI_AUTO_LENGTH, js_new, NULL,
                        sizeof methods / sizeof *methods, methods, &constructor) != napi_ok ||
      napi_set_named_property(env, exports, "UdpSocket", constructor) != napi_ok ||
      napi_define_class(env, "QuestionSockets", NAPI_AUTO_LENGTH, js_new_questions, NULL,
                        sizeof question_methods / sizeof *question_methods, question_methods, &questions) != napi_ok ||
      napi_set_named_property(env, exports, "QuestionSockets", questions) != napi_ok ||
      napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok) {
    return fail(env, NULL, "the addon cannot be set up");
  }
  return exports;
}
#endif
