// What the load generators share. Each is one thread on epoll and throws the payload away (MSG_TRUNC), so that the server is
// the limit; each prints one line of JSON.
#pragma once
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void fail(const char *what) {
    perror(what);
    exit(1);
}

static inline struct sockaddr_in at(const char *host, int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &a.sin_addr);
    return a;
}

static inline int connected(const char *host, int port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = at(host, port);
    // What a node's kernel has by itself; this host's own default may pace requests by timers.
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) fail("connect");
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static inline void read_all(int fd, void *to, size_t count) {
    for (size_t got = 0; got < count;) {
        ssize_t n = recv(fd, (char *)to + got, count - got, 0);
        if (n <= 0) fail("recv");
        got += (size_t)n;
    }
}

static inline void write_all(int fd, const void *from, size_t count) {
    for (size_t sent = 0; sent < count;) {
        ssize_t n = send(fd, (const char *)from + sent, count - sent, MSG_NOSIGNAL);
        if (n <= 0) fail("send");
        sent += (size_t)n;
    }
}

// Latencies in microseconds, in buckets of 2 µs up to 200 ms.
static uint32_t latency_buckets[100000];
static inline void latency(double seconds) {
    long bucket = (long)(seconds * 5e5);
    latency_buckets[bucket < 0 ? 0 : bucket > 99999 ? 99999 : bucket]++;
}

static inline double percentile(double share) {
    uint64_t all = 0, seen = 0;
    for (int i = 0; i < 100000; i++) all += latency_buckets[i];
    for (int i = 0; i < 100000; i++)
        if ((seen += latency_buckets[i]) >= (uint64_t)((double)all * share)) return i * 2.0;
    return 0;
}

static inline void report(uint64_t operations, uint64_t bytes, double seconds) {
    printf("{\"operations\": %llu, \"bytes\": %llu, \"seconds\": %.3f, \"p50\": %.0f, \"p99\": %.0f}\n",
           (unsigned long long)operations, (unsigned long long)bytes, seconds, percentile(0.5), percentile(0.99));
}
