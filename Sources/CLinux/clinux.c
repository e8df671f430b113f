#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <linux/nvme_ioctl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sysexits.h>
#include <unistd.h>

/* Swift's Glibc overlay refers to hypotf@GLIBC_2.35 for a function that nothing here calls. A hidden definition takes
   its place, so that the binary starts on glibc 2.34 (Amazon Linux 2023). */
__attribute__((visibility("hidden"))) float hypotf(float x, float y) {
    return (float)__builtin_sqrt((double)x * (double)x + (double)y * (double)y);
}

/* A descriptor of 0 to 2 that is closed would be given to the next file that is opened, and what is meant for standard
   error would be written into that file. Runs before main, and so before the language's runtime opens anything. */
__attribute__((constructor)) static void hold_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* The lowest free descriptor is this one: those below it are open by now. */
        if (open("/dev/null", O_RDWR) != fd)
            _exit(EX_OSERR);
    }
}

const int clinux_o_direct = O_DIRECT;
const int clinux_seek_data = SEEK_DATA;
const int clinux_seek_hole = SEEK_HOLE;
const int clinux_immutable_flag = FS_IMMUTABLE_FL;

int clinux_block_size_in_bytes(int fd, uint64_t *size) { return ioctl(fd, BLKGETSIZE64, size); }
int clinux_block_is_read_only(int fd, int *read_only) { return ioctl(fd, BLKROGET, read_only); }
int clinux_block_flush_buffers(int fd) { return ioctl(fd, BLKFLSBUF, 0); }
int clinux_block_logical_sector_size(int fd, int *size) { return ioctl(fd, BLKSSZGET, size); }
int clinux_block_physical_sector_size(int fd, unsigned int *size) { return ioctl(fd, BLKPBSZGET, size); }
int clinux_block_minimum_io(int fd, unsigned int *size) { return ioctl(fd, BLKIOMIN, size); }
int clinux_block_optimal_io(int fd, unsigned int *size) { return ioctl(fd, BLKIOOPT, size); }

/* By number: glibc has wrappers from 2.36 on only. */
int clinux_open_memory_file(uint64_t limit) {
    char size[32];
    int file = -1;
    int context = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
    if (context < 0)
        return -1;
    snprintf(size, sizeof size, "%llu", (unsigned long long)limit);
    if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "size", size, 0) == 0 &&
        syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
        int mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
        if (mount >= 0) {
            file = openat(mount, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
            int saved = errno;
            close(mount);
            errno = saved;
        }
    }
    int saved = errno;
    close(context);
    errno = saved;
    return file;
}

