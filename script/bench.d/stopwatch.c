/* stopwatch [-p] COMMAND... [::: COMMAND...]...
 *
 * Waits for one byte on stdin, starts all commands at once and prints one line for each as it ends:
 *
 *   index start_ns end_ns exit_status peak_kib minor_faults major_faults own_peak_kib own_minor_faults own_major_faults
 *
 * The times are CLOCK_MONOTONIC. Peak and faults are those of wait4(2): the command and the children it waited for.
 * The "own" figures leave the children out; they need -p, which stops the command at its exit by ptrace(2) to read
 * them: do not use the times of such a run. It ends when all commands and all their descendants have ended; SIGTERM is
 * left to them. This is a small C program because a child's peak starts at the size of the process that started it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct command {
    char **arguments;
    pid_t pid;
    int64_t start;
    long own_peak, own_minor, own_major;
};

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void start(struct command *command, int profile)
{
    command->start = now();
    command->pid = fork();
    if (command->pid != 0)
        return;
    signal(SIGTERM, SIG_DFL);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* our stdout is for the figures */
    if (profile)
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    execvp(command->arguments[0], command->arguments);
    perror(command->arguments[0]);
    _exit(127);
}

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return fopen(path, "re");
}

static void read_own_figures(struct command *command)
{
    char line[4096];
    FILE *status = open_proc(command->pid, "status"), *stat = open_proc(command->pid, "stat");

    while (status && fgets(line, sizeof line, status))
        sscanf(line, "VmHWM: %ld", &command->own_peak);
    if (stat && fgets(line, sizeof line, stat)) /* after the name: state and six ids, then the faults of proc(5) */
        sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %ld %*d %ld", &command->own_minor,
               &command->own_major);
    if (status)
        fclose(status);
    if (stat)
        fclose(stat);
}

/* Lets a stopped command go on; a signal that is not one of our own stops is passed to it. */
static void resume(struct command *command, int status)
{
    int event = status >> 16, signal = WSTOPSIG(status);

    if (event == PTRACE_EVENT_EXIT)
        read_own_figures(command);
    else if (event == 0 && signal == SIGTRAP) /* the first exec, before any option is set */
        ptrace(PTRACE_SETOPTIONS, command->pid, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_CONT, command->pid, NULL, signal == SIGTRAP ? 0 : signal);
}

static void print(int index, const struct command *c, int64_t end, int status, const struct rusage *usage)
{
    printf("%d %" PRId64 " %" PRId64 " %d %ld %ld %ld %ld %ld %ld\n", index, c->start, end,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), usage->ru_maxrss, usage->ru_minflt,
           usage->ru_majflt, c->own_peak, c->own_minor, c->own_major);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int profile = argc > 1 && strcmp(argv[1], "-p") == 0, first = 1 + profile, count = 0;
    struct command *commands = calloc(argc, sizeof *commands);
    char go;

    for (int i = first; i <= argc; i++) {
        if (i < argc && strcmp(argv[i], ":::") != 0)
            continue;
        argv[i] = NULL;
        commands[count++].arguments = argv + first;
        first = i + 1;
    }
    if (read(STDIN_FILENO, &go, 1) != 1)
        return 1;
    signal(SIGTERM, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int i = 0; i < count; i++)
        start(&commands[i], profile);
    for (;;) {
        struct rusage usage;
        int status, i = 0;
        pid_t pid = wait4(-1, &status, __WALL, &usage);
        int64_t end = now();

        if (pid < 0) /* no descendants are left */
            return 0;
        while (i < count && commands[i].pid != pid)
            i++;
        if (i == count)
            continue;
        if (WIFSTOPPED(status))
            resume(&commands[i], status);
        else
            print(i, &commands[i], end, status, &usage);
    }
}
