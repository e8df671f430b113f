import CLibmount
import Glibc

/// One mount(8) without the program (`struct libmnt_context`): used once.
package struct MountContext: ~Copyable {
    private let context: OpaquePointer

    /// - Parameters:
    ///   - type: always given, so that nothing is guessed.
    ///   - options: as in fstab(5).
    package init(source: String, target: String, type: String, options: String) throws(MountError) {
        guard let context = mnt_new_context() else { throw MountError(code: ENOMEM, text: "out of memory") }
        var result = mnt_context_set_source(context, source)
        if result == 0 { result = mnt_context_set_target(context, target) }
        if result == 0 { result = mnt_context_set_fstype(context, type) }
        if result == 0, !options.isEmpty { result = mnt_context_set_options(context, options) }
        // Nothing from fstab, no /sbin/mount.TYPE, no utab, and never read-only instead of read-write.
        if result == 0 { result = mnt_context_set_optsmode(context, Int32(MNT_OMODE_NOTAB)) }
        if result == 0 { result = mnt_context_disable_helpers(context, 1) }
        if result == 0 { result = mnt_context_disable_mtab(context, 1) }
        if result == 0 { result = mnt_context_enable_rwonly_mount(context, 1) }
        guard result == 0 else {
            mnt_free_context(context)
            throw MountError(code: result < 0 ? -result : result, text: "the mount cannot be set up")
        }
        self.context = context
    }

    /// Other options for what is mounted at a directory; `options` has `remount` among them.
    package init(remounting target: String, options: String) throws(MountError) {
        try self.init(source: "none", target: target, type: "none", options: options)
    }

    deinit { mnt_free_context(context) }

    /// `mnt_context_mount`; the truth is the context's status, not the return code.
    package consuming func mount() throws(MountError) {
        let result = mnt_context_mount(context)
        var buffer = [CChar](repeating: 0, count: 1024)
        let exitCode = mnt_context_get_excode(context, result, &buffer, buffer.count)
        guard result != 0 || exitCode != 0 || mnt_context_get_status(context) != 1 else { return }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // > 0 is mount(2)'s errno; < 0 is -errno, or -MNT_ERR_*, which begin at 5000.
        let code = result > 0 ? result : result < 0 && -result < 5000 ? -result : 0
        throw MountError(code: code, text: text.isEmpty ? "mount failed (\(result))" : text)
    }
}

/// A mount that did not happen.
package struct MountError: Error, Hashable, Sendable {
    /// errno, or 0 where the library gave none.
    package let code: Int32
    /// The library's own words.
    package let text: String
}

/// `umount2(target, 0)`: refuses while the mount is busy.
package func unmount(_ target: String) throws(MountError) {
    guard umount2(target, 0) != 0 else { return }
    let code = errno
    throw MountError(code: code, text: String(cString: strerror(code)))
}
