#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// What a program is started with.
struct start {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

static void discard(struct start *start) {
    posix_spawnattr_destroy(&start->attributes);
    posix_spawn_file_actions_destroy(&start->actions);
}

static int prepare(struct start *start, const int descriptors[3]) {
    int error = posix_spawn_file_actions_init(&start->actions);
    if (error) return error;
    error = posix_spawnattr_init(&start->attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&start->actions);
        return error;
    }
    for (int i = 0; i < 3 && !error; i++)
        error = posix_spawn_file_actions_adddup2(&start->actions, descriptors[i], i);
    // The kernel closes them: reading the names of thousands takes as long as the server has peers.
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&start->actions, 3);
    sigset_t none, ours;
    sigemptyset(&none);
    sigemptyset(&ours);
    // Ignored here, and it would stay so: a program in a pipe would go on when no other one reads what it writes.
    sigaddset(&ours, SIGPIPE);
    if (!error) error = posix_spawnattr_setsigmask(&start->attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(&start->attributes, &ours);
    if (!error) error = posix_spawnattr_setpgroup(&start->attributes, 0);
    if (!error)
        error = posix_spawnattr_setflags(
            &start->attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (error) discard(start);
    return error;
}

int roost_spawn(
    const char *path, char *const words[], char *const environment[], const int descriptors[3], pid_t *child) {
    struct start start;
    int error = prepare(&start, descriptors);
    if (error) return error;
    error = posix_spawn(child, path, &start.actions, &start.attributes, words, environment ? environment : environ);
    discard(&start);
    return error;
}

// Kills the children of this process, whose only thread this is (proc(5), `children`).
static void kill_children(void) {
    char list[4096];
    int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t count = read(file, list, sizeof list);
    close(file);
    // Behind each number is a space; one that was cut comes in the next round.
    pid_t child = 0;
    for (ssize_t i = 0; i < count; i++) {
        if (list[i] >= '0' && list[i] <= '9') {
            child = child * 10 + (list[i] - '0');
        } else {
            if (child > 1) kill(child, SIGKILL);
            child = 0;
        }
    }
}

// Ends all descendants: what a child has started becomes a child of this process when that ends.
static void end_children(void) {
    // Not for ever: a process that waits for a disk does not end.
    for (int round = 0; round < 500; round++) {
        pid_t ended;
        do ended = waitpid(-1, NULL, WNOHANG);
        while (ended > 0);
        if (ended < 0 && errno == ECHILD) return;
        kill_children();
        sigset_t children;
        sigemptyset(&children);
        sigaddset(&children, SIGCHLD);
        struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
        sigtimedwait(&children, NULL, &pause);
    }
}

// Waits for a program, ends what it has left behind, and ends as it did. All signals are blocked.
static _Noreturn void supervise(pid_t program) {
    sigset_t heeded;
    sigemptyset(&heeded);
    sigaddset(&heeded, SIGCHLD);
    sigaddset(&heeded, SIGTERM);
    sigaddset(&heeded, ROOST_END_ALL);
    for (;;) {
        int signal = sigwaitinfo(&heeded, NULL);
        if (signal == SIGTERM) kill(-program, SIGTERM);
        if (signal == ROOST_END_ALL) {
            kill(program, SIGKILL);
            kill(-program, SIGKILL);
        }
        for (;;) {
            siginfo_t ended = {0};
            if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) break;
            int status = 0;
            // Before it is reaped: until then no other group can have its number.
            if (ended.si_pid == program) kill(-program, SIGKILL);
            waitpid(ended.si_pid, &status, 0);
            if (ended.si_pid != program) continue;
            end_children();
            _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
        }
    }
}

int roost_spawn_supervised(
    const char *path, char *const words[], char *const environment[], const int descriptors[3], pid_t *supervisor) {
    struct start start;
    int error = prepare(&start, descriptors);
    if (error) return error;
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        error = errno;
        discard(&start);
        return error;
    }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    *supervisor = fork();
    if (*supervisor == 0) {
        // From here on only what is safe in a copy of a process with threads (signal-safety(7)), and posix_spawn(3) of glibc.
        setpgid(0, 0);
        prctl(PR_SET_NAME, "roost-watch", 0L, 0L, 0L);
        prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
        prctl(PR_SET_PDEATHSIG, (long)ROOST_END_ALL, 0L, 0L, 0L);
        pid_t program = 0;
        // The server has ended meanwhile: no one waits for it.
        error = getppid() == parent ? 0 : ESRCH;
        if (!error)
            error = posix_spawn(
                &program, path, &start.actions, &start.attributes, words, environment ? environment : environ);
        ssize_t written = write(report[1], &error, sizeof error);
        if (error || written != sizeof error) {
            end_children();
            _exit(127);
        }
        // Its outputs end with the programs that write there.
        close_range(0, ~0U, 0);
        supervise(program);
    }
    error = *supervisor < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    discard(&start);
    if (!error) {
        ssize_t count;
        do count = read(report[0], &error, sizeof error);
        while (count < 0 && errno == EINTR);
        if (count != sizeof error) error = ECHILD;
        if (error)
            while (waitpid(*supervisor, NULL, 0) < 0 && errno == EINTR) {}
    }
    close(report[0]);
    return error;
}
