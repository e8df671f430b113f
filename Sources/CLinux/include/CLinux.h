/* Kernel interfaces that Swift cannot import by itself: function-like macros, C bit-fields and variadic calls.

   A program that links this opens /dev/null as whichever of the descriptors 0 to 2 is closed, before main; where that
   cannot be done it ends with 71 (EX_OSERR). */
#ifndef CLINUX_H
#define CLINUX_H

#include <linux/netlink.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* open(2) flag that only _GNU_SOURCE shows. */
extern const int clinux_o_direct;
/* lseek(2) likewise. */
extern const int clinux_seek_data;
extern const int clinux_seek_hole;

/* Block device ioctls, <linux/fs.h>. All return 0, or -1 with errno. */
int clinux_block_size_in_bytes(int fd, uint64_t *size);       /* BLKGETSIZE64 */
int clinux_block_is_read_only(int fd, int *read_only);        /* BLKROGET */
int clinux_block_flush_buffers(int fd);                       /* BLKFLSBUF */
int clinux_block_logical_sector_size(int fd, int *size);      /* BLKSSZGET */
int clinux_block_physical_sector_size(int fd, unsigned int *size); /* BLKPBSZGET */
int clinux_block_minimum_io(int fd, unsigned int *size);      /* BLKIOMIN */
int clinux_block_optimal_io(int fd, unsigned int *size);      /* BLKIOOPT */

/* The number of the block device that a loop device is on, 0 if it is on a file (LOOP_GET_STATUS64). */
int clinux_loop_backing_device(int fd, dev_t *device);

/* major and minor of a dev_t, <sys/sysmacros.h>. */
uint32_t clinux_major(dev_t device);
dev_t clinux_makedev(uint32_t major, uint32_t minor);
uint32_t clinux_minor(dev_t device);

/* An unlinked file in memory, on a file system (tmpfs) of its own that nobody else sees and that holds at most `limit`
   bytes: fsopen(2), fsmount(2), Linux 5.2. Or an unlinked file in a directory (O_TMPFILE). Descriptors, or -1 with errno. */
int clinux_open_memory_file(uint64_t limit);
int clinux_open_unlinked_file(const char *directory);

/* syncfs(2): what the caches hold of a file system goes to its device. */
int clinux_syncfs(int fd);

/* 1 if a directory is the root of a mount (statx(2), STATX_ATTR_MOUNT_ROOT, Linux 5.8), 0 if not, -1 if that is not known. */
int clinux_is_mount_root(int fd);

/* Inode flags (chattr), FS_IOC_GETFLAGS and FS_IOC_SETFLAGS. */
extern const int clinux_immutable_flag;
int clinux_get_inode_flags(int fd, int *flags);
int clinux_set_inode_flags(int fd, int flags);

/* NVMe Identify Controller (opcode 6, CNS 1) into a page of 4096 bytes; > 0 is an NVMe status code. */
int clinux_nvme_identify_controller(int fd, void *page);

/* Online growth of a mounted file system; fd is its root directory. */
int clinux_ext4_resize(int fd, uint64_t blocks);              /* EXT4_IOC_RESIZE_FS */
int clinux_xfs_geometry(int fd, uint32_t *block_size, uint64_t *blocks, uint32_t *imaxpct); /* XFS_IOC_FSGEOMETRY_V1 */
int clinux_filesystem_uuid(int fd, uint8_t uuid[16]);         /* FS_IOC_GETFSUUID, EXT4_IOC_GETFSUUID */
int clinux_xfs_grow(int fd, uint64_t blocks, uint32_t imaxpct); /* XFS_IOC_FSGROWFSDATA */

/* Reads `length` bytes, at most 4096, from the start of a block device past the page cache. Returns 0 or an errno (ENXIO:
   the node is another device by now); *nanoseconds is what it took. */
int clinux_read(const char *node, dev_t device, size_t length, int64_t *nanoseconds);

/* The same in a process of its own: a read that hangs cannot be ended, and a process that has a thread in it cannot end
   either. Returns -1 if there is no answer within `milliseconds`. */
int clinux_timed_read(const char *node, dev_t device, size_t length, int milliseconds, int64_t *nanoseconds);

/* Catches SIGTERM, SIGINT, SIGHUP and SIGURG in whichever thread they strike. Blocking them would not do: Swift's concurrency
   runtime and swift-subprocess keep threads that block nothing.
   Also sets SIGCHLD to its default, since with SIGCHLD ignored waitpid fails, and ignores SIGPIPE and SIGXFSZ.
   Returns a descriptor, an eventfd(2), that is readable from the first of them on; -1 and errno on failure. */
int clinux_catch_termination_signals(void);

/* The handler makes this file, with a byte in it, as soon as one of them comes; before they are caught. */
int clinux_note_termination_signals(const char *path);

/* Has SIGTERM sent to this process when its parent ends (prctl(2), PR_SET_PDEATHSIG), also after the next execve(2). */
int clinux_end_with_parent(void);

/* The first of those signals that came, or 0; it stays there for every thread to see. */
int clinux_pending_signal(void);

/* A non-blocking netlink socket for kernel uevents (group 1) and udev's (group 2), or -1 with errno. */
int clinux_open_uevent_socket(void);

#endif
