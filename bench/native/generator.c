/*
 * Load for resolvers over UDP, in batches: closed loops (so many questions outstanding) and open loops (so many a
 * second, whatever comes back), several side by side. Every reply is held against what the name must have.
 *
 *     generator ADDRESS PORT STREAM...
 *
 * STREAM is a list of key=value with commas between them; bench/stream.ts says what the keys mean, and
 * bench/query-file.ts what stands in its file. When all streams have ended, one line of JSON tells what came of them.
 *
 * Latency is counted from the time at which a question should have been sent: at once in a closed loop, by the rate in
 * an open one, where a late generator would otherwise hide what it made wait. It ends when the kernel took the reply
 * (open loops), or when it was read (closed ones, where the queue is most of it).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "expectation.h"

enum {
  BATCH = 64,             /* datagrams a system call */
  REPLY_OCTETS = 4096,    /* more than any server here sends by UDP */
  SLOTS = 4096,           /* questions outstanding on one socket; the id holds four more bits of a count */
  SLOT_BITS = 12,
  STREAMS_MAX = 8,
  SOCKETS_MAX = 64,
  SAMPLES_MAX = 5,        /* wrong replies that are shown */
  SAMPLE_OCTETS = 512,
  SUB_BITS = 6,           /* 64 buckets between a power of two and the next: within 1.6 % */
  BUCKETS = (42 - SUB_BITS + 1) << SUB_BITS,
  BUFFER_OCTETS = 4 << 20,
  SLICE_NS = 100000,      /* the shortest that the scheduler knows */
};
#define NO_SLOT UINT32_MAX
#define SECOND 1000000000ull
#define EXPIRY_EVERY (20 * SECOND / 1000)

struct slot {
  uint64_t due, sent;
  uint32_t query, next;   /* next: of the free ones */
  uint16_t id;
  bool used;
};

struct endpoint {
  int fd;
  struct stream *stream;
  struct slot *slots;
  uint32_t free, outstanding;
  uint32_t pending;       /* slots gathered to be sent together */
  uint32_t pending_slots[BATCH];
};

struct sample {
  uint32_t query;
  const char *why;
  uint32_t length;
  uint8_t octets[SAMPLE_OCTETS];
};

struct stream {
  char name[32], file[1024], source[16];
  bool open, once, over;
  double rate, seconds, warm, timeout;
  uint32_t outstanding, sockets, first, count;
  struct query *queries;
  uint32_t query_count;
  struct endpoint *endpoints;
  uint32_t turn;          /* the endpoint that sends next in an open loop */
  uint64_t begin, measure, end, due;
  uint64_t taken;         /* questions taken from the file */
  uint64_t sent, answered, measured, lost, wrong, failed, late, unsent;
  uint64_t last;          /* when the last measured reply came */
  uint64_t latency[BUCKETS], lag[BUCKETS];
  uint64_t latency_max, lag_max;
  uint32_t sample_count;
  struct sample samples[SAMPLES_MAX];
};

static struct stream streams[STREAMS_MAX];
static uint32_t stream_count;
static struct endpoint *endpoints[SOCKETS_MAX * STREAMS_MAX];
static struct pollfd polled[SOCKETS_MAX * STREAMS_MAX];
static uint32_t endpoint_count;
static volatile sig_atomic_t interrupted;

