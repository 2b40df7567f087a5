#define _GNU_SOURCE
#include "CLinux.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <linux/if_packet.h>
#include <linux/openat2.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

// In linux/ext4.h of later headers than Debian 12's (ext4(5) has no word of it; resize2fs uses it).
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#define BATCH 256
#define CONTROL_BYTES 64

int roost_receive_datagrams(int fd, struct roost_datagram *datagrams, unsigned count) {
    static _Thread_local struct mmsghdr headers[BATCH];
    static _Thread_local struct iovec slices[BATCH];
    static _Thread_local struct sockaddr_in peers[BATCH];
    static _Thread_local _Alignas(struct cmsghdr) char control[BATCH][CONTROL_BYTES];
    if (count > BATCH) count = BATCH;
    for (unsigned i = 0; i < count; i++) {
        slices[i] = (struct iovec){datagrams[i].bytes, datagrams[i].capacity};
        headers[i].msg_hdr = (struct msghdr){.msg_name = &peers[i], .msg_namelen = sizeof peers[i],
            .msg_iov = &slices[i], .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = CONTROL_BYTES};
    }
    int received = recvmmsg(fd, headers, count, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++) {
        struct roost_datagram *d = &datagrams[i];
        d->byte_count = headers[i].msg_len;
        d->peer_address = ntohl(peers[i].sin_addr.s_addr);
        d->peer_port = ntohs(peers[i].sin_port);
        d->local_address = 0;
        d->interface = 0;
        struct msghdr *h = &headers[i].msg_hdr;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
            if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO) continue;
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            d->local_address = ntohl(info.ipi_addr.s_addr);
            d->interface = (uint32_t)info.ipi_ifindex;
        }
    }
    return received;
}

// Appends a control message to those that `h` has; `memory` holds CONTROL_BYTES.
static void add_control(struct msghdr *h, char *memory, int level, int type, const void *value, size_t byte_count) {
    struct cmsghdr *c = (struct cmsghdr *)(memory + h->msg_controllen);
    h->msg_control = memory;
    h->msg_controllen += CMSG_SPACE(byte_count);
    memset(c, 0, CMSG_SPACE(byte_count));
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(byte_count);
    memcpy(CMSG_DATA(c), value, byte_count);
}

int roost_send_datagrams(int fd, const struct roost_datagram *datagrams, unsigned count) {
    static _Thread_local struct mmsghdr headers[BATCH];
    static _Thread_local struct iovec slices[BATCH];
    static _Thread_local struct sockaddr_in peers[BATCH];
    static _Thread_local _Alignas(struct cmsghdr) char control[BATCH][CONTROL_BYTES];
    if (count > BATCH) count = BATCH;
    for (unsigned i = 0; i < count; i++) {
        const struct roost_datagram *d = &datagrams[i];
        slices[i] = (struct iovec){d->bytes, d->byte_count};
        peers[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(d->peer_port),
            .sin_addr.s_addr = htonl(d->peer_address)};
        headers[i].msg_hdr = (struct msghdr){.msg_name = &peers[i], .msg_namelen = sizeof peers[i],
            .msg_iov = &slices[i], .msg_iovlen = 1};
        struct msghdr *h = &headers[i].msg_hdr;
        if (d->local_address || d->interface) {
            struct in_pktinfo info = {.ipi_ifindex = (int)d->interface, .ipi_spec_dst.s_addr = htonl(d->local_address)};
            add_control(h, control[i], IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
        }
        if (d->segment_byte_count)
            add_control(h, control[i], SOL_UDP, UDP_SEGMENT, &d->segment_byte_count, sizeof d->segment_byte_count);
    }
    return sendmmsg(fd, headers, count, MSG_DONTWAIT);
}

ssize_t roost_send_segments(int fd, struct iovec *slices, size_t slice_count, uint16_t segment_byte_count,
                            uint32_t peer_address, uint16_t peer_port) {
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(peer_port),
        .sin_addr.s_addr = htonl(peer_address)};
    struct msghdr h = {.msg_iov = slices, .msg_iovlen = slice_count};
    if (peer_port) {
        h.msg_name = &peer;
        h.msg_namelen = sizeof peer;
    }
    _Alignas(struct cmsghdr) char control[CONTROL_BYTES];
    if (segment_byte_count)
        add_control(&h, control, SOL_UDP, UDP_SEGMENT, &segment_byte_count, sizeof segment_byte_count);
    return sendmsg(fd, &h, MSG_DONTWAIT);
}

// What a full socket has left in the pipe is not lost: it is still in the file.
static void empty_pipe(int pipe_out, int discard, size_t left) {
    while (left > 0) {
        ssize_t count = splice(pipe_out, NULL, discard, NULL, left, SPLICE_F_MOVE);
        if (count > 0) left -= (size_t)count;
        else if (count == 0 || errno != EINTR) return;
    }
}

