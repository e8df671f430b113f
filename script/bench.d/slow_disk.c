/* slow_disk DELAY_MICROSECONDS IOS_PER_SECOND BYTES_PER_SECOND FILES MOUNT_POINT
 *
 * Shows the files of the directory FILES at MOUNT_POINT; every read and write of one takes at least the delay, as on
 * a network disk, and any number of them overlap, within the two limits, which each open file has for itself. With
 * direct I/O on both sides, one I/O of a loop device on such a file is one call here. The file "counts" holds: reads,
 * writes, bytes read, bytes written. */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define OVERLAPPING_IOS 640 /* 16 disks with 32 readers each, and some */
#define COUNTS_HANDLE UINT64_MAX
#define NS_PER_SECOND INT64_C(1000000000)
#define BUCKET_NS (NS_PER_SECOND / 10) /* a full bucket holds what is allowed in this time */

/* Each limit is a token bucket, kept as the time at which it would be full again less the time to fill it. */
struct disk {
    int fd;
    pthread_mutex_t lock;
    int64_t ios, bytes;
};

static int64_t delay_ns, ios_per_second, bytes_per_second;
static int directory;
static atomic_ullong reads, writes, bytes_read, bytes_written;

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

/* Takes from a bucket what lasts for the given time, and says when that much is in it. */
static int64_t take(int64_t *bucket, int64_t ns, int64_t time)
{
    if (*bucket < time - BUCKET_NS)
        *bucket = time - BUCKET_NS;
    return *bucket += ns;
}

/* When an I/O that begins now has ended. */
static int64_t end_of_io(struct disk *disk, size_t size)
{
    int64_t start = now(), ios, bytes;

    pthread_mutex_lock(&disk->lock);
    ios = take(&disk->ios, NS_PER_SECOND / ios_per_second, start);
    bytes = take(&disk->bytes, size * NS_PER_SECOND / bytes_per_second, start);
    pthread_mutex_unlock(&disk->lock);
    if (start < ios)
        start = ios;
    if (start < bytes)
        start = bytes;
    return start + delay_ns;
}

static void sleep_until(int64_t end)
{
    struct timespec t = { .tv_sec = end / NS_PER_SECOND, .tv_nsec = end % NS_PER_SECOND };

    prctl(PR_SET_TIMERSLACK, 1); /* of this thread; the default slack would add up to 50 microseconds */
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

static struct disk *disk_of(const struct fuse_file_info *file)
{
    return (struct disk *)(uintptr_t)file->fh;
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
        return fstat(disk_of(file)->fd, st) == 0 ? 0 : -errno;
    if (file || is_counts(path)) {
        *st = (struct stat){ .st_mode = S_IFREG | 0444, .st_nlink = 1 };
        return 0;
    }
    return fstatat(directory, path[1] ? path + 1 : ".", st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

static int disk_open(const char *path, struct fuse_file_info *file)
{
    struct disk *disk;

    if (is_counts(path)) {
        file->fh = COUNTS_HANDLE;
        return 0;
    }
    disk = calloc(1, sizeof *disk);
    if (!disk)
        return -ENOMEM;
    disk->fd = openat(directory, path + 1, (file->flags & O_ACCMODE) | O_CLOEXEC);
    if (disk->fd < 0) {
        int error = errno;

        free(disk);
        return -error;
    }
    pthread_mutex_init(&disk->lock, NULL);
    file->fh = (uintptr_t)disk;
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
    ssize_t done;
    int64_t end;

    (void)path;
    if (file->fh == COUNTS_HANDLE)
        return read_counts(buffer, size, offset);
    end = end_of_io(disk_of(file), size);
    done = pread(disk_of(file)->fd, buffer, size, offset);
    if (done < 0)
        return -errno;
    reads++;
    bytes_read += done;
    sleep_until(end);
    return done;
}

static int disk_write(const char *path, const char *buffer, size_t size, off_t offset, struct fuse_file_info *file)
{
    ssize_t done;
    int64_t end;

    (void)path;
    if (file->fh == COUNTS_HANDLE)
        return -EBADF;
    end = end_of_io(disk_of(file), size);
    done = pwrite(disk_of(file)->fd, buffer, size, offset);
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
    if (file->fh == COUNTS_HANDLE)
        return 0;
    close(disk_of(file)->fd);
    pthread_mutex_destroy(&disk_of(file)->lock);
    free(disk_of(file));
    return 0;
}

static const struct fuse_operations operations = {
    .init = disk_init, .getattr = disk_getattr, .open = disk_open, .read = disk_read,
    .write = disk_write, .fsync = disk_fsync, .release = disk_release,
};

int main(int argc, char **argv)
{
    char options[64];

    if (argc != 6 || strtol(argv[2], NULL, 10) < 1 || strtol(argv[3], NULL, 10) < 1) {
        fprintf(stderr, "usage: slow_disk DELAY_MICROSECONDS IOS_PER_SECOND BYTES_PER_SECOND FILES MOUNT_POINT\n");
        return 64;
    }
    delay_ns = strtol(argv[1], NULL, 10) * 1000;
    ios_per_second = strtol(argv[2], NULL, 10);
    bytes_per_second = strtol(argv[3], NULL, 10);
    directory = open(argv[4], O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        perror(argv[4]);
        return 1;
    }
    snprintf(options, sizeof options, "max_idle_threads=%d", OVERLAPPING_IOS);
    char *arguments[8] = { argv[0], "-f", "-o", options, argv[5] };
    int count = 5;
#if FUSE_MAJOR_VERSION > 3 || FUSE_MINOR_VERSION >= 12 /* older ones have no limit and no such option */
    char threads[64];
    snprintf(threads, sizeof threads, "max_threads=%d", OVERLAPPING_IOS);
    arguments[count++] = "-o";
    arguments[count++] = threads;
#endif
    return fuse_main(count, arguments, &operations, NULL);
}
