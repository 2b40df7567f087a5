// dhcpload SERVER PORT RELAY CLIENTS OUTSTANDING SECONDS [RELAY-PORT]: DISCOVER, OFFER, REQUEST, ACK through a relay's
// address, which must be one of ours (loopback has all of 127/8). Servers answer to port 67 of a relay, except dnsmasq
// on another port than that: it answers to its own.
#include "load.h"

static int fd;
static struct sockaddr_in server;
static uint32_t relay;

static void put(unsigned char *b, uint32_t id, uint32_t xid, int type, uint32_t address, uint32_t server_id) {
    memset(b, 0, 300);
    b[0] = 1, b[1] = 1, b[2] = 6, b[3] = 1;
    memcpy(b + 4, &xid, 4);
    memcpy(b + 24, &relay, 4);
    b[28] = 2;
    memcpy(b + 30, &id, 4);
    memcpy(b + 236, "\x63\x82\x53\x63\x35\x01", 6);
    b[242] = (unsigned char)type;
    unsigned char *o = b + 243;
    if (type == 3) {
        *o++ = 50, *o++ = 4, memcpy(o, &address, 4), o += 4;
        *o++ = 54, *o++ = 4, memcpy(o, &server_id, 4), o += 4;
    }
    memcpy(o, "\x37\x04\x01\x03\x06\x0f\xff", 7);
    sendto(fd, b, 300, 0, (struct sockaddr *)&server, sizeof server);
}

int main(int argc, char **argv) {
    if (argc != 7 && argc != 8) return 2;
    server = at(argv[1], atoi(argv[2]));
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in own = at(argv[3], argc == 8 ? atoi(argv[7]) : 67);
    relay = own.sin_addr.s_addr;
    int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); // Beside a server that is bound to all addresses.
    if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0) fail("bind");
    int size = 8 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    uint32_t clients = (uint32_t)atoi(argv[4]), outstanding = (uint32_t)atoi(argv[5]), next = 0;
    struct slot { uint32_t client; double sent; int state; uint32_t address, server; } *slots = calloc(outstanding, sizeof *slots);
    unsigned char b[1500];
    uint64_t done = 0, lost = 0;
    double start = now(), end = start + atof(argv[6]), swept = start;
    for (uint32_t i = 0; i < outstanding; i++) {
        slots[i] = (struct slot){.client = next++ % clients, .sent = now(), .state = 1};
        put(b, slots[i].client, i, 1, 0, 0);
    }
    struct timeval wait = {.tv_usec = 20000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    for (;;) {
        ssize_t got = recv(fd, b, sizeof b, 0);
        double t = now();
        if (t > end) break;
        if (t - swept > 0.1) {
            swept = t;
            for (uint32_t i = 0; i < outstanding; i++)
                if (t - slots[i].sent > 1) {
                    lost++;
                    slots[i] = (struct slot){.client = next++ % clients, .sent = t, .state = 1};
                    unsigned char out[300];
                    put(out, slots[i].client, i, 1, 0, 0);
                }
        }
        if (got < 244) continue;
        uint32_t xid, address;
        memcpy(&xid, b + 4, 4);
        memcpy(&address, b + 16, 4);
        if (xid >= outstanding || b[240] != 53) continue;
        struct slot *s = &slots[xid];
        if (b[242] == 2 && s->state == 1) {
            uint32_t id = server.sin_addr.s_addr;
            for (unsigned char *o = b + 243; o < b + got && *o != 255; o += *o ? 2 + o[1] : 1)
                if (*o == 54) memcpy(&id, o + 2, 4);
            s->state = 2;
            unsigned char out[300];
            put(out, s->client, xid, 3, address, id);
        } else if (b[242] == 5 && s->state == 2) {
            done++;
            latency(t - s->sent);
            *s = (struct slot){.client = next++ % clients, .sent = t, .state = 1};
            unsigned char out[300];
            put(out, s->client, xid, 1, 0, 0);
        }
    }
    if (lost) fprintf(stderr, "%llu exchanges lost\n", (unsigned long long)lost);
    report(done, 0, now() - start);
    return 0;
}
