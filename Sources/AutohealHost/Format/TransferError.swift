import AutohealState
package import SystemPackage

/// A read or a write that did not go through; offsets in bytes.
package enum TransferError: Error, Hashable, Sendable, CustomStringConvertible {
    case failed(Errno, offset: UInt64)
    case short(offset: UInt64)

    package var description: String {
        switch self {
        case .failed(let errno, let offset): "\(errno) at offset \(offset)"
        case .short(let offset): "the device ends at offset \(offset), before its own size"
        }
    }

    var content: DeviceContent {
        switch self {
        case .failed(let errno, let offset): .unreadable(errno, offset: offset)
        case .short(let offset): .shortRead(offset: offset)
        }
    }
}
