// nbdload HOST PORT EXPORT CONNECTIONS DEPTH BYTES seq|rand SECONDS: reads of one size, counted in bytes.
#include "load.h"
#include <endian.h>

struct connection { int fd; uint64_t received, requested, position; double sent; };

static void request(struct connection *c, unsigned count, uint32_t bytes, uint64_t size, int random) {
    static unsigned char out[28 * 1024];
    for (unsigned i = 0; i < count; i++) {
        unsigned char *r = out + 28 * i;
        uint64_t blocks = size / bytes, block = random ? ((uint64_t)rand() << 15 ^ (uint64_t)rand()) % blocks : c->position++ % blocks;
        *(uint32_t *)r = htobe32(0x25609513);
        *(uint32_t *)(r + 4) = 0;
        *(uint64_t *)(r + 8) = c->requested++;
        *(uint64_t *)(r + 16) = htobe64(block * bytes);
        *(uint32_t *)(r + 24) = htobe32(bytes);
    }
    write_all(c->fd, out, 28 * count);
}

static uint64_t handshake(int fd, const char *name) {
    unsigned char b[4096];
    read_all(fd, b, 18);
    size_t n = strlen(name);
    *(uint32_t *)b = htobe32(3);
    *(uint64_t *)(b + 4) = htobe64(0x49484156454F5054);
    *(uint32_t *)(b + 12) = htobe32(7);
    *(uint32_t *)(b + 16) = htobe32((uint32_t)n + 6);
    *(uint32_t *)(b + 20) = htobe32((uint32_t)n);
    memcpy(b + 24, name, n);
    *(uint16_t *)(b + 24 + n) = 0;
    write_all(fd, b, 26 + n);
    uint64_t size = 0;
    for (;;) {
        read_all(fd, b, 20);
        uint32_t type = be32toh(*(uint32_t *)(b + 12)), length = be32toh(*(uint32_t *)(b + 16));
        if (length > sizeof b || type >> 31) fail("export");
        if (length) read_all(fd, b, length);
        if (type == 3 && be16toh(*(uint16_t *)b) == 0) size = be64toh(*(uint64_t *)(b + 2));
        if (type == 1) return size;
    }
}

int main(int argc, char **argv) {
    if (argc != 9) return 2;
    unsigned connections = (unsigned)atoi(argv[4]), depth = (unsigned)atoi(argv[5]);
    uint32_t bytes = (uint32_t)atoi(argv[6]);
    int random = argv[7][0] == 'r', epoll = epoll_create1(0);
    struct connection *all = calloc(connections, sizeof *all);
    uint64_t size = 0, operations = 0, total = 0;
    for (unsigned i = 0; i < connections; i++) {
        all[i].fd = connected(argv[1], atoi(argv[2]));
        size = handshake(all[i].fd, argv[3]);
        all[i].position = (uint64_t)i * 977;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &e);
    }
    double start = now(), end = start + atof(argv[8]);
    for (unsigned i = 0; i < connections; i++) {
        all[i].sent = start;
        request(&all[i], depth, bytes, size, random);
    }
    struct epoll_event events[64];
    static char sink[1 << 22];
    while (now() < end) {
        int n = epoll_wait(epoll, events, 64, 100);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            ssize_t got = recv(c->fd, sink, sizeof sink, MSG_TRUNC | MSG_DONTWAIT);
            if (got < 0 && errno == EAGAIN) continue;
            if (got <= 0) fail("recv");
            total += (uint64_t)got;
            uint64_t before = c->received / (bytes + 16);
            c->received += (uint64_t)got;
            unsigned done = (unsigned)(c->received / (bytes + 16) - before);
            if (!done) continue;
            operations += done;
            double t = now();
            if (depth == 1) latency(t - c->sent);
            c->sent = t;
            request(c, done, bytes, size, random);
        }
    }
    report(operations, total, now() - start);
    return 0;
}