/* The clock of the kernel's receive stamps. */
static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static uint32_t bucket_of(uint64_t value) {
  if (value < (1u << SUB_BITS)) return (uint32_t)value;
  uint32_t exponent = 63u - (uint32_t)__builtin_clzll(value);
  uint32_t bucket = ((exponent - SUB_BITS + 1) << SUB_BITS) + (uint32_t)((value >> (exponent - SUB_BITS)) & 63u);
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/* --- what comes back --------------------------------------------------------------------------------------------- */

/* Keeps the first replies that are not as they must be, to be shown. */
static void keep_sample(struct stream *s, uint32_t query, const char *why, const uint8_t *octets, size_t length) {
  if (s->sample_count == SAMPLES_MAX) return;
  struct sample *sample = &s->samples[s->sample_count++];
  sample->query = query;
  sample->why = why;
  sample->length = (uint32_t)(length < SAMPLE_OCTETS ? length : SAMPLE_OCTETS);
  if (length > 0) memcpy(sample->octets, octets, sample->length);
}

static void free_slot(struct endpoint *e, uint32_t index) {
  e->slots[index].used = false;
  e->slots[index].next = e->free;
  e->free = index;
  e->outstanding--;
}

static void take_reply(struct endpoint *e, const uint8_t *reply, size_t length, uint64_t at) {
  struct stream *s = e->stream;
  uint32_t id = length < 2 ? 0 : (uint32_t)reply[0] << 8 | reply[1];
  struct slot *slot = &e->slots[id & (SLOTS - 1)];
  if (length < HEADER || !slot->used || slot->id != id) {
    s->late++;
    return;
  }
  const char *fault = fault_of(&s->queries[slot->query], reply, length);
  if (fault != NULL) {
    s->wrong++;
    if (is_failure(&s->queries[slot->query], reply, length)) s->failed++;
    keep_sample(s, slot->query, fault, reply, length);
  }
  s->answered++;
  uint64_t from = s->open ? slot->due : slot->sent;
  if (slot->due >= s->measure && (s->once || at <= s->end || s->open)) {
    uint64_t latency = at > from ? at - from : 0;
    s->measured++;
    s->last = at;
    s->latency[bucket_of(latency)]++;
    if (latency > s->latency_max) s->latency_max = latency;
  }
  free_slot(e, (uint32_t)(slot - e->slots));
}

static uint8_t reply_octets[BATCH][REPLY_OCTETS];
static uint8_t control_octets[BATCH][64] __attribute__((aligned(16)));

static uint64_t stamp_of(struct msghdr *message, uint64_t otherwise) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec t;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
  }
  return otherwise;
}

/* Takes what has come on a socket that has something. */
static void receive(struct endpoint *e) {
  static struct mmsghdr messages[BATCH];
  static struct iovec vectors[BATCH];
  for (int count = BATCH; count == BATCH;) {
    for (int k = 0; k < BATCH; k++) {
      struct msghdr *m = &messages[k].msg_hdr;
      if (m->msg_iov != NULL && m->msg_controllen == sizeof control_octets[k]) continue;
      vectors[k] = (struct iovec){reply_octets[k], REPLY_OCTETS};
      *m = (struct msghdr){.msg_iov = &vectors[k], .msg_iovlen = 1};
      m->msg_control = control_octets[k];
      m->msg_controllen = sizeof control_octets[k];
    }
    count = recvmmsg(e->fd, messages, BATCH, MSG_DONTWAIT, NULL);
    uint64_t now = now_ns();
    for (int k = 0; k < count; k++) {
      take_reply(e, reply_octets[k], messages[k].msg_len, stamp_of(&messages[k].msg_hdr, now));
    }
  }
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

/* Sends what was gathered. A datagram that the system does not take counts as lost when its time is up. */
static void flush(struct endpoint *e) {
  static struct mmsghdr messages[BATCH];
  static struct iovec vectors[BATCH][2];
  static uint8_t ids[BATCH][2];
  struct stream *s = e->stream;
  for (uint32_t k = 0; k < e->pending; k++) {
    struct slot *slot = &e->slots[e->pending_slots[k]];
    const struct query *q = &s->queries[slot->query];
    ids[k][0] = (uint8_t)(slot->id >> 8);
    ids[k][1] = (uint8_t)slot->id;
    vectors[k][0] = (struct iovec){ids[k], 2};
    vectors[k][1] = (struct iovec){(void *)(uintptr_t)(q->octets + 2), q->length - 2u};
    messages[k].msg_hdr = (struct msghdr){.msg_iov = vectors[k], .msg_iovlen = 2};
  }
  uint64_t now = now_ns();
  for (uint32_t k = 0; k < e->pending; k++) {
    struct slot *slot = &e->slots[e->pending_slots[k]];
    slot->sent = now;
    uint64_t lag = now > slot->due ? now - slot->due : 0;
    if (slot->due < s->measure) continue;
    s->lag[bucket_of(lag)]++;
    if (lag > s->lag_max) s->lag_max = lag;
  }
  for (uint32_t done = 0, failures = 0; done < e->pending && failures < 100;) {
    int sent = sendmmsg(e->fd, messages + done, e->pending - done, MSG_DONTWAIT);
    if (sent > 0) {
      done += (uint32_t)sent;
      s->sent += (uint32_t)sent;
      continue;
    }
    failures++; /* an error that an earlier datagram left behind, or a full buffer */
    struct pollfd writable = {.fd = e->fd, .events = POLLOUT};
    if (errno == EAGAIN) poll(&writable, 1, 1);
    if (failures == 100) s->unsent += e->pending - done;
  }
  e->pending = 0;
}

/* Puts the stream's next question into the batch of a socket. False: no question or no slot is left. */
static bool ask(struct endpoint *e, uint64_t due) {
  struct stream *s = e->stream;
  if ((s->once && s->taken == s->count) || e->free == NO_SLOT) return false;
  uint32_t index = e->free;
  struct slot *slot = &e->slots[index];
  e->free = slot->next;
  e->outstanding++;
  slot->used = true;
  slot->query = s->first + (uint32_t)(s->taken++ % s->count);
  slot->id = (uint16_t)((((slot->id >> SLOT_BITS) + 1) & 15) << SLOT_BITS | index);
  slot->due = due;
  slot->sent = due;
  e->pending_slots[e->pending++] = index;
  if (e->pending == BATCH) flush(e);
  return true;
}

/* Questions whose time is up are lost; a closed loop puts others in their place. */
static void expire(struct endpoint *e, uint64_t now) {
  struct stream *s = e->stream;
  uint64_t timeout = (uint64_t)(s->timeout * SECOND);
  if (e->outstanding == 0) return;
  for (uint32_t i = 0; i < SLOTS; i++) {
    struct slot *slot = &e->slots[i];
    if (!slot->used || slot->sent + timeout > now) continue;
    s->lost++;
    keep_sample(s, slot->query, "no reply", NULL, 0);
    free_slot(e, i);
  }
}

static uint32_t outstanding_of(const struct stream *s) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < s->sockets; i++) sum += s->endpoints[i].outstanding;
  return sum;
}

