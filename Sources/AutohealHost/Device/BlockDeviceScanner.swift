package import AutohealPlan
package import AutohealRun
package import AutohealState
import CLinux
import Glibc
import SystemPackage

/// Reads from sysfs which block devices there are, and asks NVMe ones who they are.
package struct BlockDeviceScanner: Sendable {
    /// Answers an NVMe Identify Controller for a node: one page of 4096 bytes, or nil.
    package typealias Identify = @Sendable (_ node: String) -> [UInt8]?

    private let roots: MachineRoots
    private let identify: Identify

    package init(roots: MachineRoots = MachineRoots(), identify: @escaping Identify = Self.identifyByIoctl) {
        self.roots = roots
        self.identify = identify
    }

    /// The whole disks, without partitions, empty loop devices and RAM disks.
    package func devices() -> [BlockDevice] {
        names(in: "\(roots.sys)/class/block").compactMap { name in
            let entry = "\(roots.sys)/class/block/\(name)"
            // There may be many of them: they are passed over before anything else is read.
            let isVirtual = ["loop", "ram", "zram"].contains { name.hasPrefix($0) }
            guard !isVirtual || size(entry: entry) > 0, attribute("\(entry)/partition") == nil,
                var device = device(entry: entry, name: name)
            else { return nil }
            device.partitions = partitions(of: device, entry: entry, name: name)
            return device
        }
    }

    /// What a path leads to, symbolic links followed.
    package func target(of path: String) -> PathTarget {
        var information = stat()
        guard stat(path, &information) == 0 else {
            return lstat(path, &information) == 0 ? .other(kind: kind(of: information.st_mode)) : .absent
        }
        guard information.st_mode & S_IFMT == S_IFBLK else { return .other(kind: kind(of: information.st_mode)) }
        let number = DeviceNumber(
            major: clinux_major(information.st_rdev),
            minor: clinux_minor(information.st_rdev)
        )
        let node = canonicalPath(path) ?? path
        guard let entry = canonicalPath("\(roots.sys)/dev/block/\(number)") else {
            return .blockDevice(BlockDevice(node: node, number: number, size: sizeByIoctl(node)))
        }
        return .blockDevice(
            BlockDevice(
                node: node,
                number: number,
                size: size(entry: entry),
                identity: lowestDisk(below: entry).map { identity(entry: $0, node: self.node(of: $0)) } ?? .unknown
            )
        )
    }

    private func partitions(of disk: BlockDevice, entry: String, name: String) -> [Int: BlockDevice] {
        names(in: entry).filter { $0.hasPrefix(name) }.reduce(into: [:]) { partitions, name in
            let entry = "\(entry)/\(name)"
            guard let number = attribute("\(entry)/partition").flatMap(Int.init),
                var partition = device(entry: entry, name: name)
            else { return }
            partition.identity = disk.identity
            partitions[number] = partition
        }
    }

    /// The one device that everything below this one is on: what device mapper and md are built on is in `slaves`.
    ///
    /// - Returns: the entry itself if nothing is below it; nil if more than one disk is.
    private func lowestDisk(below entry: String, depth: Int = 0) -> String? {
        let below = names(in: "\(entry)/slaves").compactMap { canonicalPath("\(entry)/slaves/\($0)") }
        guard !below.isEmpty else { return entry }
        // The kernel allows no loops, and nobody builds so high.
        guard depth < 16 else { return nil }
        let disks = Set(
            below.map { lowestDisk(below: $0, depth: depth + 1) }.map { disk in
                disk.map { attribute("\($0)/partition") == nil ? $0 : canonicalPath("\($0)/..") ?? $0 }
            }
        )
        return disks.count == 1 ? disks.first ?? nil : nil
    }

    /// As the kernel names it now; nil if there is no such device.
    func node(of number: DeviceNumber) -> String? { canonicalPath("\(roots.sys)/dev/block/\(number)").map(node) }

    /// sysfs writes '!' for the '/' of a node in a subdirectory.
    private func node(of entry: String) -> String {
        let name = entry.split(separator: "/").last ?? ""
        return "\(roots.dev)/" + name.split(separator: "!").joined(separator: "/")
    }

    /// The whole disk that a partition is on, nil for a whole disk.
    package func wholeDisk(of number: DeviceNumber) -> BlockDevice? {
        guard let entry = canonicalPath("\(roots.sys)/dev/block/\(number)"), attribute("\(entry)/partition") != nil
        else { return nil }
        let parent = entry.split(separator: "/").dropLast()
        return parent.last.flatMap { device(entry: "/" + parent.joined(separator: "/"), name: String($0)) }
    }

    /// What the kernel calls a device in its log: `dm-0` for a name below /dev/mapper.
    func kernelName(of device: BlockDevice) -> String {
        let entry = canonicalPath("\(roots.sys)/dev/block/\(device.number)") ?? device.node
        return entry.split(separator: "/").last.map(String.init) ?? device.node
    }

    /// The kernel names of the devices that are built on this one, on a partition of it or on the disk that it is a partition
    /// of: device mapper and md, which sysfs lists, and loop devices, which claim nothing.
    package func holders(of number: DeviceNumber) throws(VolumeError) -> [String] {
        let directory = "\(roots.sys)/dev/block/\(number)/holders"
        // A device that has just gone has none.
        if access(directory, F_OK) != 0, errno == ENOENT { return [] }
        do throws(Errno) { return try namesOrError(in: directory) + loopDevices(on: number) } catch {
            throw .failed(HostError("read", directory, .errno(error), exitStatus: .osError))
        }
    }

    private func loopDevices(on number: DeviceNumber) -> [String] {
        let entry = "\(roots.sys)/dev/block/\(number)"
        let isPartition = attribute("\(entry)/partition") != nil
        let related =
            isPartition
            ? [attribute("\(entry)/../dev")]
            : names(in: entry).filter { attribute("\(entry)/\($0)/partition") != nil }.map {
                attribute("\(entry)/\($0)/dev")
            }
        let numbers = Set(related.compactMap { $0.flatMap { DeviceNumber($0) } } + [number])
        return names(in: "\(roots.sys)/class/block").filter { name in
            guard name.hasPrefix("loop"), size(entry: "\(roots.sys)/class/block/\(name)") > 0,
                let backing = backingDevice(ofLoop: name)
            else { return false }
            return numbers.contains(backing)
        }
    }

    /// The block device that a loop device is on, by its own answer, else by the path that sysfs shows; nil for a file.
    private func backingDevice(ofLoop name: String) -> DeviceNumber? {
        var number = dev_t()
        if let descriptor = try? FileDescriptor.open(
            "\(roots.dev)/\(name)",
            .readOnly,
            options: [.closeOnExec, .nonBlocking]
        ) {
            defer { try? descriptor.close() }
            if clinux_loop_backing_device(descriptor.rawValue, &number) == 0 {
                return number == 0 ? nil : DeviceNumber(major: clinux_major(number), minor: clinux_minor(number))
            }
        }
        var information = stat()
        guard let path = attribute("\(roots.sys)/class/block/\(name)/loop/backing_file"), stat(path, &information) == 0,
            information.st_mode & S_IFMT == S_IFBLK
        else { return nil }
        return DeviceNumber(major: clinux_major(information.st_rdev), minor: clinux_minor(information.st_rdev))
    }

    /// Bytes as sysfs counts them, 0 for what it does not know.
    package func kernelSize(of number: DeviceNumber) -> UInt64 { size(entry: "\(roots.sys)/dev/block/\(number)") }

    private func device(entry: String, name: String) -> BlockDevice? {
        guard let number = attribute("\(entry)/dev").flatMap({ DeviceNumber($0) }) else { return nil }
        // sysfs writes '!' for the '/' of a node in a subdirectory.
        let node = "\(roots.dev)/" + name.split(separator: "!").joined(separator: "/")
        return BlockDevice(
            node: node,
            number: number,
            size: size(entry: entry),
            identity: identity(entry: entry, node: node)
        )
    }

    private func size(entry: String) -> UInt64 {
        attribute("\(entry)/size").flatMap(UInt64.init).map { $0.multipliedReportingOverflow(by: 512) }
            .flatMap { $0.overflow ? nil : $0.partialValue } ?? 0
    }

    private func sizeByIoctl(_ node: String) -> UInt64 {
        guard let descriptor = try? FileDescriptor.open(node, .readOnly, options: .closeOnExec) else { return 0 }
        defer { try? descriptor.close() }
        var size: UInt64 = 0
        return clinux_block_size_in_bytes(descriptor.rawValue, &size) == 0 ? size : 0
    }

    /// The controller's own answer where it gives one, sysfs otherwise; a partition is what its disk is.
    private func identity(entry: String, node: String) -> DeviceIdentity {
        let isPartition = attribute("\(entry)/partition") != nil
        let disk = isPartition ? entry + "/.." : entry
        guard let model = attribute("\(disk)/device/model"), let serial = attribute("\(disk)/device/serial") else {
            return .unknown
        }
        let bySysfs = NVMeIdentifyController.identity(model: model, serial: serial)
        guard bySysfs.kind == .ebs, let page = identify(node), let controller = NVMeIdentifyController(page: page)
        else { return bySysfs }
        // A page that is not the one of this disk says nothing about it.
        return controller.serial == serial ? controller.identity : bySysfs
    }

    /// NVME_IOCTL_ADMIN_CMD; needs CAP_SYS_ADMIN.
    package static let identifyByIoctl: Identify = { node in
        guard let descriptor = try? FileDescriptor.open(node, .readOnly, options: [.closeOnExec, .nonBlocking]) else {
            return nil
        }
        defer { try? descriptor.close() }
        var page = [UInt8](repeating: 0, count: NVMeIdentifyController.pageSize)
        return clinux_nvme_identify_controller(descriptor.rawValue, &page) == 0 ? page : nil
    }
}