ssize_t roost_send_mapped(int pipe_in, int pipe_out, int discard, int socket, const void *bytes, size_t byte_count) {
    size_t sent = 0;
    while (sent < byte_count) {
        struct iovec slice = {.iov_base = (char *)bytes + sent, .iov_len = byte_count - sent};
        ssize_t filled = vmsplice(pipe_in, &slice, 1, SPLICE_F_NONBLOCK);
        if (filled <= 0) return sent > 0 ? (ssize_t)sent : -1;
        unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (sent + (size_t)filled < byte_count ? SPLICE_F_MORE : 0);
        ssize_t count = splice(pipe_out, NULL, socket, NULL, (size_t)filled, flags);
        if (count > 0) sent += (size_t)count;
        if (count == filled) continue;
        int error = errno;
        empty_pipe(pipe_out, discard, (size_t)(filled - (count > 0 ? count : 0)));
        errno = error;
        return sent > 0 ? (ssize_t)sent : -1;
    }
    return (ssize_t)sent;
}

int roost_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

// The kernel notes it at the end of the handshake, and tells it where IP_PKTINFO is on (net/ipv4/ip_sockglue.c, IP_PKTOPTIONS).
uint32_t roost_connection_interface(int fd) {
    int on = 1;
    if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0) return 0;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
    socklen_t size = sizeof control;
    if (getsockopt(fd, IPPROTO_IP, IP_PKTOPTIONS, control, &size) != 0) return 0;
    struct msghdr message = {.msg_control = control, .msg_controllen = size};
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_PKTINFO) continue;
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(part), sizeof info);
        return (uint32_t)info.ipi_ifindex;
    }
    return 0;
}

int roost_open_arp(uint32_t interface) {
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ARP));
    if (fd < 0) return -1;
    struct sockaddr_ll own = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)interface};
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int roost_send_hardware(int fd, uint32_t interface, const uint8_t *destination, const void *frame, size_t byte_count) {
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)interface,
        .sll_halen = 6};
    memcpy(to.sll_addr, destination, 6);
    return sendto(fd, frame, byte_count, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) < 0 ? -1 : 0;
}

static int with_interface(const char *interface, int request, struct ifreq *r) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    strncpy(r->ifr_name, interface, IFNAMSIZ - 1);
    int result = ioctl(fd, (unsigned long)request, r);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

int roost_hardware_address(const char *interface, uint8_t *address) {
    struct ifreq r = {0};
    if (with_interface(interface, SIOCGIFHWADDR, &r) < 0) return -1;
    memcpy(address, r.ifr_hwaddr.sa_data, 6);
    return 0;
}

int roost_resident_pages(void *address, size_t byte_count, unsigned char *pages) {
    return mincore(address, byte_count, pages);
}

int roost_refuse_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L); }

int roost_drop_privileges(uid_t uid, gid_t gid) {
    // glibc changes all threads; leaving user 0 clears the capabilities of each (capabilities(7)).
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) return -1;
    return roost_refuse_new_privileges();
}

int roost_set_name(const char *name) { return prctl(PR_SET_NAME, name, 0L, 0L, 0L); }

int roost_clear_range(int fd, off_t offset, off_t byte_count, int keeps_room) {
    int mode = keeps_room ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    return fallocate(fd, mode, offset, byte_count);
}

int roost_begin_synchronising(int fd) { return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); }

int roost_run_in_foreground(char *const words[]) {
    struct sigaction ignored = {.sa_handler = SIG_IGN}, interrupt, quit, output;
    sigaction(SIGINT, &ignored, &interrupt);
    sigaction(SIGQUIT, &ignored, &quit);
    int is_ours = tcgetpgrp(STDIN_FILENO) == getpgrp();
    pid_t child = fork();
    if (child == 0) {
        // Threads of a pool block nearly all signals, and what they start inherits that.
        struct sigaction standard = {.sa_handler = SIG_DFL};
        sigaction(SIGINT, &standard, NULL);
        sigaction(SIGQUIT, &standard, NULL);
        sigaction(SIGPIPE, &standard, NULL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        // It does not outlive us, however we end.
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0L, 0L, 0L);
        execv(words[0], words);
        _exit(127);
    }
    int status = -1;
    if (child > 0) {
        while (waitpid(child, &status, 0) < 0) {
            if (errno == EINTR) continue;
            status = -1;
            break;
        }
    }
    // A shell takes the terminal, and cannot give it back out of a process namespace of its own.
    if (is_ours) {
        sigaction(SIGTTOU, &ignored, &output);
        tcsetpgrp(STDIN_FILENO, getpgrp());
        sigaction(SIGTTOU, &output, NULL);
    }
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    if (child < 0 || status < 0) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int signal_pipes[NSIG];

static void note_signal(int number) {
    int before = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(signal_pipes[number], &byte, 1);
    (void)written;
    errno = before;
}

int roost_note_signals(const int *numbers, size_t count, int once) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    struct sigaction noted = {.sa_handler = note_signal, .sa_flags = SA_RESTART | (once ? SA_RESETHAND : 0)}, before;
    for (size_t i = 0; i < count; i++) {
        if (once && sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_DFL) continue;
        signal_pipes[numbers[i]] = ends[1];
        sigaction(numbers[i], &noted, NULL);
    }
    return ends[0];
}

