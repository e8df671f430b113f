import Glibc

/// What changes when a run begins or ends, seen without asking anybody.
package struct RuntimeNews: Hashable, Sendable {
    private let seconds: Int
    private let nanoseconds: Int
    private let invocation: String?

    package init(_ directory: RuntimeDirectory) {
        var information = stat()
        let isThere = stat(directory.path, &information) == 0
        seconds = isThere ? information.st_mtim.tv_sec : 0
        nanoseconds = isThere ? information.st_mtim.tv_nsec : 0
        var target = [CChar](repeating: 0, count: 64)
        let count = readlink("/run/systemd/units/invocation:\(AgentUnit.name)", &target, target.count)
        invocation =
            count < 0 ? nil : String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
