import AutohealCore
import FoundationEssentials
import Glibc
import Logging
import SystemPackage

/// Has mkfs.ext4 make a file system in an unlinked file: in memory, or on the root disk where that is too large.
struct ImageMaker: Sendable {
    let toolDirectories: [String]
    let roots: MachineRoots
    let logger: Logger
    /// For what does not go into memory; on the root disk (hier(7)).
    var spillDirectory = "/var/tmp"

    /// An image may take one part in this many of the memory that is available.
    private static let memoryShare: UInt64 = 4

    /// The version of e2fsprogs that is installed.
    func version() async throws(VolumeError) -> String {
        let mkfs = try Tool("mkfs.ext4", in: toolDirectories)
        let result = try await mkfs.run(["-V"], logger: logger, level: .trace)
        guard result.succeeded, let version = FormatRecipe.version(banner: result.output) else {
            throw failure("mkfs.ext4", "-V does not tell its version: \(result.output)")
        }
        return version
    }

    /// - Parameter node: the device that it is for, as it is named in what is said.
    func image(of recipe: FormatRecipe, for node: String) async throws(VolumeError) -> FilesystemImage {
        let limit = availableMemory / Self.memoryShare
        let inMemory = try? ImageFile.inMemory(size: recipe.size, limit: limit)
        if let inMemory, let image = try await image(of: recipe, in: inMemory, for: node) { return image }
        logger.notice(
            "The file system is made on the root disk first: there is not enough memory",
            metadata: ["directory": "\(spillDirectory)", "memory.limit": "\(describe(bytes: limit))"]
        )
        let cause: String
        do throws(Errno) {
            let onDisk = try ImageFile.onDisk(size: recipe.size, directory: spillDirectory)
            if let image = try? await image(of: recipe, in: onDisk, for: node) { return image }
            cause = "it takes more than \(spillDirectory) has left"
        } catch {
            cause = "a file of \(describe(bytes: recipe.size)) in \(spillDirectory): \(error)"
        }
        throw .failed(
            HostError(
                "make the file system for",
                node,
                .text("it takes more than \(describe(bytes: limit)), a quarter of the available memory, and \(cause)"),
                exitStatus: .configuration,
                advice:
                    "Make room in \(spillDirectory), or take an instance with more memory; nothing was written to the device."
            )
        )
    }

    /// - Returns: nil if the file has no room for it.
    private func image(
        of recipe: FormatRecipe,
        in file: ImageFile,
        for node: String
    ) async throws(VolumeError) -> FilesystemImage? {
        let shown = (path: file.path, name: "(image of \(node))")
        let mkfs = try Tool("mkfs.ext4", in: toolDirectories)
        let result = try await mkfs.run(
            recipe.arguments + [file.path],
            environment: recipe.environment,
            showing: shown,
            logger: logger
        )
        if file.isFull { return nil }
        guard result.succeeded else { throw failure("mkfs.ext4", result.cause) }
        if let mode = recipe.mode {
            // mke2fs learnt it in 1.47.1 only.
            let debugfs = try Tool("debugfs", in: toolDirectories)
            let octal = "0" + String(UInt16(S_IFDIR) | mode, radix: 8)
            let result = try await debugfs.run(
                ["-w", "-R", "set_inode_field <2> mode \(octal)", file.path],
                environment: recipe.environment,
                showing: shown,
                logger: logger
            )
            guard result.succeeded else { throw failure("debugfs", result.cause) }
        }
        do throws(TransferError) {
            let image = try FilesystemImage(file, size: recipe.size)
            let head = AlignedBuffer(count: Ext4Superblock.length)
            try image.read(into: head.bytes, at: Ext4Superblock.offset)
            // mkfs.ext4 does not notice every write that fails.
            guard !file.isFull, let superblock = Ext4Superblock(bytes: Array(head.bytes)), superblock.hasValidChecksum,
                superblock.hasUUID(recipe.uuid), superblock.size.map({ $0 <= recipe.size }) == true
            else { throw .short(offset: Ext4Superblock.offset) }
            return image
        } catch {
            throw failure("read back", "\(error)")
        }
    }

    /// Bytes (proc_meminfo(5), MemAvailable); 0 if it does not tell.
    private var availableMemory: UInt64 {
        let lines = (attribute("\(roots.proc)/meminfo") ?? "").split(separator: "\n")
        let words = lines.first { $0.hasPrefix("MemAvailable:") }?.split(separator: " ") ?? []
        return words.count > 1 ? (UInt64(words[1]) ?? 0) * 1024 : 0
    }

    private func failure(_ operation: String, _ cause: String) -> VolumeError {
        .failed(
            HostError(
                operation,
                "in memory",
                .text(cause),
                exitStatus: .cannotCreate,
                advice: "Nothing was written to the device. See mkfs.ext4(8) if mkfs-options are the cause."
            )
        )
    }
}
