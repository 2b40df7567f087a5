#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

// The library that runs Swift's tasks (libdispatch) looks once a second at its threads while work waits, by /proc/NUMBER/stat. Where it
// cannot open that, it ends the program: a server without a free descriptor would die for that. It takes one that cannot be read as a thread
// that does not run, and all goes on.

/// Whether it is /proc/NUMBER/stat.
static bool is_state_of_thread(const char *path) {
    if (strncmp(path, "/proc/", 6) != 0) return false;
    path += 6;
    if (!isdigit((unsigned char)*path)) return false;
    while (isdigit((unsigned char)*path)) path++;
    return strcmp(path, "/stat") == 0;
}

/// open(2), in place of the C library's, but that the state of a thread always opens: without a free descriptor as one that there is not.
int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    int descriptor = openat(AT_FDCWD, path, flags, mode);
    if (descriptor == -1 && (errno == EMFILE || errno == ENFILE) && is_state_of_thread(path)) return INT_MAX;
    return descriptor;
}
