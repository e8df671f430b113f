import Blkid
import SystemPackage
import TestSupport
import Testing

/// libblkid on images made by the real tools; no root needed.
@Suite("libblkid")
struct BlkidProbeTests {
    private func withImage<Result>(
        size: UInt64 = 64 << 20,
        prepare: (String) async throws -> Void = { _ in },
        _ body: (FileDescriptor) throws -> Result
    ) async throws -> Result {
        let scratch = try ScratchDirectory()
        let image = "\(scratch.path)/image"
        try Files.makeSparse(image, size: size)
        try await prepare(image)
        let descriptor = try FileDescriptor.open(image, .readOnly)
        return try descriptor.closeAfter { try body(descriptor) }
    }

    @Test("finds nothing on zeros")
    func blank() async throws {
        #expect(try await withImage { try BlkidProbe().identify($0) } == .nothing)
    }

    @Test("finds an ext4 with its label and UUID, and its magic where it is")
    func ext4() async throws {
        let uuid = "7ec1f3a0-1111-4222-8333-444444444444"
        let finding = try await withImage {
            try await Command.check("mkfs.ext4", ["-q", "-L", "data", "-U", uuid, $0])
        } _: {
            try BlkidProbe().identify($0)
        }
        guard case .found(let values) = finding else {
            Issue.record("\(finding)")
            return
        }
        #expect(values.type == "ext4" && values.usage == "filesystem" && values.label == "data" && values.uuid == uuid)
        #expect(values.superblockOffset == 0x438 && !values.hasBadChecksum && values.partitionTable == nil)
    }

    @Test("a superblock whose checksum is wrong is never nothing")
    func badChecksum() async throws {
        let finding = try await withImage {
            try await Command.check("mkfs.ext4", ["-q", $0])
            // A byte of s_last_mounted, which nothing but the checksum covers.
            try Files.overwrite($0, at: 1024 + 0x88, with: [0x55])
        } _: {
            try BlkidProbe().identify($0)
        }
        guard case .found(let values) = finding else {
            Issue.record("\(finding)")
            return
        }
        // libblkid 2.38 does not check the checksum of ext4 yet; 2.39 does, and says so instead of finding nothing.
        #expect(values.type == "ext4" || values.hasBadChecksum)
    }

    @Test("finds a partition table, also when only the backup GPT is left", arguments: [false, true])
    func gpt(backupOnly: Bool) async throws {
        let finding = try await withImage {
            try await Command.check("sfdisk", ["--quiet", $0], input: "label: gpt\n")
            if backupOnly { try Files.overwrite($0, at: 0, with: [UInt8](repeating: 0, count: 64 << 10)) }
        } _: {
            try BlkidProbe().identify($0)
        }
        guard case .found(let values) = finding else {
            Issue.record("\(finding)")
            return
        }
        #expect(values.partitionTable == "gpt")
    }

    @Test("two signatures are ambivalent, and both are listed")
    func ambivalent() async throws {
        try await withImage {
            try await Command.check("mkfs.ext4", ["-q", $0])
            try await Command.check("mkswap", [$0])
            // mkswap leaves the ext4 superblock at 1 KiB alone; its own magic ends the first page.
        } _: { descriptor in
            let finding = try BlkidProbe().identify(descriptor)
            let types = try BlkidProbe().signatures(descriptor).compactMap(\.type)
            #expect(finding == .ambivalent || types.count == 1)
            #expect(types.contains("swap"))
        }
    }

    @Test("a descriptor that cannot be read is a failure, not nothing")
    func unreadable() throws {
        let descriptor = try FileDescriptor.open("/dev/null", .writeOnly)
        try descriptor.closeAfter {
            guard case .failed = try BlkidProbe().identify(descriptor) else {
                Issue.record("not a failure")
                return
            }
        }
    }

    @Test("an empty image is nothing or a failure, never a find")
    func empty() async throws {
        let finding = try await withImage(size: 0) { try BlkidProbe().identify($0) }
        if case .found = finding { Issue.record("\(finding)") }
    }

    @Test("looking for one type alone finds that type and no other", arguments: [("ext4", true), ("xfs", false)])
    func filtered(type: String, isFound: Bool) async throws {
        let finding = try await withImage {
            try await Command.check("mkfs.ext4", ["-q", $0])
        } _: {
            try BlkidProbe().identify($0, onlySuperblock: type)
        }
        if case .found(let values) = finding { #expect(isFound && values.type == type) } else { #expect(!isFound) }
    }
}
