/*
 * The floor of a UDP server on this machine: takes up to 64 datagrams with a system call, sets QR in each and sends
 * them back with another. It reads no question and knows no answer.
 *
 *     echo ADDRESS PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BATCH = 64, OCTETS = 2048, BUFFER_OCTETS = 4 << 20 };

int main(int count, char **words) {
  static uint8_t octets[BATCH][OCTETS];
  static struct sockaddr_in peers[BATCH];
  static struct iovec vectors[BATCH];
  static struct mmsghdr messages[BATCH];
  struct sockaddr_in own = {.sin_family = AF_INET};
  int buffer = BUFFER_OCTETS;
  if (count != 3 || inet_pton(AF_INET, words[1], &own.sin_addr) != 1) {
    fprintf(stderr, "usage: echo ADDRESS PORT\n");
    return 2;
  }
  own.sin_port = htons((uint16_t)atoi(words[2]));
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  if (fd < 0 || bind(fd, (const struct sockaddr *)&own, sizeof own) != 0) {
    perror("echo");
    return 1;
  }
  for (;;) {
    for (int k = 0; k < BATCH; k++) {
      vectors[k] = (struct iovec){octets[k], OCTETS};
      messages[k].msg_hdr = (struct msghdr){
          .msg_name = &peers[k], .msg_namelen = sizeof peers[k], .msg_iov = &vectors[k], .msg_iovlen = 1};
    }
    int received = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    for (int k = 0; k < received; k++) {
      vectors[k].iov_len = messages[k].msg_len;
      if (messages[k].msg_len > 2) octets[k][2] |= 0x80;
    }
    for (int done = 0; done < received;) {
      int sent = sendmmsg(fd, messages + done, (unsigned)(received - done), 0);
      done += sent > 0 ? sent : 1;
    }
  }
}
