import AutohealPlan
package import AutohealRun
package import AutohealSpec
package import AutohealState
import CLinux
import Glibc
import Libmount
package import Logging
import SystemPackage

/// This machine.
package struct LinuxHost: Host {
    let roots: MachineRoots
    let scanner: BlockDeviceScanner
    let signals: TerminationSignals?
    let toolDirectories: [String]
    let runtimeDirectory: RuntimeDirectory
    let surveySeed: UInt64?
    let display: ProgressDisplay?

    /// - Parameters:
    ///   - roots: seams for recorded trees.
    ///   - runtimeDirectory: for the locks of mount points.
    ///   - toolDirectories: where the programs of e2fsprogs are looked for.
    ///   - surveySeed: what the places of samples are drawn from, so that a survey can be repeated; nil draws a new one.
    ///   - display: where a person looks on; nil has the log say now and then how far something is.
    package init(
        roots: MachineRoots = MachineRoots(),
        scanner: BlockDeviceScanner? = nil,
        signals: TerminationSignals? = nil,
        runtimeDirectory: RuntimeDirectory,
        toolDirectories: [String] = Tool.directories,
        surveySeed: UInt64? = nil,
        display: ProgressDisplay? = nil
    ) {
        self.roots = roots
        self.scanner = scanner ?? BlockDeviceScanner(roots: roots)
        self.signals = signals
        self.toolDirectories = toolDirectories
        self.runtimeDirectory = runtimeDirectory
        self.surveySeed = surveySeed
        self.display = display
    }

    package func observeMountPoint(_ spec: VolumeSpec) throws(VolumeError) -> MountPointState {
        do throws(HostError) { try Surroundings(roots: roots).check() } catch { throw .failed(error) }
        if let canonical = canonicalPath(spec.mountPoint), VolumeSpec.systemDirectories.contains(canonical) {
            throw .refused(.systemDirectory(canonical))
        }
        return try mountPoint(spec).state()
    }

    package func pause(_ duration: Duration) throws(VolumeError) {
        try Waiter(signals: signals).wait(atMost: duration)
    }

    package func withLock<Result: Sendable>(
        on device: BlockDevice,
        for spec: VolumeSpec,
        purpose: LockPurpose,
        logger: Logger,
        _ body: (LockedDevice) async throws(VolumeError) -> Result
    ) async throws(VolumeError) -> Result {
        let mountPointLock = purpose == .look ? nil : try lockFile(of: spec)
        defer { try? mountPointLock?.close() }
        if let mountPointLock { try waitForLock(mountPointLock, named: "The mount point", spec, logger) }
        let locked = try LockedDevice.open(device, writable: purpose.mayWrite)
        defer { try? locked.descriptor.close() }
        try waitForLock(locked.descriptor, named: device.node, spec, logger)
        // udev and systemd lock the whole disk, so a partition's lock alone would not be heard.
        guard let disk = scanner.wholeDisk(of: device.number) else { return try await body(locked) }
        let lockedDisk = try LockedDevice.open(disk, writable: false)
        defer { try? lockedDisk.descriptor.close() }
        try waitForLock(lockedDisk.descriptor, named: disk.node, spec, logger)
        return try await body(locked)
    }

    private func lockFile(of spec: VolumeSpec) throws(VolumeError) -> FileDescriptor {
        do throws(Errno) { return try runtimeDirectory.openLockFile(for: spec.mountPoint) } catch {
            throw .failed(
                HostError(
                    "make a lock file in",
                    runtimeDirectory.path,
                    .errno(error),
                    exitStatus: error.isPermission ? .noPermission : .cannotCreate
                )
            )
        }
    }

    private func waitForLock(
        _ descriptor: FileDescriptor,
        named name: String,
        _ spec: VolumeSpec,
        _ logger: Logger
    ) throws(VolumeError) {
        let clock = ContinuousClock()
        let start = clock.now
        // udev lets go after some milliseconds, a format after minutes.
        var nextPause: Duration = .milliseconds(1)
        var isAnnounced = false
        let progress = ProgressReport(
            "Waiting until another program lets go of \(name)",
            name: "lock",
            logger: logger,
            display: display
        )
        defer { progress.end() }
        while true {
            do throws(Errno) {
                guard try !LockedDevice.lock(descriptor) else { break }
            } catch {
                throw .failed(HostError("lock", name, .errno(error), exitStatus: .ioError))
            }
            guard clock.now - start < spec.deadline else { throw .refused(.lockTimeout(holder: name)) }
            if !isAnnounced {
                logger.info("Locked by another program, waiting", metadata: ["locked": "\(name)"])
                isAnnounced = true
            }
            progress.update()
            try pause(nextPause)
            nextPause = min(nextPause * 2, .milliseconds(20))
        }
        guard isAnnounced else { return }
        logger.info(
            "The other program has let go",
            metadata: ["locked": "\(name)", "duration_ms": "\(milliseconds(clock.now - start))"]
        )
    }

    package func observe(
        _ spec: VolumeSpec,
        _ device: LockedDevice,
        logger: Logger
    ) async throws(VolumeError) -> VolumeState {
        let reader: DeviceReader
        do throws(Errno) { reader = try DeviceReader(device.descriptor) } catch {
            throw .failed(HostError("examine", device.device.node, .errno(error), exitStatus: .ioError))
        }
        var mountPoint = try mountPoint(spec).state()
        var state = DeviceState(
            node: device.device.node,
            number: device.device.number,
            size: reader.size,
            kernelSize: scanner.kernelSize(of: device.device.number),
            isReadOnly: reader.isReadOnly,
            volumeID: device.device.identity.volumeID,
            content: nil
        )
        if case .mounted(var mount) = mountPoint, mount.number == state.number {
            if mount.type.isExt {
                mount.filesystemSize = (try? ContentReader(reader).size(of: mount.type)) ?? nil
                mount.noteJournal(ContentReader(reader))
            }
            mountPoint = .mounted(mount)
            state.use = .mounted(at: [spec.mountPoint])
        } else {
            if case .mounted(var mount) = mountPoint, mount.fault != nil {
                mount.volumeID = volumeID(of: mount, at: spec)
                mountPoint = .mounted(mount)
            }
            state.use = try use(of: state, spec)
            // Only what nobody uses is probed: dropping the cache under a mounted file system would slow it down.
            if state.use == .free, state.size > 0 {
                state.content = try await ContentReader(reader).content(
                    proving: spec.needsProof && state.size >= VolumeSpec.minimumSize,
                    seed: surveySeed ?? .random(in: .min ... .max),
                    images: images(logger),
                    signals: signals,
                    node: state.node,
                    logger: logger,
                    display: display
                )
            }
        }
        return VolumeState(device: state, mountPoint: mountPoint)
    }

    private func use(of device: DeviceState, _ spec: VolumeSpec) throws(VolumeError) -> DeviceUse {
        let targets = try mountPoint(spec).targets(of: device.number)
        guard targets.isEmpty else { return .mounted(at: targets) }
        let holders = try scanner.holders(of: device.number)
        guard holders.isEmpty else { return .held(by: holders) }
        guard try !isSwap(device.number) else { return .swap }
        // The kernel's own answer, which covers other mount namespaces and users that left no other trace.
        // A child of this process that is just being started has, for some milliseconds, what another thread had open.
        for _ in 0..<5 {
            let descriptor = open(device.node, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK)
            guard descriptor < 0 else {
                close(descriptor)
                return .free
            }
            let cause = errno
            guard cause == EBUSY else {
                throw .failed(
                    HostError("open", device.node, .errno(Errno(rawValue: cause)), exitStatus: .ioError)
                )
            }
            try pause(.milliseconds(5))
        }
        return .exclusivelyOpen
    }

    private func isSwap(_ number: DeviceNumber) throws(VolumeError) -> Bool {
        let table = "\(roots.proc)/swaps"
        let swaps: MountTable
        do throws(Errno) { swaps = try MountTable(swaps: table) } catch {
            // A kernel without swap has no such file.
            guard access(table, F_OK) == 0 || errno != ENOENT else { return false }
            throw .failed(HostError("read", table, .errno(error), exitStatus: .osError))
        }
        return swaps.entries.contains { entry in
            var information = stat()
            guard stat(entry.source, &information) == 0, information.st_mode & S_IFMT == S_IFBLK else { return false }
            let device = information.st_rdev
            return number == DeviceNumber(major: clinux_major(device), minor: clinux_minor(device))
        }
    }

    func images(_ logger: Logger) -> ImageMaker {
        ImageMaker(toolDirectories: toolDirectories, roots: roots, logger: logger, display: display)
    }

    func mountPoint(_ spec: VolumeSpec) -> MountPoint { MountPoint(path: spec.mountPoint, roots: roots) }
}