int clinux_open_unlinked_file(const char *directory) {
    return open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int clinux_syncfs(int fd) { return syncfs(fd); }

int clinux_is_mount_root(int fd) {
    struct statx information;
    if (statx(fd, "", AT_EMPTY_PATH, 0, &information) != 0 || !(information.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
        return -1;
    return (information.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

int clinux_loop_backing_device(int fd, dev_t *device) {
    struct loop_info64 information = {0};
    int result = ioctl(fd, LOOP_GET_STATUS64, &information);
    /* The kernel's encoding of the number, huge_encode_dev. */
    uint64_t number = information.lo_rdevice;
    *device = makedev((unsigned)((number & 0xfff00) >> 8), (unsigned)((number & 0xff) | ((number >> 12) & 0xfff00)));
    return result;
}

uint32_t clinux_major(dev_t device) { return major(device); }
dev_t clinux_makedev(uint32_t major, uint32_t minor) { return makedev(major, minor); }
uint32_t clinux_minor(dev_t device) { return minor(device); }

int clinux_get_inode_flags(int fd, int *flags) { return ioctl(fd, FS_IOC_GETFLAGS, flags); }
int clinux_set_inode_flags(int fd, int flags) { return ioctl(fd, FS_IOC_SETFLAGS, &flags); }

int clinux_nvme_identify_controller(int fd, void *page) {
    struct nvme_admin_cmd command;
    memset(&command, 0, sizeof command);
    command.opcode = 6;
    command.addr = (uint64_t)(uintptr_t)page;
    command.data_len = 4096;
    command.cdw10 = 1;
    return ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command);
}

#define CLINUX_EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
int clinux_ext4_resize(int fd, uint64_t blocks) { return ioctl(fd, CLINUX_EXT4_IOC_RESIZE_FS, &blocks); }

/* The kernel's fs/xfs/libxfs/xfs_fs.h is not among the exported headers: the two structures of its stable interface. */
struct clinux_xfs_fsop_geom_v1 {
    uint32_t blocksize, rtextsize, agblocks, agcount, logblocks, sectsize, inodesize, imaxpct;
    uint64_t datablocks, rtblocks, rtextents, logstart;
    unsigned char uuid[16];
    uint32_t sunit, swidth;
    int32_t version;
    uint32_t flags, logsectsize, rtsectsize, dirblocksize;
};
struct clinux_xfs_growfs_data {
    uint64_t newblocks;
    uint32_t imaxpct;
};
#define CLINUX_XFS_IOC_FSGEOMETRY_V1 _IOR('X', 100, struct clinux_xfs_fsop_geom_v1)
#define CLINUX_XFS_IOC_FSGROWFSDATA _IOW('X', 110, struct clinux_xfs_growfs_data)

int clinux_xfs_geometry(int fd, uint32_t *block_size, uint64_t *blocks, uint32_t *imaxpct) {
    struct clinux_xfs_fsop_geom_v1 geometry;
    memset(&geometry, 0, sizeof geometry);
    if (ioctl(fd, CLINUX_XFS_IOC_FSGEOMETRY_V1, &geometry) != 0)
        return -1;
    *block_size = geometry.blocksize;
    *blocks = geometry.datablocks;
    *imaxpct = geometry.imaxpct;
    return 0;
}

int clinux_xfs_grow(int fd, uint64_t blocks, uint32_t imaxpct) {
    struct clinux_xfs_growfs_data request;
    memset(&request, 0, sizeof request);
    request.newblocks = blocks;
    request.imaxpct = imaxpct;
    return ioctl(fd, CLINUX_XFS_IOC_FSGROWFSDATA, &request);
}

int clinux_open_uevent_socket(void) {
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (fd < 0)
        return -1;
    struct sockaddr_nl address;
    memset(&address, 0, sizeof address);
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1 | 2;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* Structures and numbers that older headers lack: include/uapi/linux/fs.h (6.9), include/uapi/linux/ext4.h (6.0). */
struct clinux_fsuuid2 {
    uint8_t length;
    uint8_t uuid[16];
};
struct clinux_ext4_fsuuid {
    uint32_t length;
    uint32_t flags;
};
#define CLINUX_FS_IOC_GETFSUUID _IOR(0x15, 0, struct clinux_fsuuid2)
#define CLINUX_EXT4_IOC_GETFSUUID _IOR('f', 44, struct clinux_ext4_fsuuid)
int clinux_filesystem_uuid(int fd, uint8_t uuid[16]) {
    struct clinux_fsuuid2 answer;
    memset(&answer, 0, sizeof answer);
    if (ioctl(fd, CLINUX_FS_IOC_GETFSUUID, &answer) == 0 && answer.length == 16) {
        memcpy(uuid, answer.uuid, 16);
        return 0;
    }
    struct {
        struct clinux_ext4_fsuuid header;
        uint8_t uuid[16];
    } ext4;
    memset(&ext4, 0, sizeof ext4);
    ext4.header.length = 16;
    if (ioctl(fd, CLINUX_EXT4_IOC_GETFSUUID, &ext4) != 0)
        return -1;
    memcpy(uuid, ext4.uuid, 16);
    return 0;
}

struct timed_read {
    int error;
    int64_t nanoseconds;
};

/* In the new process, so nothing but system calls. */
static struct timed_read read_now(const char *node, dev_t device, size_t length) {
    char page[4096] __attribute__((aligned(4096)));
    struct timespec start, end;
    struct stat information;
    struct timed_read result = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &start);
    int fd = open(node, O_RDONLY | O_DIRECT | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &information) != 0)
        result.error = errno;
    else if (!S_ISBLK(information.st_mode) || information.st_rdev != device)
        result.error = ENXIO;
    else {
        ssize_t count = pread(fd, page, length, 0);
        result.error = count < 0 ? errno : (size_t)count < length ? EIO : 0;
    }
    if (fd >= 0)
        close(fd);
    clock_gettime(CLOCK_MONOTONIC, &end);
    result.nanoseconds = (int64_t)(end.tv_sec - start.tv_sec) * 1000000000 + (end.tv_nsec - start.tv_nsec);
    return result;
}

int clinux_read(const char *node, dev_t device, size_t length, int64_t *nanoseconds) {
    struct timed_read result = length > 4096 ? (struct timed_read){EINVAL, 0} : read_now(node, device, length);
    *nanoseconds = result.nanoseconds;
    return result.error;
}

int clinux_timed_read(const char *node, dev_t device, size_t length, int milliseconds, int64_t *nanoseconds) {
    int ends[2];
    if (length > 4096)
        return EINVAL;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    pid_t child = fork();
    if (child == 0) {
        /* The reader has no parent to wait for it, and keeps nothing open that somebody waits to see closed. */
        pid_t reader = fork();
        if (reader != 0)
            _exit(reader < 0 ? EX_OSERR : 0);
        setsid();
        dup2(ends[1], STDIN_FILENO);
        syscall(SYS_close_range, 1, ~0U, 0);
        struct timed_read result = read_now(node, device, length);
        _exit(write(STDIN_FILENO, &result, sizeof result) == sizeof result ? 0 : EX_OSERR);
    }
    int error = errno, status = 0;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return error;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    struct pollfd answer = {.fd = ends[0], .events = POLLIN};
    struct timed_read result = {-1, 0};
    int ready;
    do
        ready = poll(&answer, 1, milliseconds);
    while (ready < 0 && errno == EINTR);
    if (ready > 0 && read(ends[0], &result, sizeof result) != sizeof result)
        result.error = EAGAIN; /* It could not be started. */
    close(ends[0]);
    *nanoseconds = result.nanoseconds;
    return result.error;
}
