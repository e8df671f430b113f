import CLibmount
import Glibc
package import SystemPackage

/// The mount options that the kernel and a file system are given: without those that only mount(8), systemd and other
/// programs read, such as `nofail`, `noauto`, `user`, `comment=` and `x-...` (`mnt_split_optstr`); the kernel's own first.
package func passedOptions(_ options: String) throws(Errno) -> String {
    var ofKernel: UnsafeMutablePointer<CChar>?
    var ofFilesystem: UnsafeMutablePointer<CChar>?
    let result = mnt_split_optstr(options, nil, &ofKernel, &ofFilesystem, 0, 0)
    defer {
        free(ofKernel)
        free(ofFilesystem)
    }
    guard result == 0 else { throw Errno(rawValue: -result) }
    return [ofKernel, ofFilesystem].compactMap { $0.map { String(cString: $0) } }.filter { !$0.isEmpty }
        .joined(separator: ",")
}
