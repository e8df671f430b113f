#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

static volatile sig_atomic_t caught_signal;
static int caught_descriptor = -1;
static char note_path[4096];

static void catch_signal(int signal) {
    int saved = errno;
    uint64_t one = 1;
    if (caught_signal == 0)
        caught_signal = signal;
    ssize_t written = write(caught_descriptor, &one, sizeof one);
    if (note_path[0] != 0) {
        int note = open(note_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (note >= 0) {
            written = write(note, "\n", 1);
            close(note);
        }
    }
    (void)written;
    errno = saved;
}

int clinux_catch_termination_signals(void) {
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGURG};
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    /* A limit of file sizes is an error of a write (EFBIG), not a death without a word. */
    signal(SIGXFSZ, SIG_IGN);
    caught_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (caught_descriptor < 0)
        return -1;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction before, action;
        memset(&action, 0, sizeof action);
        action.sa_handler = catch_signal;
        action.sa_flags = SA_RESTART;
        /* What nohup(1) or a shell had ignored stays ignored. */
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN)
            continue;
        if (sigaction(signals[i], &action, NULL) != 0)
            return -1;
    }
    /* What came before there was somebody to catch it. */
    sigset_t waiting;
    sigemptyset(&waiting);
    sigaddset(&waiting, SIGURG);
    pthread_sigmask(SIG_UNBLOCK, &waiting, NULL);
    return caught_descriptor;
}

int clinux_note_termination_signals(const char *path) {
    if (strlen(path) >= sizeof note_path)
        return -1;
    strcpy(note_path, path);
    return 0;
}

int clinux_end_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGTERM); }

int clinux_pending_signal(void) { return caught_signal; }
