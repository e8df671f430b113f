/* slow_disk DELAY_MICROSECONDS FILES MOUNT_POINT
 *
 * Shows the files of the directory FILES at MOUNT_POINT; every read and write of one takes at least the delay, as on
 * a network disk, and any number of them overlap. With direct I/O on both sides, one I/O of a loop device on such a
 * file is one call here. The file "counts" holds: reads, writes, bytes read, bytes written. */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define OVERLAPPING_IOS 256
#define COUNTS_HANDLE UINT64_MAX

static long delay_ns;
static int directory;
static atomic_ullong reads, writes, bytes_read, bytes_written;

static struct timespec delay_end(void)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += delay_ns;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    return end;
}

static void sleep_until(struct timespec end)
{
    prctl(PR_SET_TIMERSLACK, 1); /* of this thread; the default slack would add up to 50 microseconds */
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
        ;
}

static int is_counts(const char *path)
{
    return strcmp(path, "/counts") == 0;
}

static void *disk_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
    config->direct_io = 1;
    config->nullpath_ok = 1;
    conn->max_background = OVERLAPPING_IOS; /* the default lets only 12 overlap */
    conn->congestion_threshold = OVERLAPPING_IOS;
    return NULL;
}

static int disk_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
    if (file && file->fh != COUNTS_HANDLE)
        return fstat(file->fh, st) == 0 ? 0 : -errno;
    if (file || is_counts(path)) {
        *st = (struct stat){ .st_mode = S_IFREG | 0444, .st_nlink = 1 };
        return 0;
    }
    return fstatat(directory, path[1] ? path + 1 : ".", st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

static int disk_open(const char *path, struct fuse_file_info *file)
{
    int fd;

    if (is_counts(path)) {
        file->fh = COUNTS_HANDLE;
        return 0;
    }
    fd = openat(directory, path + 1, (file->flags & O_ACCMODE) | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    file->fh = fd;
    return 0;
}

static int read_counts(char *buffer, size_t size, off_t offset)
{
    char text[128];
    int length = snprintf(text, sizeof text, "%llu %llu %llu %llu\n", reads, writes, bytes_read, bytes_written);

    if (offset >= length)
        return 0;
    if (size > (size_t)(length - offset))
        size = length - offset;
    memcpy(buffer, text + offset, size);
    return size;
}

static int disk_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *file)
{
    struct timespec end = delay_end();
    ssize_t done;

    (void)path;
    if (file->fh == COUNTS_HANDLE)
        return read_counts(buffer, size, offset);
    done = pread(file->fh, buffer, size, offset);
    if (done < 0)
        return -errno;
    reads++;
    bytes_read += done;
    sleep_until(end);
    return done;
}

static int disk_write(const char *path, const char *buffer, size_t size, off_t offset, struct fuse_file_info *file)
{
    struct timespec end = delay_end();
    ssize_t done;

    (void)path;
    if (file->fh == COUNTS_HANDLE)
        return -EBADF;
    done = pwrite(file->fh, buffer, size, offset);
    if (done < 0)
        return -errno;
    writes++;
    bytes_written += done;
    sleep_until(end);
    return done;
}

/* A network disk has no volatile cache: nothing to wait for. */
static int disk_fsync(const char *path, int data_only, struct fuse_file_info *file)
{
    (void)path, (void)data_only, (void)file;
    return 0;
}

static int disk_release(const char *path, struct fuse_file_info *file)
{
    (void)path;
    if (file->fh != COUNTS_HANDLE)
        close(file->fh);
    return 0;
}

static const struct fuse_operations operations = {
    .init = disk_init, .getattr = disk_getattr, .open = disk_open, .read = disk_read,
    .write = disk_write, .fsync = disk_fsync, .release = disk_release,
};

int main(int argc, char **argv)
{
    char options[64];

    if (argc != 4) {
        fprintf(stderr, "usage: slow_disk DELAY_MICROSECONDS FILES MOUNT_POINT\n");
        return 64;
    }
    delay_ns = strtol(argv[1], NULL, 10) * 1000;
    directory = open(argv[2], O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        perror(argv[2]);
        return 1;
    }
    snprintf(options, sizeof options, "max_idle_threads=%d", OVERLAPPING_IOS);
    char *arguments[8] = { argv[0], "-f", "-o", options, argv[3] };
    int count = 5;
#if FUSE_MAJOR_VERSION > 3 || FUSE_MINOR_VERSION >= 12 /* older ones have no limit and no such option */
    char threads[64];
    snprintf(threads, sizeof threads, "max_threads=%d", OVERLAPPING_IOS);
    arguments[count++] = "-o";
    arguments[count++] = threads;
#endif
    return fuse_main(count, arguments, &operations, NULL);
}
