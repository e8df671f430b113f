import AutohealPlan
package import AutohealRun
import AutohealSpec
import Glibc
import SystemPackage

/// What the work will need, taken and given back before it begins: libraries that find nothing left in the middle of it
/// trap instead of answering.
package enum Reserve {
    /// Bytes of address space for one volume: threads take a stack of 8 MiB and an arena of 64 MiB each. Below 400 MiB, with
    /// a debug build, thread pools were seen to wait for ever for one more thread.
    private static let addressSpace = 1 << 30
    private static let addressSpacePerVolume = 256 << 20
    /// Bytes that can be written to, where the kernel promises no more than it has (vm.overcommit_memory=2).
    private static let memory = 64 << 20
    private static let threads = 4
    private static let descriptorsPerVolume = 32
    private static let descriptors = 40

    /// - Throws: with exit status 75, in words.
    package static func check(volumes: Int) throws(HostError) {
        try checkDescriptors(descriptors + descriptorsPerVolume * volumes)
        try checkMemory(addressSpace + addressSpacePerVolume * volumes)
        try checkThreads(threads + volumes)
    }

    /// Raises the soft limit to what the hard one allows, if that is needed.
    private static func checkDescriptors(_ count: Int) throws(HostError) {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < 4096 {
            limit.rlim_cur = min(limit.rlim_max, 4096)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        var taken: [Int32] = []
        defer { for descriptor in taken { close(descriptor) } }
        for _ in 0..<count {
            let descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
            guard descriptor >= 0 else {
                throw failure(
                    "open",
                    "\(count) files",
                    errno,
                    "Raise the limit of open files (LimitNOFILE=, ulimit -n)."
                )
            }
            taken.append(descriptor)
        }
    }

    private static func checkMemory(_ addressSpace: Int) throws(HostError) {
        for (length, protection) in [(addressSpace, PROT_NONE), (memory, PROT_READ | PROT_WRITE)] {
            let memory = mmap(nil, length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            guard memory != MAP_FAILED else {
                let advice = "Raise the limit of memory (LimitAS=, LimitDATA=, ulimit -v)."
                throw failure("reserve", "\(describe(bytes: UInt64(length))) of memory", errno, advice)
            }
            munmap(memory, length)
        }
    }

    private static func checkThreads(_ count: Int) throws(HostError) {
        var threads: [pthread_t] = []
        defer { for thread in threads { pthread_join(thread, nil) } }
        for _ in 0..<count {
            var thread = pthread_t()
            let result = pthread_create(&thread, nil, { _ in nil }, nil)
            guard result == 0 else {
                throw failure(
                    "start",
                    "threads",
                    result,
                    "Raise the limit of processes and threads (TasksMax=, ulimit -u)."
                )
            }
            threads.append(thread)
        }
    }

    private static func failure(_ operation: String, _ subject: String, _ code: Int32, _ advice: String) -> HostError {
        HostError(
            operation,
            subject,
            .errno(Errno(rawValue: code)),
            exitStatus: .temporaryFailure,
            advice: "\(advice) Nothing was written."
        )
    }
}
