import AutohealPlan
package import AutohealRun
import Glibc
import SystemPackage

/// Where the new text of a file is while it is written; the next one overwrites what an instance that died in between left.
package func replacementPath(of path: String) -> String { "\(path).adopt" }

/// Replaces a file in one step, with its mode, its owner and its name as they were: a reader, and an instance that dies, has
/// the old text or the new one.
///
/// - Parameter old: what was read; a file that somebody else has replaced since is left alone.
package func replaceFile(_ path: String, holding old: String, with text: String) throws(HostError) {
    let failure = { (cause: Errno) in
        HostError("write", path, .errno(cause), exitStatus: cause.isPermission ? .noPermission : .cannotCreate)
    }
    // A link stays one.
    guard let path = canonicalPath(path) else { throw failure(Errno(rawValue: errno)) }
    let temporary = replacementPath(of: path)
    let isSame: Bool
    do {
        let directory = try FileDescriptor.open(
            "/" + path.split(separator: "/").dropLast().joined(separator: "/"),
            .readOnly,
            options: [.directory, .closeOnExec]
        )
        // One at a time.
        isSame = try directory.closeAfter {
            guard flock(directory.rawValue, LOCK_EX) == 0 else { throw Errno(rawValue: errno) }
            do {
                try write(text, to: temporary, as: path)
                guard try has(path, text: old) else {
                    unlink(temporary)
                    return false
                }
                guard rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
                return true
            } catch {
                unlink(temporary)
                throw error
            }
        }
    } catch {
        throw failure(error as? Errno ?? .ioError)
    }
    guard isSame else {
        let advice = "Nothing was changed: try again."
        let cause = HostError.Cause.text("somebody else has replaced it meanwhile.")
        throw HostError("write", path, cause, exitStatus: .temporaryFailure, advice: advice)
    }
}

/// Writes a file with the mode and the owner of another, and flushes it.
private func write(_ text: String, to path: String, as model: String) throws {
    var information = stat()
    guard stat(model, &information) == 0 else { throw Errno(rawValue: errno) }
    let descriptor = try FileDescriptor.open(
        path,
        .writeOnly,
        options: [.create, .truncate, .noFollow, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o600)
    )
    try descriptor.closeAfter {
        _ = try descriptor.writeAll(Array(text.utf8))
        guard fchown(descriptor.rawValue, information.st_uid, information.st_gid) == 0,
            fchmod(descriptor.rawValue, information.st_mode & 0o7777) == 0, fsync(descriptor.rawValue) == 0
        else { throw Errno(rawValue: errno) }
    }
}

private func has(_ path: String, text: String) throws -> Bool {
    let descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    return try descriptor.closeAfter {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= text.utf8.count {
            let count = try part.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return bytes.elementsEqual(text.utf8)
    }
}
