/*
 * restrict COMMAND...: runs a command with a filter of system calls as a service manager sets it. The calls that are allowed
 * stand in allowed.h, which is made for this machine, a number a line; every other one fails with EPERM, and sockets of a
 * family that is not in FAMILIES with EAFNOSUPPORT.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

static const int allowed[] = {
#include "allowed.h"
};
static const int families[] = {FAMILIES};

enum { ALLOWED = sizeof allowed / sizeof *allowed, FAMILY_COUNT = sizeof families / sizeof *families };

static struct sock_filter program[2 * ALLOWED + 2 * FAMILY_COUNT + 16];
static unsigned short length;

static void add(unsigned short code, unsigned int value, unsigned char if_not) {
  program[length++] = (struct sock_filter){code, 0, if_not, value};
}

static void give(unsigned int verdict) {
  add(BPF_RET | BPF_K, verdict, 0);
}

static void load(size_t at) {
  add(BPF_LD | BPF_W | BPF_ABS, (unsigned int)at, 0);
}

/* What follows counts for this value alone. */
static void when(unsigned int value, unsigned char steps) {
  add(BPF_JMP | BPF_JEQ | BPF_K, value, steps);
}

int main(int count, char **words) {
  if (count < 2) return 2;
  load(offsetof(struct seccomp_data, arch));
  when(ARCHITECTURE, 1);
  add(BPF_JMP | BPF_JA, 1, 0);
  give(SECCOMP_RET_KILL_PROCESS);
  load(offsetof(struct seccomp_data, nr));
  when(SYS_socket, 2 * FAMILY_COUNT + 2);
  load(offsetof(struct seccomp_data, args));
  for (int i = 0; i < FAMILY_COUNT; i++) {
    when((unsigned int)families[i], 1);
    give(SECCOMP_RET_ALLOW);
  }
  give(SECCOMP_RET_ERRNO | EAFNOSUPPORT);
  for (int i = 0; i < ALLOWED; i++) {
    when((unsigned int)allowed[i], 1);
    give(SECCOMP_RET_ALLOW);
  }
  give(SECCOMP_RET_ERRNO | EPERM);
  struct sock_fprog filter = {length, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    perror("restrict");
    return 2;
  }
  execvp(words[1], words + 1);
  perror(words[1]);
  return 2;
}
