/* survey DEVICE
 *
 * Reads what has to be read of a device before it may be called blank, side by side and past the page cache, and looks
 * at none of it: both ends, the places where file systems keep copies of what identifies them, and a piece at a random
 * place of each of many equal parts. It prints nothing; the agent's manual page says what this proves. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define READERS 32
#define ONE_READ (128 * KIB)
#define BLOCK (4 * KIB)
#define HEAD (65 * MIB)
#define TAIL (16 * MIB)
#define READ_WHOLE (256 * MIB)
#define SAMPLE (16 * KIB)
#define PART (32 * MIB)
#define FEWEST_PARTS 4096
#define MOST_PARTS 131072

struct piece {
    int64_t offset, length;
};

/* The backup superblocks of ext and the mirrors of btrfs that are in neither end. */
static const int64_t copies[] = { 4 * KIB * 32768, 4 * KIB * 98304, 256 * GIB };

static int device;
static struct piece *pieces;
static size_t count;
static atomic_size_t next;
static atomic_int failure;

static void add(int64_t offset, int64_t length)
{
    pieces[count++] = (struct piece){ offset, length };
}

static void add_range(int64_t start, int64_t end)
{
    for (int64_t offset = start; offset < end; offset += ONE_READ)
        add(offset, end - offset < ONE_READ ? end - offset : ONE_READ);
}

static void add_samples(int64_t size)
{
    int64_t parts = size / PART, length;

    parts = parts < FEWEST_PARTS ? FEWEST_PARTS : parts > MOST_PARTS ? MOST_PARTS : parts;
    length = size / parts;
    for (int64_t part = 0; part < parts; part++) {
        uint64_t random = 0;
        int64_t choices = (length - SAMPLE) / BLOCK + 1;

        if (getrandom(&random, sizeof random, 0) != sizeof random)
            failure = EIO;
        add(part * length / BLOCK * BLOCK + random % choices * BLOCK, SAMPLE);
    }
}

static void choose_pieces(int64_t size)
{
    pieces = calloc(MOST_PARTS + (READ_WHOLE + HEAD + TAIL) / ONE_READ + 16, sizeof *pieces);
    if (!pieces) {
        failure = ENOMEM;
        return;
    }
    if (size <= READ_WHOLE) {
        add_range(0, size);
        return;
    }
    add_range(0, HEAD);
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++)
        if (copies[i] + BLOCK <= size - TAIL)
            add(copies[i], BLOCK);
    add_samples(size);
    add_range(size - TAIL, size);
}

static void *read_pieces(void *unused)
{
    void *buffer = NULL;
    size_t index;

    if (posix_memalign(&buffer, BLOCK, ONE_READ) != 0)
        failure = ENOMEM;
    while (!failure && (index = next++) < count) {
        ssize_t done = pread(device, buffer, pieces[index].length, pieces[index].offset);

        if (done != pieces[index].length)
            failure = done < 0 ? errno : EIO;
    }
    free(buffer);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t readers[READERS];
    int started = 0;
    uint64_t size;

    if (argc != 2) {
        fprintf(stderr, "usage: survey DEVICE\n");
        return 64;
    }
    device = open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (device < 0 || ioctl(device, BLKGETSIZE64, &size) != 0) {
        perror(argv[1]);
        return 1;
    }
    choose_pieces(size);
    while (started < READERS && pthread_create(&readers[started], NULL, read_pieces, NULL) == 0)
        started++;
    if (started < READERS)
        failure = EAGAIN;
    while (started > 0)
        pthread_join(readers[--started], NULL);
    if (failure)
        fprintf(stderr, "survey: %s\n", strerror(failure));
    return failure != 0;
}
