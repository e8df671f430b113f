/* floor DEVICE MOUNT_POINT [COMMAND... [+++ COMMAND...]...]
 *
 * What no tool can undercut: run the given commands, if any, one after the other, then call mount(2). Nothing is
 * looked at but their exit status. */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

extern char **environ;

static int run(char **arguments)
{
    int status;
    pid_t pid;

    if (posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ) != 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: floor DEVICE MOUNT_POINT [COMMAND... [+++ COMMAND...]...]\n");
        return 64;
    }
    for (int first = 3, i = 3; i <= argc && argc > 3; i++) {
        if (i < argc && strcmp(argv[i], "+++") != 0)
            continue;
        argv[i] = NULL;
        if (run(argv + first) != 0) {
            fprintf(stderr, "floor: %s failed\n", argv[first]);
            return 1;
        }
        first = i + 1;
    }
    if (mount(argv[1], argv[2], "ext4", 0, NULL) != 0) {
        perror("floor: mount");
        return 1;
    }
    return 0;
}
