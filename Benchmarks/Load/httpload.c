// httpload HOST PORT PATH CONNECTIONS SECONDS: keep-alive GETs of one file, counted by their bytes.
#include "load.h"

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    int connections = atoi(argv[4]), epoll = epoll_create1(0);
    char ask[512], head[4096];
    int length = snprintf(ask, sizeof ask, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", argv[3], argv[1]);
    // One answer is read whole to learn how long all of them are.
    int first = connected(argv[1], atoi(argv[2]));
    write_all(first, ask, (size_t)length);
    size_t got = 0;
    char *body = NULL;
    while (!body) {
        ssize_t n = recv(first, head + got, sizeof head - 1 - got, 0);
        if (n <= 0) fail("recv");
        got += (size_t)n;
        head[got] = 0;
        body = strstr(head, "\r\n\r\n");
    }
    char *field = strcasestr(head, "content-length:");
    if (strncmp(head + 9, "200", 3) || !field) {
        fprintf(stderr, "%s\n", head);
        return 1;
    }
    uint64_t whole = (uint64_t)(body + 4 - head) + strtoull(field + 15, NULL, 10);
    close(first);
    struct connection { int fd; uint64_t received; double sent; } *all = calloc((size_t)connections, sizeof *all);
    double start = now(), end = start + atof(argv[5]);
    for (int i = 0; i < connections; i++) {
        all[i].fd = connected(argv[1], atoi(argv[2]));
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &e);
        all[i].sent = now();
        write_all(all[i].fd, ask, (size_t)length);
    }
    uint64_t operations = 0, bytes = 0;
    struct epoll_event events[64];
    static char sink[1 << 22];
    while (now() < end) {
        int n = epoll_wait(epoll, events, 64, 100);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            ssize_t r = recv(c->fd, sink, sizeof sink, MSG_TRUNC | MSG_DONTWAIT);
            if (r < 0 && errno == EAGAIN) continue;
            if (r <= 0) fail("recv");
            bytes += (uint64_t)r;
            c->received += (uint64_t)r;
            if (c->received < whole) continue;
            c->received -= whole;
            operations++;
            double t = now();
            latency(t - c->sent);
            c->sent = t;
            write_all(c->fd, ask, (size_t)length);
        }
    }
    report(operations, bytes, now() - start);
    return 0;
}