/* Asks what is due. */
static void produce(struct stream *s, uint64_t now) {
  bool exhausted = s->once && s->taken == s->count;
  if (interrupted) s->end = now;
  if (s->open) {
    /* Those that are due are asked even when their time is over by now: to leave them out would hide a delay. */
    while (s->due <= now && s->due < s->end && !exhausted) {
      if (!ask(&s->endpoints[s->turn++ % s->sockets], s->due)) {
        s->unsent++; /* more outstanding than slots: the server has stopped */
        s->taken++;
      }
      s->due = s->begin + (uint64_t)((double)s->taken * SECOND / s->rate);
      exhausted = s->once && s->taken == s->count;
    }
  } else if (now < s->end) {
    for (uint32_t i = 0; i < s->sockets; i++) {
      uint32_t share = s->outstanding / s->sockets + (i < s->outstanding % s->sockets ? 1 : 0);
      while (s->endpoints[i].outstanding < share && ask(&s->endpoints[i], now)) continue;
    }
  }
  for (uint32_t i = 0; i < s->sockets; i++) {
    if (s->endpoints[i].pending > 0) flush(&s->endpoints[i]);
  }
  bool nothing_more = (s->open ? s->due : now) >= s->end || (s->once && s->taken == s->count);
  if (nothing_more && outstanding_of(s) == 0) s->over = true;
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

/* Late replies to a stream that has ended wake nobody. */
static void listen_no_more(const struct stream *s) {
  for (uint32_t i = 0; i < endpoint_count; i++) {
    if (endpoints[i]->stream == s) polled[i].fd = -1;
  }
}

/* Waits until something has come or is due, and takes what has come. */
static void wait_and_receive(uint64_t now) {
  uint64_t until = now + EXPIRY_EVERY;
  for (uint32_t i = 0; i < stream_count; i++) {
    const struct stream *s = &streams[i];
    if (s->open && !s->over && s->due < until && s->due < s->end) until = s->due;
  }
  uint64_t wait = until > now ? until - now : 0;
  struct timespec patience = {(time_t)(wait / SECOND), (long)(wait % SECOND)};
  int ready = ppoll(polled, endpoint_count, &patience, NULL);
  for (uint32_t i = 0; ready > 0 && i < endpoint_count; i++) {
    if (polled[i].revents == 0) continue;
    receive(endpoints[i]);
    ready--;
  }
}

static void run(void) {
  uint64_t expiry = now_ns() + EXPIRY_EVERY;
  for (;;) {
    uint64_t now = now_ns();
    if (now >= expiry) {
      for (uint32_t i = 0; i < endpoint_count; i++) expire(endpoints[i], now);
      expiry = now + EXPIRY_EVERY;
    }
    bool over = true;
    for (uint32_t i = 0; i < stream_count; i++) {
      if (streams[i].over) continue;
      produce(&streams[i], now);
      if (streams[i].over) listen_no_more(&streams[i]);
      else over = false;
    }
    if (over) return;
    wait_and_receive(now_ns());
  }
}

static void open_endpoint(struct endpoint *e, struct stream *s, const struct sockaddr_in *server) {
  int octets = BUFFER_OCTETS, one = 1;
  e->stream = s;
  e->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in source = {.sin_family = AF_INET};
  if (e->fd >= 0 && s->source[0] != 0 &&
      (inet_pton(AF_INET, s->source, &source.sin_addr) != 1 ||
       bind(e->fd, (const struct sockaddr *)&source, sizeof source) != 0)) {
    fail("cannot ask from", s->source);
  }
  if (e->fd < 0 || connect(e->fd, (const struct sockaddr *)server, sizeof *server) != 0) fail("cannot open", "a socket");
  if (setsockopt(e->fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0) {
    (void)setsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  }
  if (s->open) (void)setsockopt(e->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  e->slots = calloc(SLOTS, sizeof *e->slots);
  if (e->slots == NULL) fail("no memory for", "slots");
  for (uint32_t i = 0; i < SLOTS; i++) e->slots[i].next = i + 1 < SLOTS ? i + 1 : NO_SLOT;
  polled[endpoint_count].fd = e->fd;
  polled[endpoint_count].events = POLLIN;
  endpoints[endpoint_count++] = e;
}

static void read_stream(struct stream *s, char *text) {
  *s = (struct stream){.rate = 1000, .seconds = 1, .timeout = 5, .outstanding = 1, .sockets = 1};
  for (char *key = strtok(text, ","); key != NULL; key = strtok(NULL, ",")) {
    char *value = strchr(key, '=');
    if (value == NULL) fail("not key=value:", key);
    *value++ = 0;
    if (strcmp(key, "name") == 0) snprintf(s->name, sizeof s->name, "%s", value);
    else if (strcmp(key, "file") == 0) snprintf(s->file, sizeof s->file, "%s", value);
    else if (strcmp(key, "source") == 0) snprintf(s->source, sizeof s->source, "%s", value);
    else if (strcmp(key, "rate") == 0) s->open = true, s->rate = atof(value);
    else if (strcmp(key, "outstanding") == 0) s->outstanding = (uint32_t)atoi(value);
    else if (strcmp(key, "sockets") == 0) s->sockets = (uint32_t)atoi(value);
    else if (strcmp(key, "seconds") == 0) s->seconds = atof(value);
    else if (strcmp(key, "warm") == 0) s->warm = atof(value);
    else if (strcmp(key, "timeout") == 0) s->timeout = atof(value);
    else if (strcmp(key, "first") == 0) s->first = (uint32_t)atoi(value);
    else if (strcmp(key, "count") == 0) s->count = (uint32_t)atoi(value);
    else if (strcmp(key, "once") == 0) s->once = atoi(value) != 0;
    else fail("unknown key", key);
  }
  if (s->sockets < 1 || s->sockets > SOCKETS_MAX || s->outstanding < 1 || s->outstanding > s->sockets * SLOTS ||
      s->rate <= 0) {
    fail("out of range:", s->name);
  }
  s->queries = load_queries(s->file, &s->query_count);
  if (s->count == 0 && s->first < s->query_count) s->count = s->query_count - s->first;
  if (s->count == 0 || s->first + s->count > s->query_count) fail("not so many queries in", s->file);
}

static void start_stream(struct stream *s, const struct sockaddr_in *server) {
  s->endpoints = calloc(s->sockets, sizeof *s->endpoints);
  if (s->endpoints == NULL) fail("no memory for", "sockets");
  for (uint32_t i = 0; i < s->sockets; i++) open_endpoint(&s->endpoints[i], s, server);
  s->begin = s->due = now_ns();
  s->measure = s->begin + (uint64_t)(s->warm * SECOND);
  s->end = s->measure + (uint64_t)(s->seconds * SECOND);
}

/* --- the report -------------------------------------------------------------------------------------------------- */

static void print_buckets(const char *name, const uint64_t *buckets) {
  const char *comma = "";
  printf(",\"%s\":[", name);
  for (uint32_t i = 0; i < BUCKETS; i++) {
    if (buckets[i] == 0) continue;
    printf("%s[%u,%llu]", comma, i, (unsigned long long)buckets[i]);
    comma = ",";
  }
  printf("]");
}

static void print_samples(const struct stream *s) {
  printf(",\"samples\":[");
  for (uint32_t i = 0; i < s->sample_count; i++) {
    const struct sample *sample = &s->samples[i];
    printf("%s{\"query\":%u,\"why\":\"%s\",\"reply\":\"", i > 0 ? "," : "", sample->query, sample->why);
    for (uint32_t k = 0; k < sample->length; k++) printf("%02x", sample->octets[k]);
    printf("\"}");
  }
  printf("]");
}

static void print_stream(const struct stream *s) {
  /* A run through the file lasts until its last reply, any other its time. */
  uint64_t until = s->once && s->last > s->measure && s->last < s->end ? s->last : s->end;
  printf("{\"name\":\"%s\",\"seconds\":%.6f", s->name, (double)(until - s->measure) / SECOND);
  printf(",\"sent\":%llu,\"answered\":%llu", (unsigned long long)s->sent, (unsigned long long)s->answered);
  printf(",\"measured\":%llu,\"lost\":%llu", (unsigned long long)s->measured, (unsigned long long)s->lost);
  printf(",\"wrong\":%llu,\"late\":%llu", (unsigned long long)s->wrong, (unsigned long long)s->late);
  printf(",\"failed\":%llu", (unsigned long long)s->failed);
  printf(",\"unsent\":%llu", (unsigned long long)s->unsent);
  printf(",\"latencyMaxNs\":%llu", (unsigned long long)s->latency_max);
  printf(",\"lagMaxNs\":%llu", (unsigned long long)s->lag_max);
  print_buckets("latency", s->latency);
  print_buckets("lag", s->lag);
  print_samples(s);
  printf("}");
}

static void interrupt(int signal_number) {
  (void)signal_number;
  interrupted = 1;
}

/* As Linux has it since 5.3: glibc does not. */
struct scheduling {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t slice_ns, deadline_ns, period_ns;
  uint32_t util_min, util_max;
};

/*
 * Clients do not wait until a server leaves them its core, so neither should who stands for them where they share one:
 * with a short slice it goes first when it wakes (Linux 6.12 and later), and gets no more of the core by it.
 */
static void go_first(void) {
  struct scheduling s = {.size = sizeof s};
  if (syscall(SYS_sched_getattr, 0, &s, sizeof s, 0) != 0) return;
  s.slice_ns = SLICE_NS;
  (void)syscall(SYS_sched_setattr, 0, &s, 0);
}

static double processor_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **words) {
  struct sockaddr_in server = {.sin_family = AF_INET};
  if (count < 4 || count - 3 > STREAMS_MAX || inet_pton(AF_INET, words[1], &server.sin_addr) != 1) {
    fail("usage:", "generator ADDRESS PORT STREAM...");
  }
  server.sin_port = htons((uint16_t)atoi(words[2]));
  signal(SIGTERM, interrupt);
  signal(SIGINT, interrupt);
  prctl(PR_SET_TIMERSLACK, 1000ul);
  go_first();
  for (int i = 3; i < count; i++) read_stream(&streams[stream_count++], words[i]);
  for (uint32_t i = 0; i < stream_count; i++) start_stream(&streams[i], &server);
  uint64_t begin = now_ns();
  double used = processor_seconds();
  run();
  used = processor_seconds() - used;
  printf("{\"seconds\":%.6f,\"processorSeconds\":%.6f,\"streams\":[", (double)(now_ns() - begin) / SECOND, used);
  for (uint32_t i = 0; i < stream_count; i++) {
    if (i > 0) printf(",");
    print_stream(&streams[i]);
  }
  printf("]}\n");
  return 0;
}
