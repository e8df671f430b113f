package import AutohealCore
import Glibc
import SystemPackage

/// Replaces a file in one step, with its mode, its owner and its name as they were: a reader, and an instance that dies, has
/// the old text or the new one.
package func replaceFile(_ path: String, with text: String) throws(HostError) {
    let failure = { (cause: Errno) in
        HostError("write", path, .errno(cause), exitStatus: cause.isPermission ? .noPermission : .cannotCreate)
    }
    // A link stays one.
    guard let path = canonicalPath(path) else { throw failure(Errno(rawValue: errno)) }
    var information = stat()
    guard stat(path, &information) == 0 else { throw failure(Errno(rawValue: errno)) }
    let temporary = "\(path).\(getpid())"
    do {
        let descriptor = try FileDescriptor.open(
            temporary,
            .writeOnly,
            options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: FilePermissions(rawValue: 0o600)
        )
        try descriptor.closeAfter {
            _ = try descriptor.writeAll(Array(text.utf8))
            guard fchown(descriptor.rawValue, information.st_uid, information.st_gid) == 0,
                fchmod(descriptor.rawValue, information.st_mode & 0o7777) == 0, fsync(descriptor.rawValue) == 0
            else { throw Errno(rawValue: errno) }
        }
        guard rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
    } catch {
        unlink(temporary)
        throw failure(error as? Errno ?? .ioError)
    }
}
