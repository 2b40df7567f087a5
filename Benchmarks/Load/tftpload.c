// tftpload HOST PORT FILE CLIENTS WINDOW BLOCK SECONDS: whole transfers, one after the other, blocks counted.
// WINDOW 0 asks for no window at all, for servers that do not know the option.
#include "load.h"

struct client { int fd; uint32_t expected; unsigned in_window, window; int started; struct sockaddr_in peer; };

static int epoll, block;
static struct sockaddr_in server;
static const char *file;

static void begin(struct client *c, unsigned window) {
    if (c->fd) close(c->fd);
    c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int size = 4 << 20;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    *c = (struct client){.fd = c->fd, .expected = 1, .window = 1};
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e);
    char b[512] = {0, 1}, text[16];
    size_t n = 2;
#define ADD(s) (memcpy(b + n, (s), strlen(s) + 1), n += strlen(s) + 1)
    ADD(file);
    ADD("octet");
    sprintf(text, "%d", block);
    ADD("blksize");
    ADD(text);
    if (window) {
        sprintf(text, "%u", window);
        ADD("windowsize");
        ADD(text);
    }
    sendto(c->fd, b, n, 0, (struct sockaddr *)&server, sizeof server);
}

static void acknowledge(struct client *c, uint32_t number) {
    unsigned char b[4] = {0, 4, (unsigned char)(number >> 8), (unsigned char)number};
    sendto(c->fd, b, 4, 0, (struct sockaddr *)&c->peer, sizeof c->peer);
    c->in_window = 0;
}

int main(int argc, char **argv) {
    if (argc != 8) return 2;
    server = at(argv[1], atoi(argv[2]));
    file = argv[3];
    int clients = atoi(argv[4]), window = atoi(argv[5]);
    block = atoi(argv[6]);
    epoll = epoll_create1(0);
    struct client *all = calloc((size_t)clients, sizeof *all);
    for (int i = 0; i < clients; i++) begin(&all[i], (unsigned)window);
    uint64_t blocks = 0, bytes = 0, transfers = 0;
    double start = now(), end = start + atof(argv[7]);
    struct epoll_event events[64];
    while (now() < end) {
        int n = epoll_wait(epoll, events, 64, 200);
        if (n == 0) fail("silence");
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            for (;;) {
                unsigned char b[128];
                struct sockaddr_in from;
                socklen_t size = sizeof from;
                ssize_t got = recvfrom(c->fd, b, sizeof b, MSG_TRUNC, (struct sockaddr *)&from, &size);
                if (got < 4) break;
                c->peer = from;
                if (b[1] == 6) {
                    for (size_t p = 2; p < (size_t)got; p += strlen((char *)b + p) + 1)
                        if (!strcmp((char *)b + p, "windowsize")) c->window = (unsigned)atoi((char *)b + p + 11);
                    acknowledge(c, 0);
                    continue;
                }
                if (b[1] != 3) {
                    fprintf(stderr, "tftp error: %s\n", b + 4);
                    return 1;
                }
                if ((uint16_t)(b[2] << 8 | b[3]) != (uint16_t)c->expected) continue;
                blocks++;
                bytes += (uint64_t)got - 4;
                c->in_window++;
                c->expected++;
                if (got - 4 < block) {
                    acknowledge(c, c->expected - 1);
                    transfers++;
                    begin(c, (unsigned)window);
                    break;
                }
                if (c->in_window >= c->window) acknowledge(c, c->expected - 1);
            }
        }
    }
    report(blocks, bytes, now() - start);
    return 0;
}
