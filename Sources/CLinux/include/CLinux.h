// System calls that Swift cannot import: variadic ones, and those that glibc declares only with _GNU_SOURCE.
#pragma once
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/xattr.h>

// One datagram of a batch.
struct roost_datagram {
    void *bytes;
    uint32_t capacity;
    uint32_t byte_count;
    uint32_t peer_address;  // Host order.
    uint16_t peer_port;     // Host order.
    uint32_t local_address; // Host order: the destination on receipt, the source on sending (0: the kernel's choice).
    uint32_t interface;     // Index: where it came in, or goes out (0: by route).
    uint16_t segment_byte_count; // On sending: cut into datagrams of this size, the last may be shorter (0: one).
};

// Receives up to `count` datagrams; the number, or -1 with errno.
int roost_receive_datagrams(int fd, struct roost_datagram *datagrams, unsigned count);

// Sends up to `count` datagrams; the number, or -1 with errno.
int roost_send_datagrams(int fd, const struct roost_datagram *datagrams, unsigned count);

// Sends slices as UDP datagrams of `segment_byte_count` bytes each (the last may be shorter), cut by the kernel.
ssize_t roost_send_segments(int fd, struct iovec *slices, size_t slice_count, uint16_t segment_byte_count,
                            uint32_t peer_address, uint16_t peer_port);

// Sends bytes of a mapped file through an empty pipe, whose ends are given, without copying them (vmsplice(2), splice(2));
// `discard` is /dev/null. How many were sent, which are fewer when the socket is full, or -1 with errno. The pipe is empty after it.
ssize_t roost_send_mapped(int pipe_in, int pipe_out, int discard, int socket, const void *bytes, size_t byte_count);

int roost_accept(int fd);
// The index of the interface that an accepted TCP connection came in on; 0 when it is not known.
uint32_t roost_connection_interface(int fd);
// A packet socket that receives the ARP of one interface, and can send on it.
int roost_open_arp(uint32_t interface);
int roost_send_hardware(int fd, uint32_t interface, const uint8_t *destination, const void *frame, size_t byte_count);
int roost_hardware_address(const char *interface, uint8_t *address);
// mincore(2): a byte for each page, its lowest bit set when the page is in memory.
int roost_resident_pages(void *address, size_t byte_count, unsigned char *pages);
// This thread, those that it starts and the programs that they start can gain no right by a program's mode or capabilities.
int roost_refuse_new_privileges(void);
// Becomes `uid`/`gid` in every thread, for good: without capabilities and without the way back.
int roost_drop_privileges(uid_t uid, gid_t gid);
int roost_set_name(const char *name);
// Hands over what stdio still has for standard output. Why some of what was printed since the start did not arrive: a number of an error,
// 0 when all did, -1 when the reason is gone.
int roost_loss_of_printed(void);
// Makes a range of a file read as zeros: as a hole, or with its room still taken (fallocate(2)).
int roost_clear_range(int fd, off_t offset, off_t byte_count, int keeps_room);

// syncfs(2): what was written to the file system of `fd` goes through to the disk.
int roost_synchronise_file_system(int fd);
// Has what was written to a file so far go to the disk, without waiting for it (sync_file_range(2)).
int roost_begin_synchronising(int fd);
// Runs a program on this terminal and waits for it; its exit status, 128 and its signal, or -1.
int roost_run_in_foreground(char *const words[]);
// Starts a program in a process group of its own, which inherits `descriptors` as its input, output and errors (each above 2) and no
// other one, blocks no signal, and ends by SIGPIPE (posix_spawn(3)). Its number goes to `child`; 0, or a number of errno.
int roost_spawn(
    const char *path, char *const words[], char *const environment[], const int descriptors[3], pid_t *child);
// The same, below a copy of this process that ends all that the program leaves behind, whatever group or session that has made itself, and
// then ends with the program's status, or 128 and its signal. The copy hands SIGTERM on to the program's group, and ends all of it at
// ROOST_END_ALL, which it gets when the thread that called this ends, too.
int roost_spawn_supervised(
    const char *path, char *const words[], char *const environment[], const int descriptors[3], pid_t *supervisor);
#define ROOST_END_ALL 14  // SIGALRM
// From now on none of these signals does what it would have done: its number is written into a pipe, as one byte, whichever thread it
// reaches. With `once` the second of a kind ends the process, and what was ignored before stays so, as nohup(1) wants it. Returns what
// the pipe is read from, or -1 with errno.
int roost_note_signals(const int *numbers, size_t count, int once);
// Restarts the machine at once.
int roost_restart(void);
// Makes a device-mapper device that encrypts `device` with a key of 64 bytes; without one (a count of 0) with a random key that
// nothing else knows (Documentation/admin-guide/device-mapper/dm-crypt.rst). Writes its path; 0, or -1 with errno.
int roost_encrypt_device(
    const char *device, const char *name, const uint8_t *key, size_t key_count, char *path, size_t path_capacity);
// Enlarges the mounted ext4 at `directory` to the size of `device`, which it is on; 0, or -1 with errno.
int roost_grow_ext4(const char *directory, const char *device);
// Where the first bytes at or behind `offset` are that are in no hole, and where they end (lseek(2)); -1 with errno ENXIO: none.
int64_t roost_find_data(int fd, int64_t offset, int64_t *end);
// Swaps to a device; the higher the priority, the sooner (swapon(2)).
int roost_swap_on(const char *device, int priority);
int roost_watch_descriptor_limit(uint64_t wanted);
// Opens what lies below `directory`, over no link and nothing above it (openat2(2)); the number, or -1 with errno.
int roost_open_below(int directory, const char *path, uint64_t flags);

// Who is at the other end of a connected local socket (SO_PEERCRED, unix(7)), as it was when it connected; 0, or -1 with errno.
int roost_local_peer(int descriptor, unsigned int *user, int *process);