int roost_swap_on(const char *device, int priority) {
    return swapon(device, SWAP_FLAG_PREFER | (priority & SWAP_FLAG_PRIO_MASK));
}

int roost_restart(void) { return reboot(RB_AUTOBOOT); }

int roost_watch_descriptor_limit(uint64_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

// One command to the device mapper: the table, if there is one, follows the header.
static int map_device(int control, unsigned long request, struct dm_ioctl *command, const char *name) {
    command->version[0] = DM_VERSION_MAJOR;
    command->data_start = sizeof *command;
    strncpy(command->name, name, sizeof command->name - 1);
    return ioctl(control, request, command);
}

static int64_t device_byte_count(const char *device) {
    uint64_t byte_count = 0;
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    int result = ioctl(fd, BLKGETSIZE64, &byte_count);
    close(fd);
    return result < 0 ? -1 : (int64_t)byte_count;
}

int roost_encrypt_device(
    const char *device, const char *name, const uint8_t *given, size_t given_count, char *path, size_t path_capacity) {
    struct {
        struct dm_ioctl command;
        struct dm_target_spec target;
        char words[256];
    } load = {0};
    uint8_t key[64];
    if (given_count != 0 && given_count != sizeof key) {
        errno = EINVAL;
        return -1;
    }
    int64_t byte_count = device_byte_count(device);
    if (byte_count < 0) return -1;
    if (given_count) {
        memcpy(key, given, sizeof key);
    } else if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key) {
        return -1;
    }
    int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
    if (control < 0) return -1;

    // Of an attempt before this one.
    struct dm_ioctl former = {.data_size = sizeof former};
    map_device(control, DM_DEV_REMOVE, &former, name);
    struct dm_ioctl command = {.data_size = sizeof command};
    if (map_device(control, DM_DEV_CREATE, &command, name) < 0) {
        close(control);
        return -1;
    }
    snprintf(path, path_capacity, "/dev/dm-%u", (unsigned)(command.dev & 0xff) | (unsigned)((command.dev >> 12) & ~0xffu));

    load.command.data_size = sizeof load;
    load.command.flags = DM_SECURE_DATA_FLAG;
    load.command.target_count = 1;
    load.target.length = (uint64_t)byte_count / 512;
    strcpy(load.target.target_type, "crypt");
    char *at = load.words + sprintf(load.words, "aes-xts-plain64 ");
    for (size_t i = 0; i < sizeof key; i++) at += sprintf(at, "%02x", key[i]);
    snprintf(at, sizeof load.words - (size_t)(at - load.words), " 0 %s 0 2 allow_discards sector_size:4096", device);
    int result = map_device(control, DM_TABLE_LOAD, &load.command, name);
    if (result == 0) {
        // Loaded tables come into force when the device is resumed: a suspension without its flag.
        struct dm_ioctl resume = {.data_size = sizeof resume};
        result = map_device(control, DM_DEV_SUSPEND, &resume, name);
    }
    int error = errno;
    if (result < 0) {
        struct dm_ioctl gone = {.data_size = sizeof gone};
        map_device(control, DM_DEV_REMOVE, &gone, name);
    }
    explicit_bzero(key, sizeof key);
    explicit_bzero(&load, sizeof load);
    close(control);
    errno = error;
    return result;
}

int roost_grow_ext4(const char *directory, const char *device) {
    int64_t byte_count = device_byte_count(device);
    int fd = byte_count < 0 ? -1 : open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statfs facts;
    if (fd < 0) return -1;
    int result = fstatfs(fd, &facts);
    if (result == 0) {
        uint64_t blocks = (uint64_t)byte_count / (uint64_t)facts.f_bsize;
        result = ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks);
    }
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

int64_t roost_find_data(int fd, int64_t offset, int64_t *end) {
    off_t start = lseek(fd, offset, SEEK_DATA);
    if (start >= 0) *end = lseek(fd, start, SEEK_HOLE);
    return start >= 0 && *end < 0 ? -1 : start;
}

int roost_synchronise_file_system(int fd) { return syncfs(fd); }

int roost_open_below(int directory, const char *path, uint64_t flags) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int roost_local_peer(int descriptor, unsigned int *user, int *process) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size)) return -1;
    *user = peer.uid;
    *process = peer.pid;
    return 0;
}

int roost_loss_of_printed(void) {
    if (fflush(NULL) != 0) return errno;
    if (!ferror(stdout)) return 0;
    // What did not go out before: a pipe whose reader has gone tells so at any time.
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) ? EPIPE : -1;
}
