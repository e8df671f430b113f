import Glibc
import SystemPackage

/// A path by which a child opens what this process has open: it cannot be swapped, whatever the file is called now.
///
/// The process is called what the mounted proc(5) calls it, which in another PID namespace is not getpid(2): there that
/// number is somebody else, and so would be the file.
///
/// - Throws: where there is no /proc, or where it leads to another file.
func pathForChildren(of descriptor: FileDescriptor) throws(Errno) -> String {
    var name = [CChar](repeating: 0, count: 32)
    let count = readlink("/proc/self", &name, name.count)
    guard count > 0 else { throw Errno(rawValue: errno) }
    let process = String(decoding: name[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = "/proc/\(process)/fd/\(descriptor.rawValue)"
    var here = stat()
    var there = stat()
    guard fstat(descriptor.rawValue, &here) == 0, stat(path, &there) == 0 else { throw Errno(rawValue: errno) }
    guard here.st_dev == there.st_dev, here.st_ino == there.st_ino, here.st_rdev == there.st_rdev else {
        throw .noSuchFileOrDirectory
    }
    return path
}
