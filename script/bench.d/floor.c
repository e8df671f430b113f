/* floor DEVICE MOUNT_POINT [MKFS ARGUMENT...]
 *
 * What no tool can undercut: run the given mkfs, if any, on the device, then call mount(2). Nothing is looked at. */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

extern char **environ;

static int make_filesystem(char *device, int argc, char **argv)
{
    char *arguments[argc + 2];
    int status;
    pid_t pid;

    memcpy(arguments, argv, argc * sizeof *argv);
    arguments[argc] = device;
    arguments[argc + 1] = NULL;
    if (posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ) != 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: floor DEVICE MOUNT_POINT [MKFS ARGUMENT...]\n");
        return 64;
    }
    if (argc > 3 && make_filesystem(argv[1], argc - 3, argv + 3) != 0) {
        fprintf(stderr, "floor: %s failed\n", argv[3]);
        return 1;
    }
    if (mount(argv[1], argv[2], "ext4", 0, NULL) != 0) {
        perror("floor: mount");
        return 1;
    }
    return 0;
}
