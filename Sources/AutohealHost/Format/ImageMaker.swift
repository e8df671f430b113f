import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import FoundationEssentials
import Glibc
import Logging
import SystemPackage

/// Has mkfs.ext4 make a file system in an unlinked file: in memory, or on the root disk where that is too large.
struct ImageMaker: Sendable {
    let toolDirectories: [String]
    let roots: MachineRoots
    let logger: Logger
    var display: ProgressDisplay?
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
        let onDisk: ImageFile
        do throws(Errno) {
            onDisk = try ImageFile.onDisk(size: recipe.size, directory: spillDirectory)
        } catch {
            throw noRoom(node, limit, "a file of \(describe(bytes: recipe.size)) in \(spillDirectory): \(error)")
        }
        if let image = try await image(of: recipe, in: onDisk, for: node) { return image }
        throw noRoom(node, limit, "it takes more than \(spillDirectory) has left")
    }

    private func noRoom(_ node: String, _ limit: UInt64, _ cause: String) -> VolumeError {
        .failed(
            HostError(
                "make the file system for",
                node,
                .text("not within \(describe(bytes: limit)), a quarter of the available memory, and \(cause)"),
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
        let path: String
        do throws(Errno) { path = try pathForChildren(of: file.descriptor) } catch {
            throw .failed(HostError("find its own descriptors below", "/proc", .errno(error), exitStatus: .osError))
        }
        let shown = (path: path, name: "(image of \(node))")
        let mkfs = try Tool("mkfs.ext4", in: toolDirectories)
        let result = try await mkfs.run(
            recipe.arguments + [path],
            environment: recipe.environment,
            showing: shown,
            logger: logger,
            progress: ProgressReport("Making the file system", name: "image", logger: logger, display: display)
        )
        if file.isFull { return nil }
        guard result.succeeded else { throw failure("mkfs.ext4", result.cause) }
        if let mode = recipe.mode {
            // mke2fs learnt it in 1.47.1 only.
            let debugfs = try Tool("debugfs", in: toolDirectories)
            let octal = "0" + String(UInt16(S_IFDIR) | mode, radix: 8)
            let result = try await debugfs.run(
                ["-w", "-R", "set_inode_field <2> mode \(octal)", path],
                environment: recipe.environment,
                showing: shown,
                logger: logger
            )
            guard result.succeeded else { throw failure("debugfs", result.cause) }
        }
        let defect: String?
        let image: FilesystemImage
        do throws(TransferError) {
            image = try FilesystemImage(file, size: recipe.size)
            defect = try self.defect(of: file, recipe)
        } catch {
            throw failure("read back", "the image: \(error)")
        }
        // mkfs.ext4 does not notice every write that fails.
        if file.isFull { return nil }
        if let defect { throw failure("read back", defect) }
        return image
    }

    /// Why what was made must not be written: libblkid and the superblock have to say that it is the ext4 that was asked
    /// for, and that the device can hold it; and it must come out the same when it is made again.
    private func defect(of file: ImageFile, _ recipe: FormatRecipe) throws(TransferError) -> String? {
        let reader: DeviceReader
        do throws(Errno) { reader = try DeviceReader(file.descriptor) } catch { throw .failed(error, offset: 0) }
        guard reader.size == recipe.size, try ContentReader(reader).holdsExt4(recipe.uuid),
            let superblock = try ContentReader(reader).extSuperblock(),
            superblock.blockSize >= recipe.geometry.logicalSector,
            superblock.size.map({ $0 <= recipe.size }) == true
        else { return "what mkfs.ext4 made with these options is not an ext4 that this device can hold" }
        // Where ext4 is not loaded yet, its features cannot be looked up.
        let missing = superblock.neededSupport.filter { !has($0) }.map(\.feature)
        guard missing.isEmpty || access("\(roots.sys)/fs/ext4/features", F_OK) != 0 else {
            return "this kernel does not mount an ext4 with \(missing.joined(separator: ", "))"
        }
        return superblock.hasMultipleMountProtection
            ? "mkfs.ext4 made a file system with mmp, by these options or by mke2fs.conf(5): it has a block that is never "
                + "made the same twice, so that a format that is cut short could not be finished"
            : nil
    }

    private func has(_ support: KernelSupport) -> Bool {
        switch support.path {
        case .sys(let path): access("\(roots.sys)/\(path)", F_OK) == 0
        case .proc(let path): access("\(roots.proc)/\(path)", F_OK) == 0
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
