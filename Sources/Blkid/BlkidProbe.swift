import CBlkid
import Glibc
package import SystemPackage

/// A low-level libblkid probe (`blkid_new_probe`): it reads the device, never a cache and never udev's database.
///
/// One handle per thread (libblkid reference manual, "Low-level probing").
package struct BlkidProbe: ~Copyable {
    private let handle: OpaquePointer

    package init() throws(Errno) {
        guard let handle = blkid_new_probe() else { throw .noMemory }
        self.handle = handle
        // SBMAGIC for the offsets, BADCSUM because from 2.39 on a bad checksum reads as "nothing" without it.
        blkid_probe_enable_superblocks(handle, 1)
        blkid_probe_set_superblocks_flags(
            handle,
            BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_VERSION
                | BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM
        )
        // FORCE_GPT finds a GPT without protective MBR, and one whose backup alone is left.
        blkid_probe_enable_partitions(handle, 1)
        blkid_probe_set_partitions_flags(handle, BLKID_PARTS_FORCE_GPT | BLKID_PARTS_MAGIC)
        // Topology stays off: with it, a blank block device is reported as "found".
    }

    deinit { blkid_free_probe(handle) }

    /// What `blkid_do_safeprobe` concludes.
    package enum Finding: Hashable, Sendable {
        case nothing
        case found(BlkidValues)
        /// Several signatures: "ambivalent result" in the library's words.
        case ambivalent
        case failed(Errno)
    }

    /// Probes an open device or image.
    ///
    /// - Parameter onlySuperblock: looks for this one file system type and nothing else, which reads far less.
    package func identify(_ descriptor: FileDescriptor, onlySuperblock: String? = nil) -> Finding {
        if let onlySuperblock {
            guard filter(type: onlySuperblock) else { return .failed(.invalidArgument) }
        }
        if let failure = assign(descriptor) { return .failed(failure) }
        errno = 0
        let result = blkid_do_safeprobe(handle)
        let cause = errno
        return switch result {
        case 0: .found(values())
        case 1: .nothing
        // Up to 2.38 -2 is ambivalence and -errno an I/O error; from 2.39 all is -1. In both, errno tells them apart.
        case -2 where cause == 0: .ambivalent
        default: cause == 0 ? .ambivalent : .failed(Errno(rawValue: cause))
        }
    }

    /// Everything that any prober recognises, in the order the library finds it; for people, not for decisions.
    package func signatures(_ descriptor: FileDescriptor) throws(Errno) -> [BlkidValues] {
        if let failure = assign(descriptor) { throw failure }
        var found: [BlkidValues] = []
        // Far more probers than there are: a library that never says "no more" must not hang the boot.
        while found.count < 256 {
            errno = 0
            let result = blkid_do_probe(handle)
            guard result >= 0 else { throw errno == 0 ? .ioError : Errno(rawValue: errno) }
            guard result == 0 else { break }
            found.append(values())
        }
        return found
    }

    private func assign(_ descriptor: FileDescriptor) -> Errno? {
        errno = 0
        guard blkid_probe_set_device(handle, descriptor.rawValue, 0, 0) != 0 else { return nil }
        return errno == 0 ? .ioError : Errno(rawValue: errno)
    }

    private func filter(type: String) -> Bool {
        blkid_probe_enable_partitions(handle, 0)
        return type.withCString { name in
            let names = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: 2)
            defer { names.deallocate() }
            names[0] = UnsafeMutablePointer(mutating: name)
            names[1] = nil
            return blkid_probe_filter_superblocks_type(handle, BLKID_FLTR_ONLYIN, names) == 0
        }
    }

    private func values() -> BlkidValues {
        BlkidValues(
            type: text("TYPE"),
            usage: text("USAGE"),
            label: text("LABEL"),
            uuid: text("UUID"),
            version: text("VERSION"),
            superblockOffset: text("SBMAGIC_OFFSET").flatMap { UInt64($0) },
            hasBadChecksum: text("SBBADCSUM") != nil,
            partitionTable: text("PTTYPE"),
            partitionTableUUID: text("PTUUID"),
            partitionTableOffset: text("PTMAGIC_OFFSET").flatMap { UInt64($0) }
        )
    }

    /// A value's text; it belongs to the probe, and its length includes the terminating NUL.
    private func text(_ name: String) -> String? {
        var data: UnsafePointer<CChar>?
        var length = 0
        guard blkid_probe_lookup_value(handle, name, &data, &length) == 0, let data, length > 0 else { return nil }
        let bytes = UnsafeBufferPointer(start: data, count: length).map { UInt8(bitPattern: $0) }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
