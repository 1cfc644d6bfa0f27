/* The addon over a system that takes replies badly: by turns all, three, none for now, and one refused. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>

static int sendmmsg_faulty(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  static _Thread_local unsigned turn;
  switch (turn++ % 4) {
    case 0: return sendmmsg(fd, messages, count < 3 ? count : 3, flags);
    case 1: errno = EAGAIN; return -1;
    case 2: errno = EHOSTUNREACH; return -1;
    default: return sendmmsg(fd, messages, count, flags);
  }
}

#define sendmmsg sendmmsg_faulty
#include "../../src/native/udp.c"
