/// How the program ends, in the numbers of sysexits.h: systemd shows their names.
package enum ExitStatus: Int32, Sendable, Codable {
    case ok = 0
    /// EX_USAGE: wrong flags.
    case usage = 64
    /// EX_DATAERR: the device holds something that this agent must not touch.
    case dataError = 65
    /// EX_NOINPUT: the device did not appear before the deadline.
    case noInput = 66
    /// EX_UNAVAILABLE: the device or the mount point is in use.
    case unavailable = 69
    /// EX_SOFTWARE: a defect of this program.
    case software = 70
    /// EX_OSERR: the kernel refused to mount, or read-only where read-write is wanted.
    case osError = 71
    /// EX_CANTCREAT: mkfs failed, or a directory could not be made.
    case cannotCreate = 73
    /// EX_IOERR: the device could not be read or written.
    case ioError = 74
    /// EX_TEMPFAIL: a lock was not obtained, or a signal asked to stop.
    case temporaryFailure = 75
    /// EX_NOPERM: not root.
    case noPermission = 77
    /// EX_CONFIG: the configuration does not fit the volume.
    case configuration = 78

    /// Whether another try may mend it; the unit begins another one then (RestartPreventExitStatus= of its file).
    package var mayPass: Bool {
        switch self {
        case .noInput, .cannotCreate, .ioError, .temporaryFailure: true
        case .ok, .usage, .dataError, .unavailable, .software, .osError, .noPermission, .configuration: false
        }
    }

    /// That of a run for several volumes: of the first one that another try may mend, else of the first one that failed.
    package static func ofAll(_ statuses: [ExitStatus]) -> ExitStatus {
        statuses.first(where: \.mayPass) ?? statuses.first { $0 != .ok } ?? .ok
    }

    /// The name in sysexits.h.
    package var name: String {
        switch self {
        case .ok: "OK"
        case .usage: "USAGE"
        case .dataError: "DATAERR"
        case .noInput: "NOINPUT"
        case .unavailable: "UNAVAILABLE"
        case .software: "SOFTWARE"
        case .osError: "OSERR"
        case .cannotCreate: "CANTCREAT"
        case .ioError: "IOERR"
        case .temporaryFailure: "TEMPFAIL"
        case .noPermission: "NOPERM"
        case .configuration: "CONFIG"
        }
    }
}
